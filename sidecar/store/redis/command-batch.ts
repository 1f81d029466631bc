/** Commands in the form in which Redis reads them (RESP2), gathered to be written together. */

/** What a command is made of. Strings go as UTF-8. */
export type Argument = string | Uint8Array;

/** From so many bytes on, an argument is written from where it is; copying a smaller one costs less than a write more. */
const MIN_UNCOPIED_BYTES = 16 * 1024;

export class CommandBatch {
  /** In the order in which they are written; text has one character a byte. */
  #parts: Argument[] = [];
  /** What follows the last part. */
  #text = '';
  #count = 0;

  /** Commands in it. */
  get count(): number {
    return this.#count;
  }

  /** Adds a command. Buffers are read when the batch is taken, or later. */
  add(name: string, args: readonly Argument[]): void {
    this.#count++;
    this.#text += `*${args.length + 1}\r\n`;
    this.#addString(name);
    for (const arg of args) {
      if (typeof arg === 'string') this.#addString(arg);
      else this.#addBytes(arg);
    }
  }

  /** Adds a command that somebody else has encoded. */
  addEncoded(command: Argument): void {
    this.#count++;
    this.#append(typeof command === 'string' ? Buffer.from(command) : command);
  }

  /** Gives all commands away: what has to be written, in order. */
  take(): Buffer[] {
    if (this.#text !== '') this.#parts.push(this.#text);
    const parts = this.#parts;
    this.#parts = [];
    this.#text = '';
    this.#count = 0;
    const pieces: Buffer[] = [];
    for (let start = 0; start < parts.length; ) {
      let end = start;
      let length = 0;
      while (end < parts.length && parts[end]!.length < MIN_UNCOPIED_BYTES) length += parts[end++]!.length;
      if (end > start) pieces.push(joined(parts, start, end, length));
      if (end < parts.length) pieces.push(wholePiece(parts[end++]!));
      start = end;
    }
    return pieces;
  }

  #addString(text: string): void {
    const length = Buffer.byteLength(text);
    if (length === text.length) this.#text += `$${length}\r\n${text}\r\n`;
    else this.#addBytes(Buffer.from(text));
  }

  #addBytes(bytes: Uint8Array): void {
    this.#text += `$${bytes.length}\r\n`;
    this.#append(bytes);
    this.#text = '\r\n';
  }

  #append(bytes: Uint8Array): void {
    if (this.#text !== '') this.#parts.push(this.#text);
    this.#parts.push(bytes);
    this.#text = '';
  }
}

function joined(parts: readonly Argument[], start: number, end: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let offset = 0;
  for (let i = start; i < end; i++) {
    const part = parts[i]!;
    if (typeof part === 'string') bytes.write(part, offset, 'latin1');
    else bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

function wholePiece(part: Argument): Buffer {
  if (typeof part === 'string') return Buffer.from(part, 'latin1');
  return Buffer.from(part.buffer, part.byteOffset, part.length);
}

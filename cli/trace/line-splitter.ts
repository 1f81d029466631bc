/** Cuts a stream of bytes into lines. */

const LINE_FEED = 0x0a;

/** Gives each line once, as latin1 without its line end (CRLF). Of a longer line, only the beginning is kept. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  /** The beginning of the line that is not complete. */
  #parts: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  /** Takes the next bytes of the stream. */
  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      const line = this.#length === 0 ? this.#text(chunk, from, end) : this.#withBeginning(chunk, from, end);
      from = end + 1;
      this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    this.#keep(chunk.subarray(from));
  }

  #text(bytes: Buffer, from: number, end: number): string {
    return bytes.toString('latin1', from, Math.min(end, from + this.#maxBytes));
  }

  #withBeginning(chunk: Buffer, from: number, end: number): string {
    this.#keep(chunk.subarray(from, end));
    const line = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    return this.#text(line, 0, line.length);
  }

  #keep(bytes: Buffer): void {
    const part = bytes.subarray(0, this.#maxBytes - this.#length);
    if (part.length === 0) return;
    this.#parts.push(part);
    this.#length += part.length;
  }
}

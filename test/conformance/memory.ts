/** What a case remembers while it is played, and the filling in of texts with it (see case.ts). */

const ID = /\b(\d{10}):([-\d,[\]]+)/;
const LAST_MODIFIED = /^Last-Modified: (.+?)\r?$/im;
const ETAG = /^Etag: (.+?)\r?$/im;
const PLACEHOLDER = /\{(c|[a-z]+\d*)(?:\.(time|tag|date|encoded))?([+-]\d+)?\}/g;

interface MessageId {
  readonly time: number;
  readonly tags: string;
}

/** The message id in an answer: written out, or as Last-Modified and Etag. */
function findId(text: string): MessageId | undefined {
  const written = ID.exec(text);
  if (written) return { time: Number(written[1]), tags: written[2] as string };
  const date = LAST_MODIFIED.exec(text)?.[1];
  const tags = ETAG.exec(text)?.[1];
  if (date === undefined || tags === undefined) return undefined;
  return { time: Date.parse(date) / 1000, tags };
}

const PARTS: Readonly<Record<string, (id: MessageId, shift: number) => string>> = {
  time: (id, shift) => String(id.time + shift),
  tag: (id, shift) => (shift === 0 ? id.tags : String(Number(id.tags) + shift)),
  date: (id, shift) => new Date((id.time + shift) * 1000).toUTCString(),
  encoded: (id) => encodeURIComponent(`${id.time}:${id.tags}`),
  whole: (id) => `${id.time}:${id.tags}`,
};

export class Memory {
  readonly #channel: string;
  readonly #ids = new Map<string, MessageId>();

  constructor(channel: string) {
    this.#channel = channel;
  }

  /** Remembers the message id in `text` under a name. @throws Error when there is none */
  remember(name: string, text: string): void {
    const id = findId(text);
    if (!id) throw new Error(`no message id to remember as ${name} in ${JSON.stringify(text)}`);
    this.#ids.set(name, id);
  }

  /** The text with its placeholders filled in. @throws Error for an id that was not remembered */
  fill(text: string): string {
    return text.replace(PLACEHOLDER, (_, name: string, part = 'whole', shift = '0') => {
      if (name === 'c') return this.#channel;
      const id = this.#ids.get(name);
      if (!id) throw new Error(`nothing was remembered as ${name}`);
      return (PARTS[part] as (id: MessageId, shift: number) => string)(id, Number(shift));
    });
  }
}

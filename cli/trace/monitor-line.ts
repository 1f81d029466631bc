/** Reads the lines that Redis's MONITOR sends. */

/** A command as MONITOR shows it. */
export interface MonitorEntry {
  /** Unix time in microseconds. */
  readonly timeUs: number;
  readonly db: number;
  /** Whose command it is, `127.0.0.1:4242` or `unix:/run/redis.sock`; undefined when a script ran it. */
  readonly client: string | undefined;
  /** The command and its arguments, as byte strings: each character is one byte. */
  readonly words: readonly string[];
}

/** `1795266149.495111 [0 127.0.0.1:40094] `; scripts have `lua` for an address. */
const HEAD = /^(\d+)\.(\d{6}) \[(\d+) (.*?)\] (?=")/;

const ESCAPE = /\\(x[0-9a-f]{2}|[nrtab"\\])/g;

const ESCAPED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  '"': '"',
  '\\': '\\',
};

function unescapeWord(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(ESCAPE, (_, code: string) =>
    code.startsWith('x')
      ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
      : (ESCAPED[code] as string),
  );
}

/**
 * The place of the quote that ends a word. It stands before a blank or at the end of the line, which also reads what
 * Valkey 8.1.0 and 8.1.1 send: they leave quotes and backslashes as they are.
 */
function endOfWord(line: string, from: number): number {
  for (let i = from; i < line.length; i++) {
    const char = line[i];
    if (char === '\\') i++;
    else if (char === '"' && (i + 1 === line.length || line.startsWith(' "', i + 1))) return i;
  }
  // After a backslash that was left as it is, the last quote looks like one of the word's own.
  return line.endsWith('"') ? Math.max(from, line.length - 1) : line.length;
}

/**
 * Reads a line of MONITOR.
 * @param line - as latin1, without the protocol's `+` and line end. Where its end is missing, so is the last word's.
 * @returns undefined when it is none
 */
export function parseMonitorLine(line: string): MonitorEntry | undefined {
  const head = HEAD.exec(line);
  if (!head) return undefined;
  const [whole, seconds, micros, db, source] = head as unknown as [string, string, string, string, string];
  const words: string[] = [];
  for (let at = whole.length; line[at] === '"'; ) {
    const end = endOfWord(line, at + 1);
    words.push(unescapeWord(line.slice(at + 1, end)));
    at = end + 2;
  }
  return {
    timeUs: Number(seconds) * 1_000_000 + Number(micros),
    db: Number(db),
    client: source === 'lua' ? undefined : source,
    words,
  };
}

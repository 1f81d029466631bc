/** Shows bytes that anybody may have chosen, so that they cannot drive a terminal or look like something else. */

/** Longer values are cut, in bytes, unless all is asked for. */
export const MAX_VALUE_BYTES = 80;

/** What C calls by a letter, as Redis does. */
const LETTERS: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
  '"': '\\"',
  '\\': '\\\\',
};

/** Control characters, characters that change the direction of writing, and others that leave no mark. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Needs no quotes: no blank, quote, backslash or `=`. */
const BARE = /^[!#-&(-<>-[\]-~]+$/;

const ASCII = /^[ -~]*$/;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

function escapeChar(char: string): string {
  const letter = LETTERS[char];
  if (letter !== undefined) return letter;
  return INVISIBLE.test(char) ? hex(Buffer.from(char)) : char;
}

/** Bytes as readable text: UTF-8 stays, the rest is escaped as in Redis's own output (`\n`, `\x19`). */
export function escapeBytes(bytes: string): string {
  if (BARE.test(bytes)) return bytes;
  if (ASCII.test(bytes)) return escapeEach(bytes);
  let text: string;
  try {
    text = utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return escapeEach(bytes);
  }
  return Array.from(text, escapeChar).join('');
}

/** Escapes every byte by itself. */
function escapeEach(bytes: string): string {
  return bytes.replace(/[^ -~]|["\\]/g, (char) => LETTERS[char] ?? hex([char.charCodeAt(0)]));
}

/** The beginning of a byte string. A character of UTF-8 that the cut would split goes too. */
function beginning(bytes: string, length: number): string {
  let end = length;
  while (end > length - 4 && isContinuation(bytes.charCodeAt(end))) end--;
  return bytes.slice(0, isContinuation(bytes.charCodeAt(end)) ? length : end);
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Bytes in quotes; with `full` false, cut after MAX_VALUE_BYTES: `"the beginni…"(6000 bytes)`. */
export function quoteBytes(bytes: string, full: boolean): string {
  if (full || bytes.length <= MAX_VALUE_BYTES) return `"${escapeBytes(bytes)}"`;
  return `"${escapeBytes(beginning(bytes, MAX_VALUE_BYTES))}…"(${bytes.length} bytes)`;
}

/** Bytes as a word of a command line: in quotes where it is needed. */
export function bytesAsWord(bytes: string, full: boolean): string {
  const whole = full || bytes.length <= MAX_VALUE_BYTES;
  return whole && BARE.test(bytes) ? bytes : quoteBytes(bytes, full);
}

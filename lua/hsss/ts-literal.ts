/** Bytes and texts as TypeScript. */
import { LINE_END } from './lexer.ts';

/** What a reader can see as it is; everything else is escaped, above all what could make lines look other than they are. */
const INVISIBLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;
const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  const hex = code.toString(16);
  return ESCAPES[character] ?? (code <= 0xff ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`);
}

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`) + quote;
}

/** A text in quotes. @param text - well-formed: no half of a surrogate pair */
export function literal(text: string): string {
  return quoted(text).replace(INVISIBLE, escaped);
}

/** The key of a property; `__proto__` would otherwise be no property but the prototype. */
export function propertyKey(name: string): string {
  if (name === '__proto__') return `['__proto__']`;
  return IDENTIFIER.test(name) ? name : literal(name);
}

/** A text for a comment: it can neither end the comment nor hide in it. */
export function commentText(text: string): string {
  return text.replaceAll('*/', '*\\/').replace(INVISIBLE, escaped).trimEnd();
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

/** Bytes as texts that, joined and encoded, are those bytes again. */
export interface EncodedLines {
  readonly encoding: 'utf8' | 'latin1';
  /** A literal for each line. */
  readonly literals: readonly string[];
}

/** Latin-1 keeps any byte; UTF-8 is easier to read. */
export function encodedLines(bytes: Buffer): EncodedLines {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
  const text = bytes.toString(encoding);
  const ends = [...text.matchAll(LINE_END)].map(({ 0: end, index }) => index + end.length);
  const starts = [0, ...ends].filter((start) => start < text.length);
  const lines = starts.map((start, i) => text.slice(start, starts[i + 1]));
  // Of Latin-1's letters it cannot be told whether they are meant as such.
  const readable = encoding === 'utf8' ? literal : latin1Literal;
  return { encoding, literals: lines.map(readable) };
}

function latin1Literal(text: string): string {
  return quoted(text).replace(/[^ -~]/g, escaped);
}

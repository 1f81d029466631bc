/**
 * The words of a Lua 5.1 source, by the rules of Lua's own reader (the manual's section 2.1, and where it is silent,
 * what `luac5.1` does). The text is bytes: one character for each, as Latin-1 decodes them.
 */

export type TokenKind = 'name' | 'keyword' | 'number' | 'string' | 'symbol';

/** A piece of the text. */
export interface Span {
  /** Offset of its first character. */
  readonly start: number;
  /** Offset after its last character. */
  readonly end: number;
  /** Line of its first character, from 1. */
  readonly line: number;
}

export interface Token extends Span {
  readonly kind: TokenKind;
  /** As it stands in the source. */
  readonly text: string;
  /** Line of its last character: another one for strings over several lines. */
  readonly lastLine: number;
}

export interface Comment extends Span {
  /** As it stands in the source, with its dashes. */
  readonly text: string;
  /** True for `--[[ … ]]`. */
  readonly long: boolean;
}

/** Something wrong at a place of the text. */
export interface PlacedProblem {
  readonly offset: number;
  readonly message: string;
}

export interface Lexed {
  readonly tokens: readonly Token[];
  readonly comments: readonly Comment[];
  /** In reading order. Reading goes on after a problem, so that what follows can still be looked at. */
  readonly problems: readonly PlacedProblem[];
}

const KEYWORDS = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);

/** What Lua takes as one end of a line. */
export const LINE_END = /\r\n|\n\r|\n|\r/g;

/** A number is everything up to here; then it must be one of VALID_NUMBER. So `3and` is one word, and none of Lua's. */
const NUMBER = /\.?\d[\d.]*(?:[Ee][+-]?)?\w*/y;
export const VALID_NUMBER = /^(?:(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?|0[Xx][\dA-Fa-f]+(?:[Pp]\d+)?)$/;

const QUOTED = {
  '"': /"(?:[^"\\\r\n]+|\\(?:\r\n|\n\r|[\s\S]))*("?)/y,
  "'": /'(?:[^'\\\r\n]+|\\(?:\r\n|\n\r|[\s\S]))*('?)/y,
};
const BLANKS = /[ \t\v\f\r\n]+/y;
const LONG_BRACKET = /\[(=*)\[/y;
const BROKEN_LONG_BRACKET = /\[=+/y;
const REST_OF_LINE = /[^\r\n]*/y;
/** Lua skips a first line up to a line feed; a carriage return does not end it. */
const FIRST_LINE = /[^\n]*/y;
const NAME = /[A-Za-z_]\w*/y;
const SYMBOL = /\.\.\.|\.\.|==|~=|<=|>=|[-+*/%^#(){}[\];:,.<>=]/y;
const DECIMAL_ESCAPE = /\\(?:(\d{1,3})|[\s\S])/g;
/** Largest value of a byte, and so of `\ddd` in a string. */
const MAX_BYTE = 255;
/** Of a wrong word, no more than this is shown, in characters. */
const SHOWN_LENGTH = 40;

/** How a message shows a piece of the source: printable, short. */
export function shown(text: string): string {
  const cut = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
  return `'${cut.replace(/[^ -~…]/g, (byte) => `\\${byte.charCodeAt(0)}`)}'`;
}

function countLineEnds(text: string): number {
  return text.match(LINE_END)?.length ?? 0;
}

/** The line on which a character of a text stands, from 1. */
export function lineAt(text: string, offset: number): number {
  return 1 + countLineEnds(text.slice(0, offset));
}

/**
 * Reads a source to its end. A first line that begins with `#` is skipped, as Lua does with a script's `#!`.
 * @param text - bytes as Latin-1
 */
export function lex(text: string): Lexed {
  return new Lexer(text).run();
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  readonly #comments: Comment[] = [];
  readonly #problems: PlacedProblem[] = [];
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  run(): Lexed {
    if (this.#text.startsWith('#')) this.#take(FIRST_LINE);
    while (this.#at < this.#text.length) this.#next();
    return { tokens: this.#tokens, comments: this.#comments, problems: this.#problems };
  }

  /** Matches at the current place and moves behind it, counting lines. */
  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#advance(match[0].length);
    return match;
  }

  #advance(length: number): void {
    const end = this.#at + length;
    this.#line += countLineEnds(this.#text.slice(this.#at, end));
    this.#at = end;
  }

  #problem(offset: number, message: string): void {
    this.#problems.push({ offset, message });
  }

  #push(kind: TokenKind, start: number, line: number): void {
    const text = this.#text.slice(start, this.#at);
    this.#tokens.push({ kind, text, start, end: this.#at, line, lastLine: this.#line });
  }

  #next(): void {
    const quote = this.#text[this.#at];
    if (this.#take(BLANKS)) return;
    if (this.#text.startsWith('--', this.#at)) this.#comment();
    else if (quote === '"' || quote === "'") this.#quoted(QUOTED[quote]);
    else this.#word();
  }

  #word(): void {
    const start = this.#at;
    const line = this.#line;
    const bracket = this.#take(LONG_BRACKET);
    if (bracket) this.#toEndOfLongBracket(bracket[1] as string, start, 'string');
    const number = bracket ? null : this.#take(NUMBER);
    if (number && !VALID_NUMBER.test(number[0])) {
      this.#problem(start, `malformed number near ${shown(number[0])}`);
    }
    if (bracket) this.#push('string', start, line);
    else if (number) this.#push('number', start, line);
    else if (this.#take(BROKEN_LONG_BRACKET)) this.#problem(start, 'invalid long string delimiter');
    else if (this.#take(NAME)) this.#push(this.#kindOfName(start), start, line);
    else if (this.#take(SYMBOL)) this.#push('symbol', start, line);
    else {
      this.#problem(start, `unexpected symbol near ${shown(this.#text[start] as string)}`);
      this.#advance(1);
    }
  }

  #kindOfName(start: number): TokenKind {
    return KEYWORDS.has(this.#text.slice(start, this.#at)) ? 'keyword' : 'name';
  }

  #comment(): void {
    const start = this.#at;
    const line = this.#line;
    this.#advance('--'.length);
    const bracket = this.#take(LONG_BRACKET);
    if (bracket) this.#toEndOfLongBracket(bracket[1] as string, start, 'comment');
    else this.#take(REST_OF_LINE);
    const text = this.#text.slice(start, this.#at);
    this.#comments.push({ text, start, end: this.#at, line, long: bracket !== null });
  }

  #toEndOfLongBracket(level: string, start: number, what: 'string' | 'comment'): void {
    const closing = `]${level}]`;
    const found = this.#text.indexOf(closing, this.#at);
    const end = found < 0 ? this.#text.length : found;
    const content = this.#text.slice(this.#at, end);
    // Lua 5.0 let [[ … ]] nest. 5.1 does not and refuses what 5.0 would have read in another way.
    const nested = level === '' ? content.indexOf('[[') : -1;
    if (nested >= 0) {
      this.#problem(this.#at + nested, 'nesting of [[...]] is deprecated');
    } else if (found < 0) {
      this.#problem(start, `unfinished long ${what}, it begins here`);
    }
    this.#advance(end - this.#at + (found < 0 ? 0 : closing.length));
  }

  #quoted(pattern: RegExp): void {
    const start = this.#at;
    const line = this.#line;
    const match = this.#take(pattern) as RegExpExecArray;
    if (match[1] === '') this.#problem(start, `unfinished string near ${shown(match[0])}`);
    for (const { 0: sequence, 1: digits, index } of match[0].matchAll(DECIMAL_ESCAPE)) {
      if (Number(digits) > MAX_BYTE)
        this.#problem(start + index, `escape sequence too large near ${shown(sequence)}`);
    }
    this.#push('string', start, line);
  }
}

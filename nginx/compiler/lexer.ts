/**
 * nginx's own rules for cutting a configuration into tokens, as observed by giving nginx 1.22 odd files: quotes open
 * only at the start of a token, a backslash takes the next character with it anywhere, `#` comments start only where a
 * token could, `${` does not open a block, and `}` inside a token is a letter like any other.
 */

/** One word of a directive. */
export interface Token {
  /** What nginx takes it to be: without quotes, escapes resolved. */
  readonly text: string;
  /** As it is written, with quotes. */
  readonly raw: string;
  /** Offsets of `raw` in the file. */
  readonly start: number;
  readonly end: number;
}

/** What nginx reads in one go: the words up to `;`, `{` or a lone `}`; `eof` has no words. */
export interface Statement {
  readonly tokens: readonly Token[];
  readonly terminator: ';' | '{' | '}' | 'eof';
  /** Offset of the first word (of the terminator when there is none) and offset just past the terminator. */
  readonly start: number;
  readonly end: number;
  /** Line of the first word, and of the terminator: nginx reports the latter. */
  readonly line: number;
  readonly endLine: number;
}

/** A fault in the syntax, worded as nginx words it. */
export class SyntaxFault extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** nginx reads through a buffer of this many bytes, and no token or comment may fill it. */
const MAX_TOKEN_BYTES = 4095;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  t: '\t',
  r: '\r',
  n: '\n',
};

/** Resolves the escapes that nginx knows; a backslash before anything else stays. */
function resolveEscapes(raw: string): string {
  return raw.replace(/\\(["'\\trn])/g, (_, char: string) => ESCAPES[char] as string);
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}

/** Reads statements one after the other. */
export class Lexer {
  readonly text: string;
  position = 0;
  line = 1;

  constructor(text: string) {
    this.text = text;
  }

  /**
   * Reads the next statement.
   * @throws SyntaxFault
   */
  next(): Statement {
    const tokens: Token[] = [];
    let start = -1;
    let line = 0;
    let mustSeparate = false;
    for (;;) {
      const char = this.text[this.position];
      if (char === undefined) {
        if (tokens.length > 0) throw this.#unexpectedEnd();
        return {
          tokens,
          terminator: 'eof',
          start: this.position,
          end: this.position,
          line: this.line,
          endLine: this.line,
        };
      }
      if (isBlank(char)) {
        mustSeparate = false;
        this.#advance(char);
        continue;
      }
      if (char === ';' || char === '{' || (char === '}' && !mustSeparate)) {
        if ((char === '}') === tokens.length > 0) throw new SyntaxFault(this.line, `unexpected "${char}"`);
        if (start < 0) {
          start = this.position;
          line = this.line;
        }
        this.position++;
        return { tokens, terminator: char, start, end: this.position, line, endLine: this.line };
      }
      // After a closing quote nginx wants a separator, or the `)` of an `if`.
      if (mustSeparate && char !== ')') throw new SyntaxFault(this.line, `unexpected "${char}"`);
      if (char === '#' && !mustSeparate) {
        this.#skipComment();
        continue;
      }
      mustSeparate = false;
      if (start < 0) {
        start = this.position;
        line = this.line;
      }
      const token = this.#token();
      tokens.push(token);
      mustSeparate = isQuoted(token);
    }
  }

  /** Reads a token that starts at the current position, where no blank is. */
  #token(): Token {
    const start = this.position;
    const line = this.line;
    const first = this.text[start] as string;
    const quote = first === '"' || first === "'" ? first : undefined;
    if (quote) this.position++;
    let variable = false;
    for (;;) {
      const char = this.text[this.position];
      if (char === undefined) {
        this.#checkLength(quote ? start + 1 : start, line, quote);
        throw this.#unexpectedEnd();
      }
      // `${` belongs to the token, and so does any brace right behind it.
      if (char === '{' && variable) {
        this.position++;
        continue;
      }
      variable = char === '$';
      if (char === '\\') {
        this.#advance(char);
        const escaped = this.text[this.position];
        if (escaped !== undefined) this.#advance(escaped);
        continue;
      }
      if (quote ? char === quote : isBlank(char) || char === ';' || char === '{') break;
      this.#advance(char);
    }
    const innerStart = quote ? start + 1 : start;
    const inner = this.text.slice(innerStart, this.position);
    this.#checkLength(innerStart, line, quote);
    if (quote) this.position++;
    this.#checkLength(innerStart, line, undefined);
    return {
      text: resolveEscapes(inner),
      raw: this.text.slice(start, this.position),
      start,
      end: this.position,
    };
  }

  #skipComment(): void {
    const { position: start, line } = this;
    const end = this.text.indexOf('\n', start);
    this.position = end < 0 ? this.text.length : end;
    this.#checkLength(start, line, undefined);
  }

  /** @throws SyntaxFault when the text from `start` to the current position fills nginx's buffer */
  #checkLength(start: number, line: number, openQuote: string | undefined): void {
    // A character has at most three bytes a code unit, so short texts need no counting.
    if ((this.position - start) * 3 <= MAX_TOKEN_BYTES) return;
    const text = this.text.slice(start, this.position);
    if (Buffer.byteLength(text) <= MAX_TOKEN_BYTES) return;
    throw new SyntaxFault(
      line,
      openQuote
        ? `too long parameter, probably missing terminating "${openQuote}" character`
        : `too long parameter "${text.slice(0, 10)}..." started`,
    );
  }

  #advance(char: string): void {
    if (char === '\n') this.line++;
    this.position++;
  }

  #unexpectedEnd(): SyntaxFault {
    return new SyntaxFault(this.line, 'unexpected end of file, expecting ";" or "}"');
  }
}

function isQuoted(token: Token): boolean {
  return token.raw.startsWith('"') || token.raw.startsWith("'");
}

/**
 * Is it Lua 5.1? The lexer knows the words, luaparse the grammar; what Lua's compiler refuses beyond both is in
 * ambiguity.ts, levels.ts and scope.ts. The measure is `luac5.1 -p`. Its limit on registers ("function or expression
 * too complex", from 248 arguments in one call on) is the only one left to Redis.
 */
import { ambiguousCalls } from './ambiguity.ts';
import type { Chunk } from './ast.ts';
import { parseTokens } from './grammar.ts';
import { levelProblems, TOO_DEEP } from './levels.ts';
import { type Lexed, lex, lineAt, type PlacedProblem } from './lexer.ts';
import { resolve, type Scopes } from './scope.ts';

export interface SyntaxProblem {
  /** Line of the text, from 1. */
  readonly line: number;
  readonly message: string;
}

/** A source that is Lua 5.1. */
export interface Parsed {
  readonly lexed: Lexed;
  readonly chunk: Chunk;
  readonly scopes: Scopes;
}

/**
 * Parses a source.
 * @param text - bytes as Latin-1
 * @returns the parsed source, or the first problem
 */
export function parseLua(text: string): Parsed | SyntaxProblem {
  const result = parse(text);
  if ('chunk' in result) return result;
  const { offset, message } = result;
  return { line: lineAt(text, offset), message: message + hint(text) };
}

/** For those who gave the wrong file. */
function hint(text: string): string {
  if (text.startsWith('\xef\xbb\xbf')) return ' (a byte order mark: save the file without it)';
  return text.includes('\0') ? ' (is it a binary file?)' : '';
}

function parse(text: string): Parsed | PlacedProblem {
  const lexed = lex(text);
  const { tokens } = lexed;
  try {
    const chunk = parseTokens(text.length, tokens);
    if (!('type' in chunk)) return firstOf([...lexed.problems, chunk]) as PlacedProblem;
    const scopes = resolve(chunk);
    const problem = firstOf([
      ...lexed.problems,
      ...ambiguousCalls(chunk, tokens),
      ...levelProblems(chunk, tokens),
      ...scopes.problems,
    ]);
    return problem ?? { lexed, chunk, scopes };
  } catch (error) {
    // Node's stack ends long after Lua's levels do, unless the source is nothing but levels.
    if (error instanceof RangeError) return { offset: 0, message: TOO_DEEP };
    throw error;
  }
}

function firstOf(problems: readonly PlacedProblem[]): PlacedProblem | undefined {
  return [...problems].sort((a, b) => a.offset - b.offset)[0];
}

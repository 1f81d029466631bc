/** luaparse, held to what Lua 5.1 itself takes. */
import luaparse from 'luaparse';
import type { Chunk } from './ast.ts';
import { type PlacedProblem, shown, type Token, VALID_NUMBER } from './lexer.ts';

/** Each begins a list that luaparse lets begin with a comma. */
const LIST_BEGINNINGS = new Set(['(', 'return']);

function plainToken({ kind, text }: Token): string {
  if (kind === 'string') return `"${'_'.repeat(text.length - 2)}"`;
  return kind === 'number' ? plainNumber(text) : text;
}

/** luaparse would read `0xA.8`, to Lua two words, as one number. And the lexer has reported what is malformed. */
function plainNumber(text: string): string {
  if (/^0x/i.test(text)) {
    const decimal = String(Number(text));
    return /^\d+$/.test(decimal) && decimal.length <= text.length
      ? decimal.padEnd(text.length)
      : '0'.padEnd(text.length);
  }
  return VALID_NUMBER.test(text) ? text : '0'.padEnd(text.length);
}

/**
 * What luaparse gets to read: the tokens where they were and nothing else, on one line. So it has its own opinion on
 * neither words nor lines. A string's content is hidden from it, because it takes a string ")" for a parenthesis.
 */
function plainText(length: number, tokens: readonly Token[]): string {
  const parts: string[] = [];
  let at = 0;
  tokens.forEach((token, i) => {
    const { text, start, end } = token;
    // luaparse ends a block at a break and then trips over the semicolon that may follow.
    if (text === ';' && tokens[i - 1]?.text === 'break') return;
    parts.push(' '.repeat(start - at), plainToken(token));
    at = end;
  });
  parts.push(' '.repeat(length - at));
  return parts.join('');
}

function leadingComma(tokens: readonly Token[]): PlacedProblem | undefined {
  const comma = tokens.find(({ text }, i) => text === ',' && LIST_BEGINNINGS.has(tokens[i - 1]?.text ?? ''));
  return comma && { offset: comma.start, message: "unexpected symbol near ','" };
}

/** luaparse's message with the source's own words, as Lua puts it. */
function translated(
  error: SyntaxError & { index: number },
  length: number,
  tokens: readonly Token[],
): PlacedProblem {
  const token = tokens.find(({ end }) => end > error.index);
  const reason = error.message
    .replace(/^\[\d+:\d+\] /, '')
    .replace(/ near '[\s\S]*$/, '')
    .replace(/^unexpected [\s\S]*/, 'unexpected symbol');
  return {
    offset: token?.start ?? length,
    message: `${reason} near ${token ? shown(token.text) : "'<eof>'"}`,
  };
}

/**
 * Parses the tokens of a source.
 * @param length - of the source
 * @returns the tree, or where and why there is none
 */
export function parseTokens(length: number, tokens: readonly Token[]): Chunk | PlacedProblem {
  const comma = leadingComma(tokens);
  try {
    const chunk = luaparse.parse(plainText(length, tokens), {
      luaVersion: '5.1',
      encodingMode: 'none',
      comments: false,
      ranges: true,
    });
    return comma ?? chunk;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const problem = translated(error as SyntaxError & { index: number }, length, tokens);
    return comma && comma.offset < problem.offset ? comma : problem;
  }
}

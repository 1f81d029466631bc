/** Lua 5.1 refuses a call whose parenthesis begins a line: it could be a new statement. */
import { type Chunk, nodesOf, rangeOf } from './ast.ts';
import type { PlacedProblem, Token } from './lexer.ts';
import { ownParenthesis } from './tokens.ts';

/** The calls whose `(` is not on the line on which what is called ends. */
export function ambiguousCalls(chunk: Chunk, tokens: readonly Token[]): PlacedProblem[] {
  const nodes = [...nodesOf(chunk)];
  // Lua looks one token ahead after a name that begins a field, and then no longer knows that there was a line end.
  const fields = new Set(nodes.filter(({ type }) => type === 'TableValue').map((node) => rangeOf(node)[0]));
  return nodes.flatMap((node) => {
    if (node.type !== 'CallExpression') return [];
    const index = ownParenthesis(node, tokens) as number;
    const parenthesis = tokens[index] as Token;
    const before = tokens[index - 1] as Token;
    const unseen = before.kind === 'name' && fields.has(before.start);
    if (before.lastLine === parenthesis.line || unseen) return [];
    return [
      { offset: parenthesis.start, message: "ambiguous syntax (function call x new statement) near '('" },
    ];
  });
}

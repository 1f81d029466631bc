/** Finding tokens again for nodes of the syntax tree. */
import { type Node, rangeOf } from './ast.ts';
import type { Token } from './lexer.ts';

/** The index of the first token at or after an offset; the number of tokens when there is none. */
export function tokenIndexFrom(tokens: readonly Token[], offset: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle] as Token).start < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nextParenthesis(tokens: readonly Token[], offset: number): number {
  let index = tokenIndexFrom(tokens, offset);
  while (index < tokens.length && tokens[index]?.text !== '(') index++;
  return index;
}

/**
 * The index of the parenthesis that a call's arguments or a function's parameters begin with; undefined for other
 * nodes. What the call is made on may itself be in parentheses, which close before that one.
 */
export function ownParenthesis(node: Node, tokens: readonly Token[]): number | undefined {
  if (node.type === 'CallExpression') return nextParenthesis(tokens, rangeOf(node.base)[1]);
  if (node.type === 'FunctionDeclaration') return nextParenthesis(tokens, rangeOf(node)[0]);
  return undefined;
}

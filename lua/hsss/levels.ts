/** How deep a source is nested. Lua's parser recurses and stops at a limit, so a script may not go deeper. */
import {
  type Chunk,
  type Expression,
  type Node,
  nodesOf,
  type Range,
  rangeOf,
  type Statement,
} from './ast.ts';
import type { PlacedProblem, Token } from './lexer.ts';
import { ownParenthesis } from './tokens.ts';

/** Lua's LUAI_MAXCCALLS is 200; one level is taken before the parser begins. */
const MAX_LEVELS = 199;

export const TOO_DEEP = 'chunk has too many syntax levels';

/** The expressions for which the parser goes one level down: not those that go on what stands before them. */
function nestedExpressions(node: Node): readonly (Expression | null)[] {
  switch (node.type) {
    case 'ReturnStatement':
    case 'CallExpression':
      return node.arguments;
    case 'IfClause':
    case 'ElseifClause':
    case 'WhileStatement':
    case 'RepeatStatement':
      return [node.condition];
    case 'LocalStatement':
    case 'AssignmentStatement':
      return node.init;
    case 'ForNumericStatement':
      return [node.start, node.end, node.step];
    case 'ForGenericStatement':
      return node.iterators;
    case 'TableKey':
      return [node.key, node.value];
    case 'TableKeyString':
    case 'TableValue':
      return [node.value];
    case 'IndexExpression':
      return [node.index];
    case 'UnaryExpression':
      return [node.argument];
    case 'BinaryExpression':
    case 'LogicalExpression':
      return [node.right];
    default:
      return [];
  }
}

/** Where the statements of a block stand; an empty one is counted at the word that begins it. */
function blockRange(node: Node): Range | undefined {
  if (!('body' in node)) return undefined;
  const [first] = node.body;
  const last = node.body.at(-1) as Statement;
  const start = rangeOf(node)[0];
  return first ? [rangeOf(first)[0], rangeOf(last)[1]] : [start, start + 1];
}

/** Parentheses around expressions: all but those of calls and of parameters. */
function groupings(nodes: readonly Node[], tokens: readonly Token[]): Range[] {
  const others = new Set(nodes.map((node) => ownParenthesis(node, tokens)));
  const open: { start: number; groups: boolean }[] = [];
  return tokens.flatMap(({ text, start, end }, i): Range[] => {
    if (text === '(') open.push({ start, groups: !others.has(i) });
    const opening = text === ')' ? open.pop() : undefined;
    return opening?.groups ? [[opening.start, end]] : [];
  });
}

/** Where the nesting first goes too deep. */
export function levelProblems(chunk: Chunk, tokens: readonly Token[]): PlacedProblem[] {
  const nodes = [...nodesOf(chunk)];
  const ranges = [
    ...nodes.flatMap(nestedExpressions).map((one) => one && rangeOf(one)),
    ...nodes.map(blockRange),
    ...groupings(nodes, tokens),
  ].filter((range) => range !== null && range !== undefined);
  // Whatever covers a place is open there. Ends come before beginnings at the same place.
  const edges = ranges.flatMap(([start, end]) => [
    { at: start, change: 1 },
    { at: end, change: -1 },
  ]);
  edges.sort((a, b) => a.at - b.at || a.change - b.change);
  let level = 0;
  for (const { at, change } of edges) {
    level += change;
    if (level > MAX_LEVELS) return [{ offset: at, message: TOO_DEEP }];
  }
  return [];
}

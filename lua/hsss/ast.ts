/** The syntax tree of luaparse, with the places that its types leave out. */
import type * as luaparse from 'luaparse';

/** Offsets of the first character and after the last one. Parentheses around an expression are outside of it. */
export type Range = readonly [number, number];

export type Node = Exclude<luaparse.Node, luaparse.Comment>;
export type NodeOf<Type extends Node['type']> = Extract<Node, { type: Type }>;
export type Statement = luaparse.Statement;
export type Expression = luaparse.Expression;
export type Chunk = luaparse.Chunk;
export type Identifier = luaparse.Identifier;
export type TableNode = luaparse.TableConstructorExpression;
export type FunctionNode = luaparse.FunctionDeclaration;

/** Where a node stands. The parser was asked for it, so it is there. */
export function rangeOf(node: Node): Range {
  return (node as Node & { range: Range }).range;
}

/** Every node directly below another one, in no particular order. */
export function childrenOf(node: Node): Node[] {
  return Object.values(node).flat().filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** Every node of a tree, itself first. It does not recurse: `a + a + …` is as deep as it is long. */
export function* nodesOf(root: Node): Generator<Node> {
  const open: Node[] = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    yield node;
    for (const child of childrenOf(node)) open.push(child);
  }
}

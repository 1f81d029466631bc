/**
 * The levels of the configuration on which Nchan's directives act (http, upstream, server, location, `if`,
 * `limit_except`), what each says for itself and what is in force there. All faults of single directives are found here.
 */
import { type Context, contextInside } from './contexts.ts';
import { findDirective, inherit } from './directives/index.ts';
import type { Row, SlotName, Values } from './directives/row.ts';
import { type Said, ValueError } from './errors.ts';
import type { Block, Directive } from './parser.ts';
import { flatten, type Tree } from './tree.ts';

/** A block `{ … }`, or the main level. */
export interface Scope {
  readonly context: Context;
  /** The directive that opens the block; none for the main level. */
  readonly directive?: Directive & { readonly block: Block };
  readonly parent?: Scope;
  readonly children: readonly Scope[];
  /** Nchan's directives of this level, to be commented out. */
  readonly ours: readonly Directive[];
  /** All other directives of this level, included ones too. */
  readonly others: readonly Directive[];
  /** What is said here. */
  readonly own: Values;
  /** What is in force here. */
  readonly values: Values;
}

const CONTEXT_LETTERS: Readonly<Partial<Record<Context, string>>> = {
  http: 'H',
  upstream: 'U',
  server: 'S',
  location: 'L',
  if: 'I',
};

/**
 * Reads the levels of a configuration.
 * @param said gets every fault of a directive of Nchan, and what is to be told about those that are good
 * @returns the main level
 */
export function readScopes(tree: Tree, said: Said): Scope {
  const main = { context: 'main', children: [], ours: [], others: [], own: {}, values: {} } as const;
  return fill(main, tree.main.directives, tree, said);
}

function fill(
  empty: Omit<Scope, 'children'>,
  directives: readonly Directive[],
  tree: Tree,
  said: Said,
): Scope {
  const children: Scope[] = [];
  const ours: Directive[] = [];
  const others: Directive[] = [];
  const own: Values = {};
  const blocks: Directive[] = [];
  for (const directive of flatten(tree, directives)) {
    if (findDirective(directive.name) !== undefined) {
      ours.push(directive);
      read(directive, empty.context, own, said);
    } else {
      others.push(directive);
      if (directive.block) blocks.push(directive);
    }
  }
  // Blocks come last, since directives are in force in the blocks above them too.
  const scope: Scope = { ...empty, children, ours, others, own, values: inherit(own, empty.values) };
  for (const directive of blocks) {
    const context = contextInside(empty.context, directive.name);
    if (context === 'opaque') continue;
    const owner = directive as Directive & { readonly block: Block };
    const inner = {
      context,
      directive: owner,
      parent: scope,
      ours: [],
      others: [],
      own: {},
      values: scope.values,
    };
    children.push(fill(inner, owner.block.children, tree, said));
  }
  return scope;
}

/** Adds the value of a directive to those of its level. */
function read(directive: Directive, context: Context, own: Values, { problems, notices }: Said): void {
  try {
    const row = allowedRow(directive, context);
    const { name, args } = directive;
    const current = own[row.slot];
    if (current !== undefined && row.onDuplicate === 'error') {
      throw new ValueError(`"${name}" directive is duplicate`);
    }
    const call = { name, args, current, level: own };
    const value = row.parse(call);
    for (const notice of row.notices?.(call) ?? []) notices.add(directive.file, directive.endLine, notice);
    if (value === undefined || (current !== undefined && row.onDuplicate === 'first')) return;
    (own as Partial<Record<SlotName, unknown>>)[row.slot] = value;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    problems.add(directive.file, directive.endLine, error.message);
  }
}

/**
 * The row of a directive, if it may stand where it does. The checks and their order are nginx's.
 * @throws ValueError
 */
function allowedRow({ name, args, block }: Directive, context: Context): Row {
  const row = findDirective(name);
  if (row === undefined || row === 'unknown') throw new ValueError(`unknown directive "${name}"`);
  const letter = CONTEXT_LETTERS[context];
  if (!letter || !row.contexts.includes(letter)) {
    throw new ValueError(`"${name}" directive is not allowed here`);
  }
  if (block) throw new ValueError(`directive "${name}" is not terminated by ";"`);
  const [min, max] = row.args;
  if (args.length < min || args.length > max) {
    throw new ValueError(`invalid number of arguments in "${name}" directive`);
  }
  return row;
}

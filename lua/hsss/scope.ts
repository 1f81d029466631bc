/** What the names in a source stand for: which local variable, or a global. */
import {
  type Chunk,
  childrenOf,
  type Expression,
  type FunctionNode,
  type Identifier,
  type Node,
  type NodeOf,
  rangeOf,
  type Statement,
  type TableNode,
} from './ast.ts';
import type { PlacedProblem } from './lexer.ts';

export type VariableKind = 'local' | 'loop' | 'parameter';

export interface Variable {
  readonly name: string;
  readonly kind: VariableKind;
  /** Where it is declared. */
  readonly offset: number;
  /** Declared outside of every block and function: for an include, what it offers. */
  readonly atTop: boolean;
  /** How often it is read, not counting a local function's calls of itself. */
  reads: number;
  /** What it is from its declaration on; undefined when that is no table, or it is given another value later. */
  table: TableNode | undefined;
  /** Names of the table's fields that are written later. */
  readonly writtenFields: Set<string>;
}

/** A use of a global. `field` is a write to one of its fields. */
export interface GlobalUse {
  readonly kind: 'read' | 'write' | 'field';
  readonly name: string;
  readonly offset: number;
}

/** `ARGV[3]`: a global with a number written between the brackets. */
export interface IndexedGlobal {
  readonly name: string;
  readonly index: number;
  readonly offset: number;
}

/** A call of the global `error` with a table, or with a variable. */
export interface RaisedError {
  readonly what: TableNode | Variable;
  readonly offset: number;
}

export interface Scopes {
  readonly variables: readonly Variable[];
  readonly globals: readonly GlobalUse[];
  readonly indexed: readonly IndexedGlobal[];
  readonly raised: readonly RaisedError[];
  /** Limits of Lua's compiler that are exceeded. */
  readonly problems: readonly PlacedProblem[];
}

/** Stands for the name of a field that is not known, as of strings: their content is hidden from the parser. */
export const ANY_FIELD = '*';

/** The field that `t.x` or `t[x]` is about. */
function fieldOf(target: NodeOf<'MemberExpression' | 'IndexExpression'>): string {
  return target.type === 'MemberExpression' ? target.identifier.name : ANY_FIELD;
}

/** Lua's LUAI_MAXVARS: locals of one function that are there at one time. */
const MAX_LOCALS = 200;
/** Lua's LUAI_MAXUPVALUES: outer locals that one function uses. */
const MAX_UPVALUES = 60;
/** Locals without a name that Lua makes for each loop of either kind. */
const HIDDEN_LOOP_LOCALS = 3;

/** A function whose body is being read, the chunk among them. */
interface Frame {
  readonly outer: Frame | undefined;
  /** For `local function f`: f itself. */
  readonly self: Variable | undefined;
  readonly upvalues: Set<Variable>;
  activeLocals: number;
}

interface Binding {
  readonly variable: Variable;
  readonly frame: Frame;
}

/** Resolves every name of a source. */
export function resolve(chunk: Chunk): Scopes {
  const resolver = new Resolver();
  resolver.run(chunk);
  return resolver;
}

class Resolver implements Scopes {
  readonly variables: Variable[] = [];
  readonly globals: GlobalUse[] = [];
  readonly indexed: IndexedGlobal[] = [];
  readonly raised: RaisedError[] = [];
  readonly problems: PlacedProblem[] = [];
  /** The names that each open block declares, outermost first. */
  readonly #blocks: Map<string, Binding>[] = [];
  #frame: Frame = { outer: undefined, self: undefined, upvalues: new Set(), activeLocals: 0 };

  /** For nodes that are not read from left to right, each name in them. */
  readonly #visitors: { [Type in Node['type']]?: (node: NodeOf<Type>) => void } = {
    Identifier: (node) => this.#use('read', node),
    MemberExpression: ({ base }) => this.#visit(base),
    TableKeyString: ({ value }) => this.#visit(value),
    IndexExpression: (node) => this.#index(node),
    CallExpression: (node) => this.#call(node, node.arguments[0]),
    TableCallExpression: (node) => this.#call(node, node.arguments),
    BinaryExpression: (node) => this.#operands(node),
    LogicalExpression: (node) => this.#operands(node),
    LocalStatement: (node) => this.#local(node),
    AssignmentStatement: (node) => this.#assignment(node),
    FunctionDeclaration: (node) => this.#function(node),
    DoStatement: ({ body }) => this.#block(body),
    ElseClause: ({ body }) => this.#block(body),
    IfClause: (node) => this.#conditional(node),
    ElseifClause: (node) => this.#conditional(node),
    WhileStatement: (node) => this.#conditional(node),
    RepeatStatement: ({ body, condition }) => this.#block(body, undefined, () => this.#visit(condition)),
    ForNumericStatement: ({ start, end, step, variable, body }) =>
      this.#loop([variable], step ? [start, end, step] : [start, end], body),
    ForGenericStatement: ({ iterators, variables, body }) => this.#loop(variables, iterators, body),
  };

  run(chunk: Chunk): void {
    this.#block(chunk.body);
  }

  /** @param before - declares what the block begins with. @param after - reads what still sees its locals */
  #block(body: readonly Statement[], before?: () => void, after?: () => void): void {
    const { activeLocals } = this.#frame;
    this.#blocks.push(new Map());
    before?.();
    for (const statement of body) this.#visit(statement);
    after?.();
    this.#blocks.pop();
    this.#frame.activeLocals = activeLocals;
  }

  #declare(name: string, kind: VariableKind, offset: number): Variable {
    const atTop = this.#blocks.length === 1;
    const variable: Variable = {
      ...{ name, kind, offset, atTop, reads: 0, table: undefined },
      writtenFields: new Set(),
    };
    this.variables.push(variable);
    this.#blocks.at(-1)?.set(name, { variable, frame: this.#frame });
    this.#reserve(1, offset);
    return variable;
  }

  /** Counts locals towards the limit. */
  #reserve(count: number, offset: number): void {
    this.#frame.activeLocals += count;
    if (this.#frame.activeLocals <= MAX_LOCALS) return;
    const where = this.#frame.outer ? 'a function' : 'main function';
    this.problems.push({ offset, message: `${where} has more than ${MAX_LOCALS} local variables` });
  }

  #lookUp(name: string, offset: number): Variable | undefined {
    const binding = this.#blocks.findLast((block) => block.has(name))?.get(name);
    if (!binding) return undefined;
    for (let frame: Frame | undefined = this.#frame; frame && frame !== binding.frame; frame = frame.outer) {
      frame.upvalues.add(binding.variable);
      if (frame.upvalues.size <= MAX_UPVALUES) continue;
      this.problems.push({ offset, message: `a function has more than ${MAX_UPVALUES} upvalues` });
    }
    return binding.variable;
  }

  #isInside(variable: Variable): boolean {
    for (let frame: Frame | undefined = this.#frame; frame; frame = frame.outer) {
      if (frame.self === variable) return true;
    }
    return false;
  }

  #use(kind: 'read' | 'write', node: Identifier): void {
    const { name } = node;
    const [offset] = rangeOf(node);
    const variable = this.#lookUp(name, offset);
    if (!variable) this.globals.push({ kind, name, offset });
    else if (kind === 'write') variable.table = undefined;
    else if (!this.#isInside(variable)) variable.reads++;
  }

  #visitAll(nodes: readonly Node[]): void {
    for (const node of nodes) this.#visit(node);
  }

  #visit(node: Node): void {
    const visitor = this.#visitors[node.type] as ((node: Node) => void) | undefined;
    if (visitor) visitor(node);
    else this.#visitAll(childrenOf(node));
  }

  /** `a + b + …` leans to the left as far as it is long; only what is right of each operator is deeper. */
  #operands(node: Expression): void {
    const rights: Expression[] = [];
    let left = node;
    while (left.type === 'BinaryExpression' || left.type === 'LogicalExpression') {
      rights.push(left.right);
      left = left.left;
    }
    this.#visitAll([left, ...rights.reverse()]);
  }

  #index(node: NodeOf<'IndexExpression'>): void {
    const { base, index } = node;
    this.#visit(base);
    this.#visit(index);
    const isGlobal = base.type === 'Identifier' && !this.#lookUp(base.name, rangeOf(base)[0]);
    if (!isGlobal || index.type !== 'NumericLiteral') return;
    this.indexed.push({ name: base.name, index: index.value, offset: rangeOf(node)[0] });
  }

  #call(node: NodeOf<'CallExpression' | 'TableCallExpression'>, argument: Expression | undefined): void {
    this.#visitAll(childrenOf(node));
    const { base } = node;
    const [offset] = rangeOf(node);
    if (base.type !== 'Identifier' || base.name !== 'error' || this.#lookUp(base.name, offset)) return;
    const what = argument?.type === 'Identifier' ? this.#lookUp(argument.name, offset) : argument;
    if (what && (!('type' in what) || what.type === 'TableConstructorExpression')) {
      this.raised.push({ what, offset });
    }
  }

  #local({ variables, init }: NodeOf<'LocalStatement'>): void {
    this.#visitAll(init);
    variables.forEach((one, i) => {
      const variable = this.#declare(one.name, 'local', rangeOf(one)[0]);
      const value = init[i];
      if (value?.type === 'TableConstructorExpression') variable.table = value;
    });
  }

  #assignment({ variables, init }: NodeOf<'AssignmentStatement'>): void {
    this.#visitAll(init);
    for (const target of variables) this.#target(target);
  }

  #target(target: NodeOf<'Identifier' | 'MemberExpression' | 'IndexExpression'>): void {
    if (target.type === 'Identifier') {
      this.#use('write', target);
      return;
    }
    this.#visit(target);
    if (target.base.type !== 'Identifier') return;
    const { name } = target.base;
    const [offset] = rangeOf(target);
    const variable = this.#lookUp(name, offset);
    if (!variable) this.globals.push({ kind: 'field', name, offset });
    else variable.writtenFields.add(fieldOf(target));
  }

  #conditional({ condition, body }: NodeOf<'IfClause' | 'ElseifClause' | 'WhileStatement'>): void {
    this.#visit(condition);
    this.#block(body);
  }

  #loop(variables: readonly Identifier[], before: readonly Expression[], body: readonly Statement[]): void {
    this.#visitAll(before);
    this.#block(body, () => {
      for (const one of variables) this.#declare(one.name, 'loop', rangeOf(one)[0]);
      this.#reserve(HIDDEN_LOOP_LOCALS, rangeOf(variables[0] as Identifier)[0]);
    });
  }

  #function(node: FunctionNode): void {
    const { identifier, isLocal, parameters, body } = node;
    const [offset] = rangeOf(node);
    let self: Variable | undefined;
    if (isLocal && identifier?.type === 'Identifier') {
      self = this.#declare(identifier.name, 'local', rangeOf(identifier)[0]);
    } else if (identifier) {
      this.#target(identifier);
    }
    const outer = this.#frame;
    this.#frame = { outer, self, upvalues: new Set(), activeLocals: 0 };
    this.#block(body, () => {
      if (identifier?.type === 'MemberExpression' && identifier.indexer === ':') {
        this.#declare('self', 'parameter', offset);
      }
      for (const parameter of parameters) {
        // Where a function takes `...`, Lua 5.1 also puts it into a local table `arg`.
        const name = parameter.type === 'Identifier' ? parameter.name : 'arg';
        this.#declare(name, 'parameter', rangeOf(parameter)[0]);
      }
    });
    this.#frame = outer;
  }
}

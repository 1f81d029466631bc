/** From the text of one file to a tree of directives that remember where they stand. */
import { Lexer, type Statement, SyntaxFault, type Token } from './lexer.ts';
import { LUA_BLOCK, skipLuaBlock } from './lua-block.ts';

/** A configuration file as read for one `include`: the same file included twice gives two of these. */
export interface SourceFile {
  /** As it is named in messages. */
  readonly name: string;
  readonly text: string;
  /** Lines of the `include`s that lead here, outermost first; empty for the main file. */
  readonly includedAt: readonly number[];
  /** Line of the first byte sequence that is not UTF-8; such a file can be passed by but not written out. */
  readonly invalidUtf8Line?: number;
}

export interface Block {
  /** Offsets just past `{` and of `}`. */
  readonly open: number;
  readonly close: number;
  readonly children: readonly Directive[];
}

export interface Directive {
  readonly name: string;
  readonly args: readonly Token[];
  readonly file: SourceFile;
  /** From the first letter of the name to just past `;` or `}`. */
  readonly start: number;
  readonly end: number;
  readonly line: number;
  /** Line of the `;` or `{`, which is the one that nginx reports. */
  readonly endLine: number;
  /** The block around it, within the same file. */
  readonly parent: Block | undefined;
  readonly block?: Block;
}

/** nginx has no such bound, but neither has it blocks that nest more than a handful deep. */
const MAX_DEPTH = 100;

/**
 * Parses a file.
 * @returns the directives up to the first syntax fault, and that fault
 */
export function parse(file: SourceFile): { directives: readonly Directive[]; fault?: SyntaxFault } {
  const lexer = new Lexer(file.text);
  const directives: Directive[] = [];
  try {
    parseInto(directives, lexer, file, undefined, 0);
  } catch (error) {
    if (error instanceof SyntaxFault) return { directives, fault: error };
    throw error;
  }
  return { directives };
}

/** Adds directives to `into` until the block that they are in ends. */
function parseInto(
  into: Directive[],
  lexer: Lexer,
  file: SourceFile,
  parent: Block | undefined,
  depth: number,
): void {
  for (;;) {
    const statement = lexer.next();
    switch (statement.terminator) {
      case 'eof':
        if (parent) throw new SyntaxFault(statement.line, 'unexpected end of file, expecting "}"');
        return;
      case '}':
        if (!parent) throw new SyntaxFault(statement.line, 'unexpected "}"');
        return;
      case ';':
        into.push(directive(statement, file, parent));
        break;
      case '{':
        parseBlock(into, statement, lexer, file, parent, depth);
    }
  }
}

function directive(statement: Statement, file: SourceFile, parent: Block | undefined): Directive {
  const [name, ...args] = statement.tokens;
  const { start, end, line, endLine } = statement;
  return { name: (name as Token).text, args, file, start, end, line, endLine, parent };
}

function parseBlock(
  into: Directive[],
  statement: Statement,
  lexer: Lexer,
  file: SourceFile,
  parent: Block | undefined,
  depth: number,
): void {
  if (depth === MAX_DEPTH) throw new SyntaxFault(statement.endLine, 'blocks are nested too deeply');
  const children: Directive[] = [];
  // What a fault leaves open extends to the end of the file.
  const block = { open: statement.end, close: file.text.length, children };
  const node = { ...directive(statement, file, parent), block, end: file.text.length };
  into.push(node);
  if (LUA_BLOCK.test(node.name)) skipLuaBlock(lexer);
  else parseInto(children, lexer, file, block, depth + 1);
  node.end = lexer.position;
  block.close = lexer.position - 1;
}

/** The configuration as a whole: the main file with its includes resolved. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Context, contextInside } from './contexts.ts';
import { CompileError, type ProblemList } from './errors.ts';
import { glob, isPattern } from './glob.ts';
import { type Directive, parse, type SourceFile } from './parser.ts';

/** A file and the directives outside of any block. */
export interface ParsedFile {
  readonly source: SourceFile;
  readonly directives: readonly Directive[];
}

export interface Tree {
  readonly main: ParsedFile;
  /** Where nginx looks for relative names of the configuration's files: the main file's directory. */
  readonly directory: string;
  /** Files of each `include` outside of opaque blocks. */
  readonly includes: ReadonlyMap<Directive, readonly ParsedFile[]>;
}

/** True for an `include` that nginx handles by itself, wherever it stands. */
export function isInclude(directive: Directive): boolean {
  return directive.name === 'include' && directive.args.length === 1 && !directive.block;
}

/**
 * Reads a configuration with all its includes.
 * @param file the user's nginx.conf
 * @param problems gets the syntax faults and the files that cannot be read
 * @throws CompileError when `file` itself cannot be read
 */
export function readTree(file: string, problems: ProblemList): Tree {
  const directory = dirname(resolve(file));
  const includes = new Map<Directive, readonly ParsedFile[]>();
  const read = (
    name: string,
    includedAt: readonly number[],
    context: Context,
    open: readonly string[],
  ): ParsedFile => {
    const source = readSource(name, includedAt);
    const { directives, fault } = parse(source);
    if (fault) problems.add(source, fault.line, fault.message);
    const path = resolve(name);
    resolveIncludes(directives, context, [...open, path]);
    return { source, directives };
  };

  const resolveIncludes = (
    directives: readonly Directive[],
    context: Context,
    open: readonly string[],
  ): void => {
    if (context === 'opaque') return;
    for (const directive of directives) {
      if (isInclude(directive)) includes.set(directive, included(directive, context, open));
      if (directive.block)
        resolveIncludes(directive.block.children, contextInside(context, directive.name), open);
    }
  };

  const included = (directive: Directive, context: Context, open: readonly string[]): ParsedFile[] => {
    const pattern = resolve(directory, directive.args[0]?.text ?? '');
    const position = [...directive.file.includedAt, directive.endLine];
    const files: ParsedFile[] = [];
    for (const name of isPattern(pattern) ? glob(pattern) : [pattern]) {
      if (open.includes(name)) {
        problems.add(directive.file, directive.endLine, `"${name}" includes itself`);
        continue;
      }
      try {
        files.push(read(name, position, context, open));
      } catch (error) {
        problems.add(directive.file, directive.endLine, openFault(name, error));
      }
    }
    return files;
  };

  try {
    return { main: read(file, [], 'main', []), directory, includes };
  } catch (error) {
    throw new CompileError([{ file, line: 1, message: openFault(file, error) }]);
  }
}

/** Reads a file; bytes that are not UTF-8 do not matter as long as they need not be written out again. */
function readSource(name: string, includedAt: readonly number[]): SourceFile {
  const bytes = readFileSync(name);
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { name, text, includedAt };
  } catch {
    const valid = bytes.toString('utf8');
    const invalidUtf8Line = valid.slice(0, valid.indexOf('\ufffd')).split('\n').length;
    return { name, text: bytes.toString('latin1'), includedAt, invalidUtf8Line };
  }
}

/** `open() "/etc/nginx/x.conf" failed (2: No such file or directory)`, as nginx says it. */
function openFault(name: string, error: unknown): string {
  const { errno, code, message } = error as NodeJS.ErrnoException;
  if (errno === undefined || code === undefined) throw error;
  const reason = message.slice(`${code}: `.length).split(',')[0] as string;
  return `open() "${name}" failed (${-errno}: ${reason.charAt(0).toUpperCase()}${reason.slice(1)})`;
}

/** The directives of a level with those of included files in place of the `include`s. */
export function* flatten(tree: Tree, directives: readonly Directive[]): Generator<Directive> {
  for (const directive of directives) {
    const files = tree.includes.get(directive);
    if (files) for (const file of files) yield* flatten(tree, file.directives);
    else yield directive;
  }
}

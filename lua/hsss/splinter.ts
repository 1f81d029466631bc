/** The splinterer: files of Lua in, scripts ready to be embedded out. */
import { createHash } from 'node:crypto';
import { basename, dirname, join, parse } from 'node:path';
import { Expander, type Expansion } from './expand.ts';
import { type HeadComment, readHeadComment } from './head-comment.ts';
import { HsssError, type Problem } from './hsss-error.ts';
import { lineAt } from './lexer.ts';
import { originOf } from './line-table.ts';
import { lint } from './lint.ts';
import type { Script } from './script.ts';
import { readSource, type SourceFile } from './source-file.ts';
import { parseLua } from './syntax.ts';

/** The file has something in it; so must what is left of it. */
const EMPTIED = 'the script is empty without its debug lines';

export interface SplinterOptions {
  /** Where included files are; default: `include` beside the first file. */
  readonly includeDir?: string;
  /** Keeps the lines marked `--- @debug`; default: false. */
  readonly debug?: boolean;
  /** Looks for what Lua allows and Redis or good sense does not (see lint.ts); default: true. */
  readonly lint?: boolean;
  /** Checks the syntax; default: true. Without it there is no lint either. */
  readonly parse?: boolean;
}

/**
 * Reads scripts. Their order is that of the files.
 * @param files - paths; a script is called by its file's name without the ending
 * @throws HsssError with every mistake in every file
 */
export function splinter(files: readonly string[], options: SplinterOptions = {}): Script[] {
  const [first] = files;
  if (first === undefined) return [];
  const expander = new Expander({
    includeDir: options.includeDir ?? join(dirname(first), 'include'),
    debug: options.debug ?? false,
  });
  const problems: Problem[] = [];
  const scripts: Script[] = [];
  const byName = new Map<string, string>();
  for (const file of files) {
    const { name } = parse(file);
    const other = byName.get(name);
    byName.set(name, other ?? file);
    if (other !== undefined) {
      problems.push({ file, line: 1, message: `there is already a script "${name}": ${other}` });
    }
    try {
      scripts.push(splinterOne(readSource(file), expander, options));
    } catch (error) {
      if (!(error instanceof HsssError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new HsssError(problems);
  return scripts;
}

function splinterOne(source: SourceFile, expander: Expander, options: SplinterOptions): Script {
  const { name } = parse(source.path);
  const head = readHeadComment(source.lines);
  const expansion = expander.expand(source);
  const problems =
    expansion.problems.length > 0 ? expansion.problems : check(source, head, expansion, options);
  if (problems.length > 0) throw new HsssError(problems);
  const bytes = Buffer.from(expansion.text, 'latin1');
  return {
    name,
    sha1: createHash('sha1').update(bytes).digest('hex'),
    source: bytes,
    keys: head.keys,
    args: head.args,
    lines: expansion.lines,
    comment: head.lines.map((line) => Buffer.from(line, 'latin1').toString('utf8')),
  };
}

/** Everything that is wrong with an embedded source, said of the files that it comes from. */
function check(
  { path }: SourceFile,
  head: HeadComment,
  { text, lines, paths }: Expansion,
  options: SplinterOptions,
): Problem[] {
  if (text.trim() === '') return [{ file: path, line: 1, message: EMPTIED }];
  if (options.parse === false) return [];

  const problemAt = (embedded: number, message: string): Problem => {
    const origin = originOf(lines, embedded);
    return { file: paths.get(origin?.file ?? '') ?? path, line: origin?.line ?? embedded, message };
  };
  const parsed = parseLua(text);
  if (!('chunk' in parsed)) return [problemAt(parsed.line, parsed.message)];
  if (options.lint === false) return [];

  const isIncluded = (offset: number) => originOf(lines, lineAt(text, offset))?.includedAt !== undefined;
  const findings = lint({ text, parsed, head, file: basename(path), isIncluded });
  return [
    ...head.problems.map(({ line, message }) => ({ file: path, line, message })),
    ...findings.map(({ offset, message }) => problemAt(lineAt(text, offset), message)),
  ];
}

/** The splinterer: files of Lua in, scripts ready to be embedded out. */
import { createHash } from 'node:crypto';
import { dirname, join, parse } from 'node:path';
import { Expander } from './expand.ts';
import { readHeadComment } from './head-comment.ts';
import { HsssError, type Problem } from './hsss-error.ts';
import type { Script } from './script.ts';
import { readSource, type SourceFile } from './source-file.ts';

/** The file has something in it; so must what is left of it. */
const EMPTIED = 'the script is empty without its debug lines';

export interface SplinterOptions {
  /** Where included files are; default: `include` beside the first file. */
  readonly includeDir?: string;
  /** Keeps the lines marked `--- @debug`; default: false. */
  readonly debug?: boolean;
  /** Checks for what Lua allows and Redis or good sense does not (see lint.ts); default: true. */
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
  const problems: Problem[] = namesakes(files);
  const scripts: Script[] = [];
  for (const file of files) {
    try {
      scripts.push(splinterOne(readSource(file), expander));
    } catch (error) {
      if (!(error instanceof HsssError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new HsssError(problems);
  return scripts;
}

/** Two files of one name: only one could be called by it. */
function namesakes(files: readonly string[]): Problem[] {
  const byName = new Map<string, string>();
  return files.flatMap((file) => {
    const { name } = parse(file);
    const other = byName.get(name);
    byName.set(name, other ?? file);
    if (other === undefined) return [];
    return [{ file, line: 1, message: `there is already a script "${name}": ${other}` }];
  });
}

function splinterOne(source: SourceFile, expander: Expander): Script {
  const { name } = parse(source.path);
  const head = readHeadComment(source.lines);
  const expansion = expander.expand(source);
  if (expansion.problems.length > 0) throw new HsssError(expansion.problems);
  if (expansion.text.trim() === '') {
    throw new HsssError([{ file: source.path, line: 1, message: EMPTIED }]);
  }
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

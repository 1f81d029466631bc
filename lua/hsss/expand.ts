/** Makes the embedded source of a script: includes are put in, debug lines are left out. */
import { basename, join, posix, resolve } from 'node:path';
import { directiveOf } from './directives.ts';
import { HsssError, type Problem } from './hsss-error.ts';
import { type Origin, runsOf } from './line-table.ts';
import type { LineRun } from './script.ts';
import { readSource, type SourceFile, type SourceLine } from './source-file.ts';

export interface ExpandOptions {
  /** Where included files are. */
  readonly includeDir: string;
  /** Keeps the debug lines. */
  readonly debug: boolean;
}

export interface Expansion {
  /** The embedded source, bytes as Latin-1. */
  readonly text: string;
  readonly lines: readonly LineRun[];
  /** The path of each file that the line table names. */
  readonly paths: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

const ENDING = '.lua';

interface OpenFile {
  readonly path: string;
  readonly name: string;
}

/** Expands the scripts of one run, which read each included file once. */
export class Expander {
  readonly #options: ExpandOptions;
  readonly #included = new Map<string, SourceFile | HsssError>();

  constructor(options: ExpandOptions) {
    this.#options = options;
  }

  expand(script: SourceFile): Expansion {
    return new Expanding(script, this.#options, (path) => this.#read(path)).run();
  }

  /** A file that cannot be read is a problem of every script that includes it. */
  #read(path: string): SourceFile | HsssError {
    const known = this.#included.get(path);
    if (known) return known;
    let file: SourceFile | HsssError;
    try {
      file = readSource(path);
    } catch (error) {
      if (!(error instanceof HsssError)) throw error;
      file = error;
    }
    this.#included.set(path, file);
    return file;
  }
}

/** The expansion of one script, under way. */
class Expanding {
  readonly #script: SourceFile;
  readonly #options: ExpandOptions;
  readonly #read: (path: string) => SourceFile | HsssError;
  readonly #text: { text: string; end: string }[] = [];
  readonly #origins: Origin[] = [];
  readonly #problems: Problem[] = [];
  readonly #paths = new Map<string, string>();
  /** The script and the includes that are being put in, outermost first. */
  readonly #open: OpenFile[] = [];

  constructor(script: SourceFile, options: ExpandOptions, read: (path: string) => SourceFile | HsssError) {
    this.#script = script;
    this.#options = options;
    this.#read = read;
  }

  run(): Expansion {
    const { path, lines } = this.#script;
    const name = basename(path);
    this.#file(this.#script, name, undefined);
    // Lua counts an empty line after the last line end, and reports there what is missing at the end of a script.
    if (this.#text.at(-1)?.end) this.#origins.push({ file: name, line: lines.length + 1 });
    return {
      text: this.#text.map(({ text, end }) => text + end).join(''),
      lines: runsOf(this.#origins),
      paths: this.#paths,
      problems: this.#problems,
    };
  }

  /** @param includedAt - line of the script whose include brought the file in; undefined for the script itself */
  #file({ path, lines }: SourceFile, name: string, includedAt: number | undefined): void {
    this.#paths.set(name, path);
    this.#open.push({ path, name });
    lines.forEach((line, i) => {
      const at = i + 1;
      const directive = directiveOf(line);
      if (directive?.kind === 'wrong')
        this.#problems.push({ file: path, line: at, message: directive.message });
      if (directive?.kind === 'debug' && !this.#options.debug) return;
      if (directive?.kind === 'include') this.#include(directive.name, line, path, at, includedAt ?? at);
      else this.#push(line, { file: name, line: at, ...(includedAt === undefined ? {} : { includedAt }) });
    });
    this.#open.pop();
  }

  #include(name: string, { end }: SourceLine, from: string, at: number, includedAt: number): void {
    const { includeDir } = this.#options;
    const file = name.endsWith(ENDING) ? name : `${name}${ENDING}`;
    const path = join(includeDir, file);
    const problem = (message: string) => this.#problems.push({ file: from, line: at, message });

    const shown = posix.join(basename(resolve(includeDir)), file);
    const loop = this.#open.findIndex((open) => resolve(open.path) === resolve(path));
    if (loop >= 0) {
      const names = [...this.#open.slice(loop).map((open) => open.name), shown];
      problem(`includes in a circle: ${names.join(' → ')}`);
      return;
    }
    if (this.#paths.has(shown)) return;

    const source = this.#read(path);
    if (source instanceof HsssError) {
      this.#paths.set(shown, path);
      const [reason] = source.problems.map(({ message }) => message);
      problem(`cannot include ${path}: ${reason}`);
      return;
    }
    this.#file(source, shown, includedAt);
    // A file that lacks its last line end must not run into the line after the include.
    const last = this.#text.at(-1);
    if (last?.end === '') last.end = end;
  }

  #push({ text, end }: SourceLine, origin: Origin): void {
    // Next to a line that was left out, two ends of different kinds could meet, which Lua would count as one.
    const before = this.#text.at(-1)?.end ?? '';
    const meet = text === '' && before.length === 1 && end !== '' && !end.startsWith(before);
    this.#text.push({ text: meet ? ' ' : text, end });
    this.#origins.push(origin);
  }
}

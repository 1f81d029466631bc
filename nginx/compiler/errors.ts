/** What the compiler has to say about a configuration: faults that stop it and notices that do not. */
import type { SourceFile } from './parser.ts';

export interface Problem {
  file: string;
  line: number;
  message: string;
}

/** Every fault of a configuration, in the order in which nginx would have read them. */
export class CompileError extends Error {
  override readonly name = 'CompileError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'));
    this.problems = problems;
  }
}

/** A value that a directive does not take; the message is the whole of what the user reads. */
export class ValueError extends Error {}

interface Located extends Problem {
  /** Line of the outermost `include`, …, line in the file itself: compares as nginx reads. */
  readonly position: readonly number[];
}

function byPosition(a: Located, b: Located): number {
  const shared = Math.min(a.position.length, b.position.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a.position[i] as number) - (b.position[i] as number);
    if (difference !== 0) return difference;
  }
  return a.position.length - b.position.length;
}

/** What is found out about a configuration on the way. */
export interface Said {
  /** Faults, which stop it. */
  readonly problems: ProblemList;
  /** Things worth telling that are no faults. */
  readonly notices: ProblemList;
}

/** Collects problems of any stage and gives them back in reading order, each once. */
export class ProblemList {
  readonly #items: Located[] = [];

  add(file: SourceFile, line: number, message: string): void {
    this.#items.push({ file: file.name, line, message, position: [...file.includedAt, line] });
  }

  /** A file that is included in two places has its faults reported once. */
  sorted(): Problem[] {
    const seen = new Set<string>();
    return [...this.#items]
      .sort(byPosition)
      .map(({ file, line, message }) => ({ file, line, message }))
      .filter((problem) => {
        const key = JSON.stringify(problem);
        return !seen.has(key) && seen.add(key);
      });
  }
}

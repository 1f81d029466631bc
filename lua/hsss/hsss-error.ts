/** What is wrong with scripts. */

export interface Problem {
  /** The path as it was given, or as an include was found. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Every mistake that was found; the message is one line `file:line: what` for each, in reading order. */
export class HsssError extends Error {
  override readonly name = 'HsssError';
  readonly problems: readonly Problem[];

  /** @param problems - at least one; what is said twice, as of a file that two scripts include, is kept once */
  constructor(problems: readonly Problem[]) {
    const seen = new Map(problems.map((problem) => [describe(problem), problem]));
    super([...seen.keys()].join('\n'));
    this.problems = [...seen.values()];
  }
}

function describe({ file, line, message }: Problem): string {
  return `${file}:${line}: ${message}`;
}

/** A Lua script as hsss embeds it. */

/**
 * Consecutive lines of an embedded source that come from consecutive lines of one file. Each run goes up to the next
 * one; the last goes up to the end.
 */
export interface LineRun {
  /** First line of the run in the embedded source, from 1. */
  readonly embedded: number;
  /** The file, as messages name it: `publish.lua`, `include/channel.lua`. */
  readonly file: string;
  /** The line of that file from which the run's first line comes, from 1. */
  readonly line: number;
  /** For lines of an included file: the line of the script itself whose include brought it in. */
  readonly includedAt?: number;
}

/** A name for one of KEYS or ARGV, from the script's head comment. */
export interface Argument {
  readonly name: string;
  /** The rest of its line: unit, values. */
  readonly description: string;
}

export interface Script {
  /** The file's name without its ending: `publish`. */
  readonly name: string;
  /** SHA1 of the source in lower-case hexadecimal: what Redis calls it by. */
  readonly sha1: string;
  /** What Redis gets: includes expanded, debug lines stripped. */
  readonly source: Buffer;
  readonly keys: readonly Argument[];
  readonly args: readonly Argument[];
  /** Ordered by `embedded`. */
  readonly lines: readonly LineRun[];
  /** The lines of the comment at the head of the file, without their dashes. */
  readonly comment: readonly string[];
}

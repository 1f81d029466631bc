/** From lines of MONITOR to lines of the trace. */
import { quoteBytes } from './byte-text.ts';
import { readCall } from './call.ts';
import { isWanted, type TraceFilter } from './filter.ts';
import { type FormatOptions, formatCall, formatInner } from './format.ts';
import type { KnownScripts } from './known-scripts.ts';
import { parseMonitorLine } from './monitor-line.ts';

export interface TraceLine {
  /** With its line end. */
  readonly text: string;
  /** True for a command that a script ran; it belongs to the script call before it. */
  readonly inner: boolean;
}

/** Remembers which script is running: Redis runs one at a time, and shows it before the commands that it runs. */
export class Tracer {
  readonly #known: KnownScripts;
  readonly #filter: TraceFilter;
  readonly #format: FormatOptions;
  /** Whether the running script is shown. A script that ran when the trace began is of an unknown channel. */
  #scriptIsShown: boolean;

  constructor(known: KnownScripts, filter: TraceFilter, format: FormatOptions) {
    this.#known = known;
    this.#filter = filter;
    this.#format = format;
    this.#scriptIsShown = Object.values(filter).every((wanted) => wanted === undefined);
  }

  /**
   * @param line - see parseMonitorLine
   * @returns undefined when the line is not to be shown
   */
  push(line: string): TraceLine | undefined {
    const entry = parseMonitorLine(line);
    // What cannot be read is shown as it came: a newer server may say more.
    if (!entry) return { text: `${quoteBytes(line, true)}\n`, inner: false };
    if (entry.client === undefined) {
      return this.#scriptIsShown ? { text: formatInner(entry, this.#format), inner: true } : undefined;
    }
    const call = readCall(entry.words, this.#known);
    const wanted = isWanted(call, entry.db, this.#filter);
    if (call.kind === 'script') this.#scriptIsShown = wanted;
    return wanted ? { text: formatCall(entry, call, this.#format), inner: false } : undefined;
  }
}

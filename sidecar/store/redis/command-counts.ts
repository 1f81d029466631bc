/** Counts commands by their name. */
import type { ServerStats } from './link.ts';

export class CommandCounts {
  readonly #counts: Record<string, { calls: number; microseconds: number; errors: number }> = {};

  /** @param ms from sending to the reply. */
  add(name: string, ms: number, failed: boolean): void {
    this.#counts[name] ??= { calls: 0, microseconds: 0, errors: 0 };
    const count = this.#counts[name];
    count.calls++;
    count.microseconds += ms * 1000;
    if (failed) count.errors++;
  }

  /** Copies of the counts, in whole microseconds. */
  read(): ServerStats['commands'] {
    return Object.fromEntries(
      Object.entries(this.#counts).map(([name, count]) => [
        name,
        { ...count, microseconds: Math.round(count.microseconds) },
      ]),
    );
  }
}

/** Delays that grow from one time to the next (spec/directives.md §12). */
import type { Delay } from '../../../handoff/redis.ts';

/** Never a busy loop, whatever the configuration says. */
const SHORTEST_MS = 1;

/**
 * The delay after one of `previousMs`.
 * @param previousMs what this function gave last; 0 the first time.
 * @param random a number from 0 up to 1.
 * @returns milliseconds.
 */
export function nextDelayMs(delay: Delay, previousMs: number, random = Math.random()): number {
  const { minMs, backoff, maxMs, jitter } = delay;
  const cap = (ms: number) => (maxMs > 0 ? Math.min(ms, maxMs) : ms);
  const grown = cap(previousMs === 0 || backoff === 0 ? minMs : previousMs * (1 + backoff));
  const spread = grown * jitter;
  return Math.max(SHORTEST_MS, cap(grown - spread / 2 + spread * random));
}

/** Gives one delay after the other. */
export class Delays {
  readonly #delay: Delay;
  #lastMs = 0;

  constructor(delay: Delay) {
    this.#delay = delay;
  }

  /** Milliseconds. */
  next(): number {
    this.#lastMs = nextDelayMs(this.#delay, this.#lastMs);
    return this.#lastMs;
  }

  /** Starts again at the shortest. */
  reset(): void {
    this.#lastMs = 0;
  }
}

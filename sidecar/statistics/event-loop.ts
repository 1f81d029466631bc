/** How late the event loop is: what everybody waits for who waits for the sidecar. */
import { performance } from 'node:perf_hooks';
import { Histogram, SECONDS } from './histogram.ts';

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 100;

export class EventLoopLag {
  readonly seconds = new Histogram(SECONDS);
  #timer: NodeJS.Timeout | undefined;
  #dueMs = 0;

  /** Begins to look, if it does not already. */
  start(): void {
    if (this.#timer) return;
    this.#dueMs = performance.now() + LOOK_EVERY_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.seconds.observe(Math.max(0, now - this.#dueMs) / 1000);
      this.#dueMs = now + LOOK_EVERY_MS;
    }, LOOK_EVERY_MS).unref();
  }
}

import { type ShareLimits, Shares } from './shares.ts';

/** Bounds how many hooks are under way, since each takes two of nginx's connections; the others wait. */
export class Slots {
  readonly #shares: Shares;
  /** Who waits, by target; targets in the order in which they are served next. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(limits: ShareLimits) {
    this.#shares = new Shares(limits);
  }

  /** Calls `start` as soon as there is room for the target, those of one target in their order. */
  take(target: string, start: () => void): void {
    if (this.#shares.hasRoom(target, 1) && !this.#waiting.has(target)) {
      this.#shares.count(target, 1);
      start();
      return;
    }
    const queue = this.#waiting.get(target);
    if (queue) queue.push(start);
    else this.#waiting.set(target, [start]);
  }

  /** One that still waits does so no more, and is not called. */
  leave(target: string, start: () => void): void {
    const queue = this.#waiting.get(target);
    const at = queue?.indexOf(start) ?? -1;
    if (!queue || at < 0) return;
    queue.splice(at, 1);
    if (queue.length === 0) this.#waiting.delete(target);
  }

  /** What was started for a target is over. */
  release(target: string): void {
    this.#shares.count(target, -1);
    for (const [next, queue] of this.#waiting) {
      if (!this.#shares.hasRoom(next, 1)) continue;
      const start = queue.shift() as () => void;
      // To the end: targets take turns.
      this.#waiting.delete(next);
      if (queue.length > 0) this.#waiting.set(next, queue);
      this.#shares.count(next, 1);
      start();
      return;
    }
  }
}

/**
 * Bounds how many hooks are under way: for each target, so that one that never answers takes nothing from the others,
 * and in all, since each takes two of nginx's connections.
 */
export class Slots {
  readonly #perTarget: number;
  readonly #total: number;
  readonly #taken = new Map<string, number>();
  #takenInAll = 0;
  /** Who waits, by target; targets in the order in which they are served next. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(perTarget: number, total: number) {
    this.#perTarget = perTarget;
    this.#total = total;
  }

  /** Calls `start` as soon as there is room for the target, those of one target in their order. */
  take(target: string, start: () => void): void {
    if (this.#hasRoom(target) && !this.#waiting.has(target)) {
      this.#count(target, 1);
      start();
      return;
    }
    const queue = this.#waiting.get(target);
    if (queue) queue.push(start);
    else this.#waiting.set(target, [start]);
  }

  /** What was started for a target is over. */
  release(target: string): void {
    this.#count(target, -1);
    for (const [next, queue] of this.#waiting) {
      if (!this.#hasRoom(next)) continue;
      const start = queue.shift() as () => void;
      // To the end: targets take turns.
      this.#waiting.delete(next);
      if (queue.length > 0) this.#waiting.set(next, queue);
      this.#count(next, 1);
      start();
      return;
    }
  }

  #hasRoom(target: string): boolean {
    return this.#takenInAll < this.#total && (this.#taken.get(target) ?? 0) < this.#perTarget;
  }

  #count(target: string, by: number): void {
    this.#takenInAll += by;
    const taken = (this.#taken.get(target) ?? 0) + by;
    if (taken > 0) this.#taken.set(target, taken);
    else this.#taken.delete(target);
  }
}

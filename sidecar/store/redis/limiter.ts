/**
 * Does something for each of many, but only for so many at a time: what all channels have to ask Redis at once would
 * else hold up the event loop, and take the room of what clients ask.
 */

export interface LimiterOptions<T> {
  /** How many may be under way. */
  readonly max: number;
  /** How many urgencies there are; 0 is the most urgent. Default: 1. */
  readonly urgencies?: number;
  /** Must not fail. Undefined when there was nothing to do. */
  run(item: T): Promise<unknown> | undefined;
}

export class Limiter<T> {
  readonly #options: LimiterOptions<T>;
  readonly #queues: readonly { readonly items: Set<T>; next: Iterator<T> | undefined }[];
  #underWay = 0;
  #wake: NodeJS.Immediate | undefined;

  constructor(options: LimiterOptions<T>) {
    this.#options = options;
    this.#queues = Array.from({ length: options.urgencies ?? 1 }, () => ({
      items: new Set<T>(),
      next: undefined,
    }));
  }

  /** Begins with an item, as soon as its turn comes. One that waits already is not done twice. */
  add(item: T, urgency = 0): void {
    for (const { items } of this.#queues.slice(0, urgency + 1)) if (items.has(item)) return;
    this.delete(item);
    this.#queues[urgency]!.items.add(item);
    this.#go();
  }

  /** It is not to be done any more, if it has not begun. */
  delete(item: T): void {
    for (const { items } of this.#queues) items.delete(item);
  }

  clear(): void {
    for (const { items } of this.#queues) items.clear();
  }

  #go(): void {
    while (this.#underWay < this.#options.max) {
      const item = this.#take();
      if (item === undefined) return;
      const done = this.#options.run(item);
      if (!done) continue;
      this.#underWay += 1;
      void done.finally(() => {
        this.#underWay -= 1;
        // Others than these have a turn in between, also where everything fails at once.
        this.#wake ??= setImmediate(() => {
          this.#wake = undefined;
          this.#go();
        });
      });
    }
  }

  #take(): T | undefined {
    for (const queue of this.#queues) {
      if (queue.items.size === 0) continue;
      // One iterator for all: it would have to pass by all that were taken before.
      let next = queue.next?.next();
      if (!next || next.done) {
        queue.next = queue.items.values();
        next = queue.next.next();
      }
      queue.items.delete(next.value);
      return next.value;
    }
    return undefined;
  }
}

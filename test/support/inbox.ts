import { DEADLINE_MS, within } from './wait.ts';

/** What arrived on a connection and nobody has asked for yet, in order. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: { resolve: (item: T) => void; reject: (reason: Error) => void }[] = [];
  readonly #what: string;
  #end: Error | undefined;

  /** @param what - names the items in errors: "waited 15000 ms for an event" */
  constructor(what: string) {
    this.#what = what;
  }

  /** Adds an item, for whoever waits first. */
  push(item: T): void {
    const first = this.#waiting.shift();
    if (first) first.resolve(item);
    else this.#items.push(item);
  }

  /** No more items will come: `next` fails with `reason` once the items that are here are used up. */
  end(reason: Error): void {
    this.#end ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end);
  }

  /** The next item. Fails after the deadline, or when the connection ended before an item came. */
  next(deadlineMs = DEADLINE_MS): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift() as T);
    if (this.#end) return Promise.reject(this.#end);
    const item = new Promise<T>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    return within(this.#what, item, deadlineMs);
  }

  /** The items that arrived and were not taken, without waiting. */
  get pending(): readonly T[] {
    return this.#items;
  }
}

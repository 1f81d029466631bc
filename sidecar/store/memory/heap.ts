/**
 * A binary heap: the least of many without looking at all of them.
 */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean;
  #items: T[] = [];

  /** @param before whether `a` comes before `b`; of two different items one always does. */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  /** The first item, undefined when there is none. */
  get first(): T | undefined {
    return this.#items[0];
  }

  /** Replaces everything by these items, in any order; the array is the heap's from now on. */
  fill(items: T[]): void {
    this.#items = items;
    for (let i = (items.length >>> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  /** The first item comes later than it did. */
  firstMoved(): void {
    this.#sink(0);
  }

  removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.#sink(0);
  }

  #sink(at: number): void {
    const items = this.#items;
    const item = items[at] as T;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1] as T, items[child] as T)) child += 1;
      if (!this.#before(items[child] as T, item)) break;
      items[at] = items[child] as T;
      at = child;
    }
    items[at] = item;
  }
}

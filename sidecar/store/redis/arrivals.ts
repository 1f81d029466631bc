import { type Groups, groupOfChannel } from '../groups.ts';

/** Subscribers that wait until their channels are here: the local store does not know them yet, but they are to count. */
export class Arrivals {
  /** By channel, and by list of several: their names, joined by commas, which names do not contain. */
  readonly #waiting = new Map<string, number>();
  readonly #groups: Groups;

  constructor(groups: Groups) {
    this.#groups = groups;
  }

  /** A subscriber to these channels begins to wait. @returns to be called when it waits no more; once or more often */
  add(names: readonly string[]): () => void {
    const keys = keysOf(names);
    for (const key of keys) this.#change(key, 1);
    const group = this.#groups.find(groupOfChannel(names[0] as string));
    if (group) group.arriving += 1;
    let isWaiting = true;
    return () => {
      if (!isWaiting) return;
      isWaiting = false;
      for (const key of keys) this.#change(key, -1);
      if (group) group.arriving -= 1;
    };
  }

  /** Those who wait for a channel, also as one of several, or for this very list of several. */
  count(names: readonly string[]): number {
    return this.#waiting.get(names.join(',')) ?? 0;
  }

  #change(key: string, by: number): void {
    const count = (this.#waiting.get(key) ?? 0) + by;
    if (count > 0) this.#waiting.set(key, count);
    else this.#waiting.delete(key);
  }
}

function keysOf(names: readonly string[]): readonly string[] {
  return names.length === 1 ? names : [...new Set(names), names.join(',')];
}

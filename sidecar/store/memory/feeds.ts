/** The feeds of a memory store, by the lists of channels that they serve. */
import type { Feed } from './feed.ts';
import type { Rounds } from './rounds.ts';

export class Feeds {
  readonly #rounds: Rounds;
  /** By the names of their channels, joined by commas, which names do not contain. */
  readonly #feeds = new Map<string, Feed>();
  /** Those of several channels. */
  #lists = 0;

  constructor(rounds: Rounds) {
    this.#rounds = rounds;
  }

  /** How many are of several channels. */
  get lists(): number {
    return this.#lists;
  }

  /** Of all feeds; one of several channels counts once. */
  get subscribers(): number {
    let subscribers = 0;
    for (const feed of this.#feeds.values()) subscribers += feed.subscribers;
    return subscribers;
  }

  all(): Iterable<Feed> {
    return this.#feeds.values();
  }

  /** The feed of this list as if everything had happened everywhere at once; see Rounds. */
  find(names: readonly string[]): Feed | undefined {
    const key = names.join(',');
    const feed = this.#feeds.get(key);
    if (feed) this.#rounds.settle(feed);
    return this.#feeds.get(key); // perhaps it has just been closed
  }

  add(feed: Feed): void {
    this.#feeds.set(feed.key, feed);
    if (feed.channels.length > 1) this.#lists += 1;
  }

  forget({ key, channels }: Feed): void {
    if (this.#feeds.delete(key) && channels.length > 1) this.#lists -= 1;
  }
}

/** Keeps the log readable while one thing goes wrong over and over, for every message or every channel. */

/** Milliseconds between two lines about the same thing. */
const QUIET_MS = 60_000;

/** Things that are told apart; when there are more, those told longest ago are forgotten. */
const MAX_THINGS = 100;

interface Thing {
  /** When it was told last. */
  toldAt: number;
  untold: number;
}

export class Recurrences {
  readonly #now: () => number;
  readonly #things = new Map<string, Thing>();

  /** @param now milliseconds of a clock that only grows. */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Something went wrong.
   * @param what the same text each time.
   * @returns what to add to the line about it; undefined when there shall be none this time.
   */
  met(what: string): string | undefined {
    const now = this.#now();
    const thing = this.#things.get(what);
    if (thing && now - thing.toldAt < QUIET_MS) {
      thing.untold += 1;
      return undefined;
    }
    this.#things.delete(what);
    this.#things.set(what, { toldAt: now, untold: 0 });
    if (this.#things.size > MAX_THINGS) {
      const [oldest] = this.#things.keys();
      this.#things.delete(oldest as string);
    }
    return thing && thing.untold > 0 ? ` (and ${thing.untold} times more since this was logged last)` : '';
  }
}

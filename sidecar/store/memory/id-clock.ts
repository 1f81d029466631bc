import { MAX_TAG } from '../../../handoff/message-id.ts';
import type { MessageId } from '../message.ts';

/**
 * The seconds of a store's message ids. They never step back, for all channels together: a multiplexed id has one time
 * for all its channels, so a channel whose clock lagged would send its subscribers into the past.
 */
export class StoreClock {
  #second: number;

  /**
   * @param floorSeconds Unix seconds before which no id may be: a process that restarts gives no id in a second in
   *   which its predecessor may have given the same one.
   */
  constructor(floorSeconds: number) {
    this.#second = floorSeconds;
  }

  /** The second of an id given at this time of the wall clock, in Unix milliseconds. */
  at(unixMs: number): number {
    this.#second = Math.max(this.#second, Math.floor(unixMs / 1000));
    return this.#second;
  }

  /** A channel has used up this second, or was forgotten after it gave ids in it: everyone goes on in the next. */
  skip(second: number): number {
    this.#second = Math.max(this.#second, second + 1);
    return this.#second;
  }
}

/**
 * Gives the ids of one channel: Unix seconds, and a tag counting from 0 within the second. They only grow, also when
 * the clock steps back or a second has no tags left (spec/message-ids.md §1; Nchan's then go backwards).
 */
export class IdClock {
  /** The newest id given, undefined before the first. */
  last: MessageId | undefined;
  readonly #clock: StoreClock;

  constructor(clock: StoreClock) {
    this.#clock = clock;
  }

  /** @param unixMs the time of the wall clock. */
  next(unixMs: number): MessageId {
    const now = this.#clock.at(unixMs);
    const last = this.last;
    if (!last || now > last.time) this.last = { time: now, tag: 0 };
    else if (last.tag < MAX_TAG) this.last = { time: last.time, tag: last.tag + 1 };
    else this.last = { time: this.#clock.skip(last.time), tag: 0 };
    return this.last;
  }
}

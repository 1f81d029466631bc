import { MAX_TAG } from '../../../handoff/message-id.ts';
import type { MessageId } from '../message.ts';

/**
 * Gives the ids of one channel: Unix seconds, and a tag counting from 0 within the second. Ids only grow: when the
 * clock stands behind the last id its second is used again, and a second that has used up its tags runs into the next
 * (spec/message-ids.md §1; Nchan lets both go backwards).
 */
export class IdClock {
  /** The newest id given, undefined before the first. */
  last: MessageId | undefined;
  readonly #floorSeconds: number;

  /**
   * @param floorSeconds Unix seconds before which no id may be: a process that restarts gives no id in a second in
   *   which its predecessor may have given the same one.
   */
  constructor(floorSeconds: number) {
    this.#floorSeconds = floorSeconds;
  }

  next(nowMs: number): MessageId {
    const now = Math.max(Math.floor(nowMs / 1000), this.#floorSeconds);
    const last = this.last;
    if (!last || now > last.time) this.last = { time: now, tag: 0 };
    else if (last.tag < MAX_TAG) this.last = { time: last.time, tag: last.tag + 1 };
    else this.last = { time: last.time + 1, tag: 0 };
    return this.last;
  }
}

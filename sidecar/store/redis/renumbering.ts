/**
 * Ids for messages of a Redis that has lost the channel. Within the second of the loss it gives ids again that it gave
 * before, while subscribers here resume by ids that only grow. So until Redis's ids are beyond those, the messages get
 * the next ids of the second here. Each server that follows the channel sees the same messages in the same order, and
 * so gives the same ids. A second later Redis's own ids are good again.
 */
import { compareIds, type MessageId } from '../message.ts';
import type { RedisMessage } from './announcement.ts';

/** The same as that of the scripts. */
const MAX_TAG = 32_767;

/** Before all ids of a channel. */
const BEGINNING: MessageId = { time: 0, tag: -1 };

export class Renumbering {
  /** What Redis calls the newest message, as long as it has another id here. */
  #last: MessageId | undefined;
  /** Newest message that was read: until a later one is announced, those up to it are announced a second time. */
  #readUpTo: MessageId | undefined;

  /**
   * What Redis calls the newest message.
   * @param newest what it is called here.
   */
  position(newest: MessageId | undefined): MessageId | undefined {
    return this.#last ?? newest;
  }

  /** Everything up to now was read. */
  hasRead(newest: MessageId | undefined): void {
    this.#readUpTo = this.position(newest);
  }

  /**
   * Whether an announced message is the first of a channel, perhaps since Redis has lost it: ids may begin anew with it.
   * @param first the announcement says that the channel had no buffer length before.
   */
  beginsAnew(message: RedisMessage, first: boolean, newest: MessageId | undefined): boolean {
    const { id, previous } = message;
    const position = this.position(newest);
    const known = this.#readUpTo;
    if (known && compareIds(id, known) <= 0) return false;
    this.#readUpTo = undefined;
    if (!first || previous.time !== 0) return false;
    if (position && compareIds(id, position) <= 0) this.#last = BEGINNING;
    return true;
  }

  /**
   * The message with the id that it has here; undefined for one that came before.
   * @param newest id of the newest message here.
   */
  take(message: RedisMessage, newest: MessageId | undefined): RedisMessage | undefined {
    const { id } = message;
    if (!newest || compareIds(id, newest) > 0) {
      this.#last = undefined;
      return message;
    }
    if (!this.#last || compareIds(id, this.#last) <= 0) return undefined;
    this.#last = id;
    return { ...message, id: next(newest) };
  }
}

function next({ time, tag }: MessageId): MessageId {
  return tag < MAX_TAG ? { time, tag: tag + 1 } : { time: time + 1, tag: 0 };
}

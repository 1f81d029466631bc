import { compareIds, type Message, type MessageId } from '../message.ts';

/**
 * The buffered messages of one channel, ordered by id. Dropping from the front is by far the commonest removal, so
 * the front is an index into the array and the array is compacted when half of it is gone. Messages are numbered as
 * they come, so that a reader can keep its place while others leave.
 */
export class MessageBuffer {
  #messages: (Message | undefined)[] = [];
  #front = 0;
  #firstNumber = 0;
  #firstHere = Number.NEGATIVE_INFINITY;
  /** Called with every message that leaves the buffer. */
  readonly #onDrop: (message: Message) => void;

  constructor(onDrop: (message: Message) => void) {
    this.#onDrop = onDrop;
  }

  get length(): number {
    return this.#messages.length - this.#front;
  }

  /** The number of the oldest message kept, or of the next one if none is: how many have left. */
  get firstNumber(): number {
    return this.#firstNumber;
  }

  /**
   * Whether a message with this number may be in the store of which this is a copy, and not here for want of room. All
   * from the next one on that is not so are here, or gone from both.
   */
  misses(number: number): boolean {
    return number < this.#firstHere;
  }

  /** Those that have left by now, left for want of room. */
  leftForRoom(): void {
    this.#firstHere = this.#firstNumber;
  }

  /** Counts a message for which there is no room, as if it had been here; the buffer is empty. */
  pass(): void {
    this.#firstNumber += 1;
  }

  /** The i-th oldest message kept; undefined outside 0 … length-1. */
  at(i: number): Message | undefined {
    return i < 0 ? undefined : this.#messages[this.#front + i];
  }

  /** Appends a message whose id is after all present ones. */
  push(message: Message): void {
    this.#messages.push(message);
  }

  /** Puts a message in front whose id is before all present ones; nobody who reads already gets it. */
  unshift(message: Message): void {
    if (this.#front > 0) this.#messages[--this.#front] = message;
    else this.#messages.unshift(message);
    this.#firstNumber -= 1;
  }

  /** Keeps only the newest `length` messages. */
  trim(length: number): void {
    while (this.length > length) this.#dropOldest();
  }

  /**
   * Drops expired messages from the oldest end only: a long-lived old message protects a short-lived newer one
   * (spec/message-ids.md §5).
   * @param nowMs of Clock.steadyMs, as the messages' expiresAtMs.
   */
  expire(nowMs: number): void {
    while (this.length > 0 && (this.at(0) as Message).expiresAtMs <= nowMs) this.#dropOldest();
  }

  clear(): void {
    this.trim(0);
  }

  /** Index of the oldest message after `id`; equals length when there is none. */
  indexAfter(id: MessageId): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds((this.at(middle) as Message).id, id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The number of the oldest message after `id`; that of the message to come when there is none. */
  numberAfter(id: MessageId): number {
    return this.#firstNumber + this.indexAfter(id);
  }

  #dropOldest(): void {
    const message = this.#messages[this.#front] as Message;
    this.#messages[this.#front++] = undefined;
    this.#firstNumber += 1;
    if (this.#front * 2 >= this.#messages.length) {
      this.#messages = this.#messages.slice(this.#front);
      this.#front = 0;
    }
    this.#onDrop(message);
  }
}

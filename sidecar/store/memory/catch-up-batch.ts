import type { Delivery } from '../message.ts';

/** Bytes of messages after which a write to a subscriber that reads the buffers takes no further one. */
const BATCH_BYTES = 32 * 1024;

/** Looks after which it takes no further one: some 250 messages of one channel, or 30 of a list of 255. */
const BATCH_LOOKS = 8 * 1024;

/** What finding and encoding a message takes beside its id, which names every channel of the list. */
const MESSAGE_LOOKS = 32;

/** What copying it takes: a look for so many bytes. */
const BYTES_PER_LOOK = 32;

/**
 * What a subscriber that reads the buffers gets in one write. It counts what that takes in looks, one of which is about
 * the time for looking at one channel of the list.
 */
export class CatchUpBatch {
  readonly deliveries: Delivery[] = [];
  readonly #channels: number;
  readonly #limit: number;
  #bytes = 0;
  #looks: number;

  /**
   * @param channels how many the list has; reading begins with a look at each.
   * @param once the subscriber takes one message only.
   */
  constructor(channels: number, once: boolean) {
    this.#channels = channels;
    this.#looks = channels;
    this.#limit = once ? 1 : Number.POSITIVE_INFINITY;
  }

  /** How many looks it has taken. */
  get looks(): number {
    return this.#looks;
  }

  /** It takes no further message; an empty one always takes one. */
  get full(): boolean {
    if (this.deliveries.length === 0) return false;
    return this.deliveries.length >= this.#limit || this.#bytes >= BATCH_BYTES || this.#looks >= BATCH_LOOKS;
  }

  add(delivery: Delivery): void {
    const { length } = delivery.message.data;
    this.deliveries.push(delivery);
    this.#bytes += length;
    this.#looks += MESSAGE_LOOKS + this.#channels + Math.ceil(length / BYTES_PER_LOOK);
  }
}

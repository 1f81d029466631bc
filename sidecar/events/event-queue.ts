/**
 * Events on their way to a store. They are published in the order in which they happened, and nobody waits for them:
 * what they are about has its answer by then, or would have it no sooner without them.
 */
import { statistics } from '../statistics/statistics.ts';
import type { Store } from '../store/store.ts';

/** Events that may wait, and their bytes with the names of their channels: while there are more, further ones are lost. */
export const MAX_WAITING_EVENTS = 10_000;
export const MAX_WAITING_EVENT_BYTES = 16 * 1024 * 1024;

/** Events that are being published at a time: the store keeps their order. */
const MAX_UNDER_WAY = 64;

/** What the channel of events keeps (spec/hooks.md §6). */
const LIMITS = { length: 100, timeoutSeconds: 10 };

interface Event {
  readonly channel: string;
  readonly data: Buffer;
  /** Where it happened, for the log. */
  readonly location: string;
}

function bytesOf({ channel, data }: Event): number {
  return channel.length + data.length;
}

export class EventQueue {
  readonly #store: Store;
  readonly #lost: (why: string, location: string) => void;
  readonly #empty: () => void;
  readonly #waiting: Event[] = [];
  #waitingBytes = 0;
  #underWay = 0;

  /**
   * @param lost is called for every event that nobody will get, with the reason and the event's location
   * @param empty is called whenever there is nothing left to do
   */
  constructor(store: Store, lost: (why: string, location: string) => void, empty: () => void) {
    this.#store = store;
    this.#lost = lost;
    this.#empty = empty;
  }

  /**
   * @param channel the full name, percent-encoded
   * @param location where it happened
   */
  add(channel: string, data: Buffer, location: string): void {
    const event = { channel, data, location };
    if (this.#underWay < MAX_UNDER_WAY && this.#waiting.length === 0) {
      void this.#publish(event);
      return;
    }
    if (
      this.#waiting.length >= MAX_WAITING_EVENTS ||
      this.#waitingBytes + bytesOf(event) > MAX_WAITING_EVENT_BYTES
    ) {
      this.#lost('there are more than can be published', location);
      return;
    }
    this.#waiting.push(event);
    this.#waitingBytes += bytesOf(event);
  }

  async #publish({ channel, data, location }: Event): Promise<void> {
    this.#underWay += 1;
    try {
      await this.#store.publish(channel, { data, contentType: '', eventsourceEvent: '' }, LIMITS);
      statistics.events.published += 1;
    } catch (error) {
      this.#lost((error as Error).message, location);
    }
    this.#underWay -= 1;
    const next = this.#waiting.shift();
    if (next) {
      this.#waitingBytes -= bytesOf(next);
      void this.#publish(next);
    } else if (this.#underWay === 0) this.#empty();
  }
}

import type { RedisMessage } from './announcement.ts';
import { keptData } from './channel-mirror.ts';

/** The newest of messages that come one after the other, the oldest first: so many, and so many bytes of them. */
export class Newest {
  readonly #limitBytes: number;
  #messages: RedisMessage[] = [];
  /** Those before it have left; they are cut off when they are as many as the others. */
  #front = 0;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** @param most messages that there may be with this one. */
  add(message: RedisMessage, most: number): void {
    const own = { ...message, data: keptData(message) };
    this.#messages.push(own);
    this.#bytes += own.data.length;
    while (this.#messages.length - this.#front > most || this.#bytes > this.#limitBytes) {
      this.#bytes -= (this.#messages[this.#front++] as RedisMessage).data.length;
    }
    if (this.#front * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#front);
    this.#front = 0;
  }

  messages(): readonly RedisMessage[] {
    return this.#messages.slice(this.#front);
  }
}

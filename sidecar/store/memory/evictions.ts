/** What leaves the memory of a copy of another store to make room for newer messages. */
import type { Message } from '../message.ts';
import type { MemoryChannel } from './channel.ts';

export class Evictions {
  /** Called with the channel of each message that leaves, or does not come, for want of room. */
  readonly #crowded: (channel: string) => void;
  /** Where messages can be read that have left. */
  #isCopy = false;
  /** Channels that nobody waited for when they were filed; those that have been so for longest come first. */
  readonly #unwatched = new Set<MemoryChannel>();

  constructor(crowded: (channel: string) => void) {
    this.#crowded = crowded;
  }

  /** Messages of any channel may leave, since another store has them. */
  allow(): void {
    this.#isCopy = true;
  }

  /** Nobody waits for the channel's messages any more. */
  unwatched(channel: MemoryChannel): void {
    if (!this.#isCopy) return;
    this.#unwatched.delete(channel);
    this.#unwatched.add(channel);
  }

  /** A channel that nobody waits for got a message. */
  filled(channel: MemoryChannel): void {
    if (this.#isCopy) this.#unwatched.add(channel);
  }

  forget(channel: MemoryChannel): void {
    this.#unwatched.delete(channel);
  }

  /**
   * Drops messages until there is room for one of the channel: first those of channels that nobody waits for, then the
   * oldest of the channel itself.
   * @param fits false for a message that would not fit into all the memory.
   * @returns false when that is not enough: the channel then has no message left.
   */
  makeRoom(channel: MemoryChannel, fits: boolean, hasRoom: () => boolean): boolean {
    if (hasRoom()) return true;
    for (const other of fits ? this.#unwatched : []) {
      if (other === channel) continue;
      if (other.subscribers === 0 && this.#dropUntil(other, hasRoom)) return true;
      this.#unwatched.delete(other); // it has nothing more, or somebody who waits
    }
    return this.#dropUntil(channel, hasRoom);
  }

  /** There is no room for a message, which passes. */
  passed(channel: MemoryChannel, message: Message): void {
    if (this.#isCopy) channel.misses(message);
    this.#crowded(channel.name);
  }

  #dropUntil(channel: MemoryChannel, hasRoom: () => boolean): boolean {
    while (!hasRoom()) {
      const oldest = channel.buffer.at(0);
      if (!oldest) return false;
      channel.buffer.trim(channel.buffer.length - 1);
      this.passed(channel, oldest);
    }
    return true;
  }
}

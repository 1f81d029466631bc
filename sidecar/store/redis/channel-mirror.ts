/** Brings the messages of a channel in Redis into the local store, which keeps and delivers them. */
import { ownBytes } from '../../own-bytes.ts';
import type { MemoryStore } from '../memory/memory-store.ts';
import type { Deflated, MessageId } from '../message.ts';
import type { RedisMessage } from './announcement.ts';
import type { Deflater } from './deflater.ts';

export interface ChannelMirror {
  /** False where Redis stores no messages, so that there is nothing to read and ids are this server's own. */
  readonly stored: boolean;
  /** Id of the newest message that was taken. */
  readonly newest: MessageId | undefined;
  /** Most messages that the channel keeps: -1 all, 0 none. */
  maxMessages: number;
  /** Takes a message at once, and does not compress it; see take. */
  takeNow(message: RedisMessage): void;
  /**
   * Takes a message.
   * @param message after all that were taken before.
   * @param buffered false for one that only present subscribers get.
   * @param isWanted asked again when the message has been compressed.
   */
  take(message: RedisMessage, buffered: boolean, isWanted?: () => boolean): Promise<void>;
  /** Drops the messages and ends the subscribers. */
  delete(): void;
  /** Drops the messages; there are no subscribers. */
  forget(): void;
}

const always = () => true;

/** How many times larger than a message the memory may be that it keeps alive. */
const MAX_KEPT_ALIVE = 2;

/** A message's data to be kept: what came over a connection is a slice of all that was read at once. */
export function keptData({ data }: RedisMessage): Buffer {
  return data.buffer.byteLength > MAX_KEPT_ALIVE * data.length ? ownBytes([data]) : data;
}

/** What both kinds have in common. */
abstract class Mirror implements ChannelMirror {
  abstract readonly stored: boolean;
  abstract newest: MessageId | undefined;
  maxMessages = -1;
  readonly #local: MemoryStore;
  readonly #name: string;
  readonly #deflater: Deflater;

  constructor(local: MemoryStore, name: string, deflater: Deflater) {
    this.#local = local;
    this.#name = name;
    this.#deflater = deflater;
  }

  takeNow(message: RedisMessage): void {
    this.#adopt(message, undefined, this.maxMessages !== 0);
  }

  async take(message: RedisMessage, buffered: boolean, isWanted = always): Promise<void> {
    const deflated = await this.#deflater.deflate(message);
    if (isWanted()) this.#adopt(message, deflated, buffered);
  }

  delete(): void {
    void this.#local.delete(this.#name);
  }

  forget(): void {
    this.#local.forget(this.#name);
  }

  /** Most messages that are kept once this one is taken. */
  protected abstract lengthWith(buffered: boolean): number;

  /** Takes note of a message; its id in the local store, undefined for one of its own. */
  protected abstract idOf(message: RedisMessage): MessageId | undefined;

  #adopt(message: RedisMessage, deflated: Deflated | undefined, buffered: boolean): void {
    const { contentType, eventsourceEvent, ttlSeconds } = message;
    const length = this.lengthWith(buffered);
    const data = length > 0 ? keptData(message) : message.data;
    void this.#local.adopt(
      this.#name,
      this.idOf(message),
      { data, deflated, contentType, eventsourceEvent },
      { length, timeoutSeconds: ttlSeconds },
    );
  }
}

/** The local copy has the ids and the buffer length of the channel in Redis. */
export class StoredMirror extends Mirror {
  readonly stored = true;
  newest: MessageId | undefined;

  /** See MessageTaker. */
  resize(maxMessages: number): void {
    this.maxMessages = maxMessages;
  }

  protected lengthWith(buffered: boolean): number {
    if (!buffered) return 0;
    return this.maxMessages > 0 ? this.maxMessages : Number.POSITIVE_INFINITY;
  }

  protected idOf({ id }: RedisMessage): MessageId {
    this.newest = id;
    return id;
  }
}

/** Messages that a server keeps of a channel whose messages Redis does not store (spec/redis-store.md §6). */
const NOSTORE_LENGTH = 10;

/** Redis only passes messages on: the local store gives them ids and keeps them for a while. */
export class UnstoredMirror extends Mirror {
  readonly stored = false;
  readonly newest = undefined;

  protected lengthWith(): number {
    return NOSTORE_LENGTH;
  }

  protected idOf(): undefined {}
}

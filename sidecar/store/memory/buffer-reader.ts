import { BEFORE_ALL, compareIds, type Delivery, type MessageId } from '../message.ts';
import { Position } from '../position.ts';
import type { Start } from '../store.ts';
import type { MemoryChannel } from './channel.ts';

/**
 * Reads the buffered messages of a list of channels, ordered by time, tag and place in the list
 * (spec/message-ids.md §7).
 */
export class BufferReader {
  readonly #channels: readonly MemoryChannel[];
  /** For each channel the id after which it reads on. */
  readonly #cursors: MessageId[];
  /** For each channel the id before which it stops, if there is one. */
  #stops: (MessageId | undefined)[] = [];
  /** What the ids of its deliveries are made from. */
  readonly #position: Position;

  constructor(channels: readonly MemoryChannel[], start: Start) {
    this.#channels = channels;
    this.#position =
      'after' in start
        ? Position.of(start.after, channels.length)
        : Position.after(channels.map(() => undefined));
    this.#cursors = channels.map((channel, index) =>
      'after' in start
        ? clamped(channel, this.#position.channelPosition(index))
        : firstPosition(channel, start.first),
    );
  }

  /** The next message, undefined when there is none yet. */
  next(): Delivery | undefined {
    let index = -1;
    let found: Delivery['message'] | undefined;
    for (let i = 0; i < this.#channels.length; i++) {
      const { buffer } = this.#channels[i] as MemoryChannel;
      const message = buffer.at(buffer.indexAfter(this.#cursors[i] as MessageId));
      if (!message) continue;
      const stop = this.#stops[i];
      if (stop && compareIds(message.id, stop) >= 0) continue;
      if (!found || compareIds(message.id, found.id) < 0) {
        found = message;
        index = i;
      }
    }
    if (!found) return undefined;
    this.#seen(index, found.id);
    return { message: found, id: this.#position.id(index), channel: index };
  }

  /** Leaves out this message and what its channel has after it; only the first one of a channel counts. */
  stopBefore({ channel, message }: Delivery): void {
    this.#stops[channel] ??= message.id;
  }

  /** The messages that were left out have been delivered in their own way: reading goes on after them. */
  skip(leftOut: readonly Delivery[]): void {
    this.#stops = [];
    for (const { channel, message } of leftOut) this.#seen(channel, message.id);
  }

  #seen(index: number, id: MessageId): void {
    this.#cursors[index] = id;
    this.#position.advance(index, id);
  }
}

/** A client that names an id from the future waits for the next message instead of staying deaf until then. */
function clamped(channel: MemoryChannel, id: MessageId): MessageId {
  const last = channel.lastMessageId ?? BEFORE_ALL;
  return compareIds(id, last) > 0 ? last : id;
}

/** The id after which a subscriber without an id reads (spec/message-ids.md §4). */
function firstPosition(channel: MemoryChannel, first: number): MessageId {
  const { buffer } = channel;
  if (first === 0 || buffer.length === 0) return channel.lastMessageId ?? BEFORE_ALL;
  const index = first > 0 ? Math.min(first, buffer.length) - 1 : Math.max(buffer.length + first, 0);
  return buffer.at(index - 1)?.id ?? BEFORE_ALL;
}

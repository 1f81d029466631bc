import { BEFORE_ALL, compareIds, type Delivery, type Message, type MessageId } from '../message.ts';
import { Position } from '../position.ts';
import type { Start } from '../store.ts';
import type { MemoryChannel } from './channel.ts';
import { Heap } from './heap.ts';

/** What it needs of a channel. */
type Channel = Pick<MemoryChannel, 'buffer' | 'lastMessageId'>;

/** The next message of one channel. */
interface Head {
  /** Place of the channel in the list. */
  readonly channel: number;
  message: Message;
}

/**
 * Reads the buffered messages of a list of channels, ordered by time, tag and place in the list
 * (spec/message-ids.md §7). It looks at every channel when it is made and at each refresh; in between a message costs a
 * look at the channel that it comes from.
 */
export class BufferReader {
  readonly #channels: readonly Channel[];
  /** For each channel the number in its buffer of the message to read next. */
  readonly #next: number[];
  /** For each channel the id before which it stops, if there is one. */
  #stops: (MessageId | undefined)[] = [];
  /** What the ids of its deliveries are made from. */
  readonly #position: Position;
  /** Of each channel that has something to read. */
  readonly #heads = new Heap<Head>(
    (a, b) => (compareIds(a.message.id, b.message.id) || a.channel - b.channel) < 0,
  );

  constructor(channels: readonly Channel[], start: Start) {
    const ids = startIds(channels, start);
    this.#channels = channels;
    this.#position = Position.after(ids);
    this.#next = channels.map(({ buffer }, index) => buffer.numberAfter(ids[index] as MessageId));
    this.refresh();
  }

  /** The next message; undefined when there is none, or none that was there at the last refresh. */
  next(): Delivery | undefined {
    const head = this.#heads.first;
    if (!head) return undefined;
    const { channel, message } = head;
    this.#position.advance(channel, message.id);
    this.#next[channel] = (this.#next[channel] as number) + 1;
    const following = this.#look(channel);
    if (following) {
      head.message = following;
      this.#heads.firstMoved();
    } else this.#heads.removeFirst();
    return { message, id: this.#position.id(channel), channel };
  }

  /** Looks at every channel: to be called before reading on in another turn, when the buffers may have changed. */
  refresh(): void {
    const heads: Head[] = [];
    for (let channel = 0; channel < this.#channels.length; channel++) {
      const message = this.#look(channel);
      if (message) heads.push({ channel, message });
    }
    this.#heads.fill(heads);
  }

  /** From the next refresh on leaves out this message and what its channel has after it; the first one counts. */
  stopBefore({ channel, message }: Delivery): void {
    this.#stops[channel] ??= message.id;
  }

  /** The messages that were left out have been delivered in their own way: the next refresh goes on after them. */
  skip(leftOut: readonly Delivery[]): void {
    this.#stops = [];
    for (const { channel, message } of leftOut) {
      this.#next[channel] = (this.#channels[channel] as Channel).buffer.numberAfter(message.id);
      this.#position.advance(channel, message.id);
    }
  }

  /** What the channel has to read next. */
  #look(channel: number): Message | undefined {
    const { buffer } = this.#channels[channel] as Channel;
    const number = Math.max(this.#next[channel] as number, buffer.firstNumber);
    this.#next[channel] = number;
    const message = buffer.at(number - buffer.firstNumber);
    const stop = this.#stops[channel];
    return message && stop && compareIds(message.id, stop) >= 0 ? undefined : message;
  }
}

/** For each channel the id after which it begins to read. */
function startIds(channels: readonly Channel[], start: Start): MessageId[] {
  if ('first' in start) return channels.map((channel) => firstPosition(channel, start.first));
  const named = Position.of(start.after, channels.length);
  return channels.map((channel, index) => clamped(channel, named.channelPosition(index)));
}

/** A client that names an id from the future waits for the next message instead of staying deaf until then. */
function clamped(channel: Channel, id: MessageId): MessageId {
  const last = channel.lastMessageId ?? BEFORE_ALL;
  return compareIds(id, last) > 0 ? last : id;
}

/** The id after which a subscriber without an id reads (spec/message-ids.md §4). */
function firstPosition({ buffer, lastMessageId }: Channel, first: number): MessageId {
  if (first === 0) return lastMessageId ?? BEFORE_ALL;
  const index = first > 0 ? Math.min(first, buffer.length) - 1 : Math.max(buffer.length + first, 0);
  return buffer.at(index - 1)?.id ?? BEFORE_ALL;
}

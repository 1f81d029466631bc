import { BEFORE_ALL, compareIds, type Delivery, type Message, type MessageId } from '../message.ts';
import { Position } from '../position.ts';
import type { Start } from '../store.ts';
import type { MemoryChannel } from './channel.ts';
import { Heap } from './heap.ts';
import type { Lack, Page, PagePart } from './past.ts';

/** What it needs of a channel. */
type Channel = Pick<MemoryChannel, 'buffer' | 'lastMessageId'> & Partial<Pick<MemoryChannel, 'missing'>>;

/** A start after an id of each channel, which need not be of one moment. */
export interface Seen {
  readonly seen: readonly MessageId[];
}

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
  /** For each channel the number in its buffer of the message to read next; undefined while it reads its past. */
  readonly #next: (number | undefined)[];
  /** For each channel whose past it reads, the id up to which it has it. */
  readonly #after: MessageId[];
  #lacks: Lack[] = [];
  #page: Page | undefined;
  /** For each channel the id before which it stops, if there is one. */
  #stops: (MessageId | undefined)[] = [];
  /** What the ids of its deliveries are made from. */
  readonly #position: Position;
  /** Of each channel that has something to read. */
  readonly #heads = new Heap<Head>(
    (a, b) => (compareIds(a.message.id, b.message.id) || a.channel - b.channel) < 0,
  );

  constructor(channels: readonly Channel[], start: Start | Seen) {
    const ids = startIds(channels, start);
    this.#channels = channels;
    this.#position = Position.after(ids);
    this.#after = [...ids];
    this.#next = channels.map(() => undefined);
    this.refresh();
  }

  /** There is no next message because some channel's next messages are not here: a page of `lacks` is to be read. */
  get isLacking(): boolean {
    return this.#lacks.length > 0;
  }

  /**
   * The channels of which the next messages are not here. That the page of now has some of them is of no use: they have
   * to be read together with those of others.
   */
  lacks(): readonly Lack[] {
    this.#page = undefined;
    this.refresh();
    return this.#lacks;
  }

  /** Reads from the page, too, while `read` runs. */
  readPage(page: Page, read: () => void): void {
    this.#page = page;
    try {
      read();
    } finally {
      this.#page = undefined;
    }
  }

  /** The next message; undefined when there is none, or none that was there at the last refresh, or it is lacking. */
  next(): Delivery | undefined {
    const head = this.#heads.first;
    if (!head || this.#lacks.length > 0) return undefined;
    const { channel, message } = head;
    this.#position.advance(channel, message.id);
    this.#after[channel] = message.id;
    const number = this.#next[channel];
    if (number !== undefined) this.#next[channel] = number + 1;
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
    this.#lacks = [];
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

  /** From the next refresh on leaves out nothing any more. */
  readToEnd(): void {
    this.#stops = [];
  }

  /** The messages that were left out have been delivered in their own way: the next refresh goes on after them. */
  skip(leftOut: readonly Delivery[]): void {
    this.#stops = [];
    for (const { channel, message } of leftOut) {
      this.#next[channel] = undefined;
      this.#after[channel] = message.id;
      this.#position.advance(channel, message.id);
    }
  }

  /** What the channel has to read next; notes what it lacks. */
  #look(channel: number): Message | undefined {
    const message = this.#lookHere(channel) ?? this.#lookBack(channel);
    const stop = this.#stops[channel];
    return message && stop && compareIds(message.id, stop) >= 0 ? undefined : message;
  }

  /** What the channel's buffer has to read next. */
  #lookHere(channel: number): Message | undefined {
    const { buffer, missing } = this.#channels[channel] as Channel;
    let next = this.#next[channel];
    const after = this.#after[channel] as MessageId;
    if (missing && (next === undefined ? compareIds(after, missing.id) < 0 : buffer.misses(next))) {
      this.#next[channel] = undefined;
      return undefined;
    }
    next ??= buffer.numberAfter(after);
    const number = Math.max(next, buffer.firstNumber);
    this.#next[channel] = number;
    return buffer.at(number - buffer.firstNumber);
  }

  /** What the page has to read next of the channel's past, then what the buffer has after it. */
  #lookBack(channel: number): Message | undefined {
    const { missing } = this.#channels[channel] as Channel;
    if (this.#next[channel] !== undefined || !missing) return undefined;
    const after = this.#after[channel] as MessageId;
    const stop = this.#stops[channel];
    if (stop && compareIds(after, stop) >= 0) return undefined;
    const part = this.#page?.get(channel);
    if (!part || !reaches(part, after)) {
      this.#lacks.push({ place: channel, after, upTo: missing.id });
      return undefined;
    }
    const message = part.messages[indexAfter(part.messages, after)];
    if (message && compareIds(message.id, missing.id) <= 0) return message;
    this.#after[channel] = message || compareIds(part.upTo, missing.id) > 0 ? missing.id : part.upTo;
    return this.#lookHere(channel) ?? this.#lookBack(channel);
  }
}

/** Whether a part of a page has what comes next after the id, or says that nothing does. */
export function reaches(part: PagePart, id: MessageId): boolean {
  return compareIds(part.after, id) <= 0 && compareIds(id, part.upTo) < 0;
}

/** Index of the oldest of the messages after `id`. */
function indexAfter(messages: readonly Message[], id: MessageId): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIds((messages[middle] as Message).id, id) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** For each channel the id after which it begins to read. */
export function startIds(channels: readonly Channel[], start: Start | Seen): MessageId[] {
  if ('seen' in start)
    return channels.map((channel, index) => clamped(channel, start.seen[index] as MessageId));
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
function firstPosition({ buffer, lastMessageId, missing }: Channel, first: number): MessageId {
  if (first === 0) return lastMessageId ?? BEFORE_ALL;
  const index = first > 0 ? Math.min(first, buffer.length) - 1 : Math.max(buffer.length + first, 0);
  return buffer.at(index - 1)?.id ?? (first < 0 && missing ? missing.id : BEFORE_ALL);
}

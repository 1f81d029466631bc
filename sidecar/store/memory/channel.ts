import type { Clock } from '../../clock.ts';
import type { Group } from '../groups.ts';
import type { Message, MessageDraft, MessageId } from '../message.ts';
import type { BufferLimits, ChannelInfo, EndReason, Sink } from '../store.ts';
import type { Filed } from './agenda.ts';
import type { Feed } from './feed.ts';
import { IdClock, type StoreClock } from './id-clock.ts';
import { MessageBuffer } from './message-buffer.ts';
import type { FeedPlaces, Rounds } from './rounds.ts';

/** What a channel needs of the store that it belongs to. */
export interface ChannelHost {
  readonly clock: Clock;
  readonly ids: StoreClock;
  readonly rounds: Rounds;
  messageDropped(message: Message, channel: MemoryChannel): void;
  /** The last subscriber left. */
  deserted(channel: MemoryChannel): void;
}

/** A message that the store has of which this is a copy, and this has not. */
interface Missing {
  readonly id: MessageId;
  /** When that store has none of those up to it any more; milliseconds of Clock.steadyMs. */
  readonly expiresAtMs: number;
}

/** One channel: its buffer, the ids it gives, and the feeds through which subscribers get its messages. */
export class MemoryChannel implements Filed {
  readonly name: string;
  readonly buffer: MessageBuffer;
  /** When there last was a publish or deletion, or a subscriber came or went; milliseconds of Clock.steadyMs. */
  lastUsedMs: number;
  dueSecond: number | undefined;
  /** Undefined while the store does not know the channel. */
  group: Group | undefined;
  readonly #ids: IdClock;
  readonly #host: ChannelHost;
  /** The feeds it belongs to (one a user, for a channel that all users share), with its places in their lists. */
  #feeds = new Map<Feed, number[]>();
  #subscribers = 0;
  #lastSeenSubscriber: number | undefined;
  #missing: Missing | undefined;

  constructor(name: string, host: ChannelHost) {
    this.name = name;
    this.#ids = new IdClock(host.ids);
    this.#host = host;
    this.lastUsedMs = host.clock.steadyMs();
    this.buffer = new MessageBuffer((message) => host.messageDropped(message, this));
  }

  /** Subscribers of this channel; one of a list that names it twice counts twice. */
  get subscribers(): number {
    return this.#subscribers;
  }

  /** Unix seconds of the last coming or going of a subscriber, undefined if there was none. */
  get lastSeenSubscriber(): number | undefined {
    return this.#lastSeenSubscriber;
  }

  /** The newest id given, undefined before the first. */
  get lastMessageId(): MessageId | undefined {
    return this.#ids.last;
  }

  /** The newest message that is not here for want of room; what is newer is here. */
  get missing(): Missing | undefined {
    if (this.#missing && this.#missing.expiresAtMs <= this.#host.clock.steadyMs()) this.#missing = undefined;
    return this.#missing;
  }

  /** A message has left the buffer for want of room, or passed. */
  misses({ id, expiresAtMs }: Missing): void {
    this.#missing = { id, expiresAtMs: Math.max(expiresAtMs, this.#missing?.expiresAtMs ?? 0) };
    this.buffer.leftForRoom();
  }

  /** Drops all messages; the other store has none, either. */
  clear(): void {
    this.buffer.clear();
    this.#missing = undefined;
  }

  /** Drops the messages whose time is over. */
  expire(): void {
    this.buffer.expire(this.#host.clock.steadyMs());
  }

  info(): ChannelInfo {
    this.expire();
    this.#host.rounds.settleFew(this.#feeds);
    return {
      messages: this.buffer.length,
      lastSeenSubscriber: this.#lastSeenSubscriber,
      subscribers: this.#subscribers,
      lastMessageId: this.#ids.last ?? { time: 0, tag: 0 },
    };
  }

  /** Gives the draft its id and keeps it within the limits. */
  store(draft: MessageDraft, limits: BufferLimits): Message {
    const message = this.#keep(this.#ids.next(this.#host.clock.unixMs()), draft, limits);
    this.buffer.trim(limits.length);
    return message;
  }

  /**
   * Keeps a message that already has its id, after all earlier ones; without an id it gets one. One that is not kept
   * leaves the others alone.
   */
  adopt(id: MessageId | undefined, draft: MessageDraft, limits: BufferLimits): Message {
    if (id) this.#ids.last = id;
    const message = this.#keep(id ?? this.#ids.next(this.#host.clock.unixMs()), draft, limits);
    if (message.buffered) {
      this.buffer.trim(limits.length);
      if (this.buffer.length >= limits.length) this.#missing = undefined; // the other store has no more, either
    }
    return message;
  }

  /** The same for one that is in the other store's buffer, but has no room here: only present subscribers get it. */
  pass(id: MessageId, draft: MessageDraft, limits: BufferLimits): Message {
    this.#ids.last = id;
    const message = this.#keep(id, draft, limits, false);
    this.buffer.pass();
    return message;
  }

  #keep(id: MessageId, draft: MessageDraft, limits: BufferLimits, hasRoom = true): Message {
    const nowMs = this.#host.clock.steadyMs();
    const message: Message = {
      id,
      data: draft.data,
      deflated: draft.deflated,
      contentType: draft.contentType,
      eventsourceEvent: draft.eventsourceEvent,
      expiresAtMs: nowMs + limits.timeoutSeconds * 1000,
      buffered: limits.length > 0,
    };
    this.lastUsedMs = nowMs;
    this.buffer.expire(nowMs);
    if (message.buffered && hasRoom) this.buffer.push(message);
    return message;
  }

  /**
   * Queues a message for every subscriber.
   * @returns a promise for when that is done, nothing when it already is.
   */
  handOn(message: Message): Promise<void> | undefined {
    return this.#host.rounds.publish(this.#feeds, message);
  }

  /** The channel stands at this place in the feed's list, perhaps at others too. */
  attach(feed: Feed, place: number): void {
    const places = this.#feeds.get(feed);
    if (places) places.push(place);
    else this.#feeds.set(feed, [place]);
  }

  detach(feed: Feed): void {
    this.#feeds.delete(feed);
  }

  /** Of its subscribers, those of one list after those of another; in each the latest first. */
  sinks(): Sink[] {
    return Array.from(this.#feeds.keys(), (feed) => feed.sinks()).flat();
  }

  subscriberCame(): void {
    this.#subscribers += 1;
    this.seen();
  }

  /** Subscribers of the feed left, at one of its places. */
  subscribersLeft(feed: Feed, count: number): void {
    if (!this.#feeds.has(feed)) return; // they left with all others when they were ended
    this.#subscribers -= count;
    this.seen();
    if (this.#subscribers === 0) this.#host.deserted(this);
  }

  /**
   * Ends the subscribers of every list that this channel is in. The channel has lost them at once, the lists' other
   * channels lose them one list after the other.
   * @returns when all were told.
   */
  async endSubscribers(reason: EndReason): Promise<void> {
    if (this.#feeds.size === 0) return;
    const leaving: FeedPlaces = this.#feeds;
    this.#feeds = new Map();
    this.#subscribers = 0;
    this.seen();
    await this.#host.rounds.end(leaving, reason);
  }

  /** A subscriber came, went or looked. */
  seen(): void {
    this.lastUsedMs = this.#host.clock.steadyMs();
    this.#lastSeenSubscriber = Math.floor(this.#host.clock.unixMs() / 1000);
  }
}

import type { Clock } from '../../clock.ts';
import type { Message, MessageDraft, MessageId } from '../message.ts';
import type { BufferLimits, ChannelInfo, EndReason } from '../store.ts';
import type { Feed } from './feed.ts';
import { IdClock, type StoreClock } from './id-clock.ts';
import { MessageBuffer } from './message-buffer.ts';

/** What a channel tells the store it belongs to. */
export interface ChannelEvents {
  messageDropped(message: Message): void;
  /** The last subscriber left. */
  deserted(channel: MemoryChannel): void;
}

/** One channel: its buffer, the ids it gives, and the feeds through which subscribers get its messages. */
export class MemoryChannel {
  readonly name: string;
  readonly buffer: MessageBuffer;
  /** When there last was a publish or deletion, or a subscriber came or went; milliseconds of Clock.steadyMs. */
  lastUsedMs: number;
  /** Second under which it stands in the store's agenda, undefined when it does not. */
  dueSecond: number | undefined;
  readonly #ids: IdClock;
  readonly #clock: Clock;
  readonly #events: ChannelEvents;
  /** The feeds it belongs to (one a user, for a channel that all users share), with its places in their lists. */
  readonly #feeds = new Map<Feed, number[]>();
  #subscribers = 0;
  #lastSeenSubscriber: number | undefined;

  constructor(name: string, ids: StoreClock, clock: Clock, events: ChannelEvents) {
    this.name = name;
    this.#ids = new IdClock(ids);
    this.#clock = clock;
    this.#events = events;
    this.lastUsedMs = clock.steadyMs();
    this.buffer = new MessageBuffer(events.messageDropped);
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

  /** Drops the messages whose time is over. */
  expire(): void {
    this.buffer.expire(this.#clock.steadyMs());
  }

  info(): ChannelInfo {
    this.expire();
    return {
      messages: this.buffer.length,
      lastSeenSubscriber: this.#lastSeenSubscriber,
      subscribers: this.#subscribers,
      lastMessageId: this.#ids.last ?? { time: 0, tag: 0 },
    };
  }

  /** Gives the draft its id, keeps it within the limits and queues it for every subscriber. */
  publish(draft: MessageDraft, limits: BufferLimits): Message {
    const nowMs = this.#clock.steadyMs();
    const message: Message = {
      id: this.#ids.next(this.#clock.unixMs()),
      data: draft.data,
      deflated: draft.deflated,
      contentType: draft.contentType,
      eventsourceEvent: draft.eventsourceEvent,
      expiresAtMs: nowMs + limits.timeoutSeconds * 1000,
      buffered: limits.length > 0,
    };
    this.lastUsedMs = nowMs;
    this.buffer.expire(nowMs);
    if (message.buffered) this.buffer.push(message);
    this.buffer.trim(limits.length);
    for (const [feed, places] of this.#feeds) for (const place of places) feed.published(place, message);
    return message;
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

  subscriberCame(): void {
    this.#subscribers += 1;
    this.seen();
  }

  subscriberLeft(count = 1): void {
    this.#subscribers -= count;
    this.seen();
    if (this.#subscribers === 0) this.#events.deserted(this);
  }

  /** Ends the subscribers of every list that this channel is in. */
  async endSubscribers(reason: EndReason): Promise<void> {
    await Promise.all([...this.#feeds.keys()].map((feed) => feed.end(reason)));
  }

  /** A subscriber came, went or looked. */
  seen(): void {
    this.lastUsedMs = this.#clock.steadyMs();
    this.#lastSeenSubscriber = Math.floor(this.#clock.unixMs() / 1000);
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessageFormat } from '../../fanout/format.ts';
import { FanoutGroup, SLICE_MEMBERS } from '../../fanout/group.ts';
import { BEFORE_ALL, compareIds, type Message, type MessageDraft, type MessageId } from '../message.ts';
import type { BufferLimits, ChannelInfo, EndReason, Sink, Start } from '../store.ts';
import type { IdClock } from './id-clock.ts';
import { MessageBuffer } from './message-buffer.ts';
import { MemorySubscription } from './subscription.ts';

/** What a channel tells the store it belongs to. */
export interface ChannelEvents {
  messageDropped(message: Message): void;
  /** The last subscriber left. */
  deserted(channel: MemoryChannel): void;
}

/** One channel: its buffer, the ids it gave, and its subscribers by message format. */
export class MemoryChannel {
  readonly name: string;
  readonly buffer: MessageBuffer;
  /** Unix ms of the last publish, info, deletion or coming and going of a subscriber. */
  lastUsedMs: number;
  /** Unix second under which the store has filed it for its next look, undefined when it has not. */
  dueSecond: number | undefined;
  readonly #ids: IdClock;
  readonly #events: ChannelEvents;
  readonly #groups = new Map<MessageFormat, FanoutGroup>();
  readonly #subscriptions = new Set<MemorySubscription>();
  /** Those that still read from the buffer: few, and rarely any. */
  readonly #catchingUp = new Set<MemorySubscription>();
  #lastSeenSubscriber: number | undefined;

  constructor(name: string, ids: IdClock, nowMs: number, events: ChannelEvents) {
    this.name = name;
    this.#ids = ids;
    this.#events = events;
    this.lastUsedMs = nowMs;
    this.buffer = new MessageBuffer(events.messageDropped);
  }

  get subscribers(): number {
    return this.#subscriptions.size;
  }

  get lastMessageId(): MessageId {
    return this.#ids.last ?? { time: 0, tag: 0 };
  }

  info(nowMs: number): ChannelInfo {
    this.buffer.expire(nowMs);
    return {
      messages: this.buffer.length,
      lastSeenSubscriber: this.#lastSeenSubscriber,
      subscribers: this.#subscriptions.size,
      lastMessageId: this.lastMessageId,
    };
  }

  /** Gives the draft its id, keeps it within the limits and queues it for every subscriber. */
  publish(draft: MessageDraft, limits: BufferLimits, nowMs: number): Message {
    const message: Message = {
      id: this.#ids.next(nowMs),
      data: draft.data,
      contentType: draft.contentType,
      eventsourceEvent: draft.eventsourceEvent,
      expiresAtMs: nowMs + limits.timeoutSeconds * 1000,
    };
    this.lastUsedMs = nowMs;
    this.buffer.expire(nowMs);
    if (limits.length > 0) this.buffer.push(message);
    this.buffer.trim(limits.length);
    for (const group of this.#groups.values()) group.push(message);
    for (const subscription of this.#catchingUp) subscription.published(message, limits.length > 0);
    return message;
  }

  subscribe(start: Start, sink: Sink, nowMs: number): MemorySubscription {
    this.lastUsedMs = nowMs;
    this.buffer.expire(nowMs);
    const subscription = new MemorySubscription(this, sink, this.#position(start));
    this.#subscriptions.add(subscription);
    this.#seen(nowMs);
    this.#catchingUp.add(subscription);
    subscription.resume();
    return subscription;
  }

  /** The subscription has read the whole buffer: from now on messages are pushed to it. */
  goLive(subscription: MemorySubscription): void {
    this.#catchingUp.delete(subscription);
    let group = this.#groups.get(subscription.sink.format);
    if (!group) {
      group = new FanoutGroup(subscription.sink.format);
      this.#groups.set(subscription.sink.format, group);
    }
    group.add(subscription);
  }

  leave(subscription: MemorySubscription, nowMs: number): void {
    if (!this.#subscriptions.delete(subscription)) return;
    this.#catchingUp.delete(subscription);
    const group = this.#groups.get(subscription.sink.format);
    if (group) {
      group.remove(subscription);
      if (group.size === 0) this.#groups.delete(subscription.sink.format);
    }
    this.lastUsedMs = nowMs;
    this.#seen(nowMs);
    if (this.#subscriptions.size === 0) this.#events.deserted(this);
  }

  /** Drops all messages; ids go on from the last one given. */
  clear(nowMs: number): void {
    this.buffer.clear();
    this.lastUsedMs = nowMs;
  }

  /**
   * Ends every present subscriber after what is already on its way to it. They leave the channel at once; being told
   * takes a slice of them a turn.
   */
  async endSubscribers(reason: EndReason, nowMs: number): Promise<void> {
    for (const group of this.#groups.values()) group.flush();
    const leaving = [...this.#subscriptions];
    this.#groups.clear();
    this.#catchingUp.clear();
    this.#subscriptions.clear();
    this.lastUsedMs = nowMs;
    for (let i = 0; i < leaving.length; i++) {
      if (i > 0 && i % SLICE_MEMBERS === 0) await nextTurn();
      leaving[i]?.end(reason);
    }
  }

  /** The id after which a new subscriber reads (spec/message-ids.md §4 and §5). */
  #position(start: Start): MessageId {
    const last = this.#ids.last ?? BEFORE_ALL;
    // A client that names an id from the future waits for the next message instead of staying deaf until then.
    if ('after' in start) return compareIds(start.after, last) > 0 ? last : start.after;
    const length = this.buffer.length;
    if (start.first === 0 || length === 0) return last;
    const index = start.first > 0 ? Math.min(start.first, length) - 1 : Math.max(length + start.first, 0);
    return this.buffer.at(index - 1)?.id ?? BEFORE_ALL;
  }

  #seen(nowMs: number): void {
    this.#lastSeenSubscriber = Math.floor(nowMs / 1000);
  }
}

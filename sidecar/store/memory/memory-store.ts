/**
 * The embedded store: channels in this process, nothing to install, gone with the process. Expiry needs no scan over
 * all channels: each is filed under the second in which it next has something to do.
 */
import { type Delivery, dataBytes, type Message, type MessageDraft } from '../message.ts';
import {
  type BufferLimits,
  type ChannelInfo,
  type ListInfo,
  type Sink,
  type Start,
  StorageFullError,
  type Store,
  type StoreTotals,
  type Subscription,
} from '../store.ts';
import { BufferReader } from './buffer-reader.ts';
import { type ChannelEvents, MemoryChannel } from './channel.ts';
import { Feed } from './feed.ts';
import { StoreClock } from './id-clock.ts';
import { MemorySubscription } from './subscription.ts';

/** Memory that a buffered message takes beside its data, and a channel beside its messages; measured, rounded up. */
const MESSAGE_OVERHEAD_BYTES = 384;
const CHANNEL_OVERHEAD_BYTES = 768;

/** Seconds that a channel without messages and subscribers stays known after its last use (spec/surprises.md A20). */
const IDLE_CHANNEL_SECONDS = 5;

export interface MemoryStoreOptions {
  /** Bytes of channels and buffered messages, with what they take beside their data. */
  readonly limitBytes: number;
}

export class MemoryStore implements Store {
  #limitBytes: number;
  readonly #channels = new Map<string, MemoryChannel>();
  /** Unix second → channels to look at then. */
  readonly #agenda = new Map<number, Set<MemoryChannel>>();
  /** By the names of their channels, joined by commas, which names do not contain. */
  readonly #feeds = new Map<string, Feed>();
  readonly #clock = new StoreClock(Math.floor(Date.now() / 1000) + 1);
  readonly #timer: NodeJS.Timeout;
  #swept = Math.floor(Date.now() / 1000);
  #bytes = 0;
  #messages = 0;

  constructor(options: MemoryStoreOptions) {
    this.#limitBytes = options.limitBytes;
    this.#timer = setInterval(() => this.#sweep(Date.now()), 1000);
    this.#timer.unref();
  }

  /** Changes the limit; what is stored stays. */
  setLimit(limitBytes: number): void {
    this.#limitBytes = limitBytes;
  }

  async publish(name: string, draft: MessageDraft, limits: BufferLimits): Promise<ChannelInfo> {
    const size = dataBytes(draft) + MESSAGE_OVERHEAD_BYTES;
    if (limits.length > 0 && this.#usedBytes() + size > this.#limitBytes)
      throw new StorageFullError(this.#limitBytes);
    const nowMs = Date.now();
    const channel = this.#obtain(name, nowMs);
    if (limits.length > 0) {
      this.#bytes += size;
      this.#messages += 1;
    }
    const message = channel.publish(draft, limits, nowMs);
    if (limits.length > 0) this.#file(channel, message.expiresAtMs);
    else this.#fileIdle(channel);
    return channel.info(nowMs);
  }

  async info(name: string): Promise<ChannelInfo | undefined> {
    return this.#channels.get(name)?.info(Date.now());
  }

  async delete(name: string): Promise<ChannelInfo | undefined> {
    const channel = this.#channels.get(name);
    if (!channel) return undefined;
    const nowMs = Date.now();
    const before = channel.info(nowMs);
    const ended = channel.endSubscribers('deleted');
    channel.buffer.clear();
    this.#fileIdle(channel);
    await ended;
    return before;
  }

  subscribe(names: readonly string[], start: Start, sink: Sink): Subscription {
    const feed = this.#feed(names);
    const subscription = new MemorySubscription(feed, sink, start);
    feed.add(subscription);
    subscription.resume();
    return subscription;
  }

  async read(names: readonly string[], start: Start, limit: number, limitBytes: number): Promise<Delivery[]> {
    const nowMs = Date.now();
    const channels = names.map((name) => this.#channels.get(name) ?? this.#newChannel(name, nowMs));
    for (const channel of channels) {
      channel.buffer.expire(nowMs);
      channel.seen();
    }
    const reader = new BufferReader(channels, start);
    const deliveries: Delivery[] = [];
    let bytes = 0;
    while (deliveries.length < limit && bytes < limitBytes) {
      const delivery = reader.next();
      if (!delivery) break;
      deliveries.push(delivery);
      bytes += delivery.message.data.length;
    }
    return deliveries;
  }

  async listInfo(names: readonly string[]): Promise<ListInfo | undefined> {
    return this.#feeds.get(names.join(','))?.info();
  }

  totals(): StoreTotals {
    let subscribers = 0;
    for (const feed of this.#feeds.values()) subscribers += feed.subscribers;
    return { channels: this.#channels.size, subscribers, messages: this.#messages, bytes: this.#usedBytes() };
  }

  /** Entries in the agenda, at most one a channel. */
  get filed(): number {
    let entries = 0;
    for (const due of this.#agenda.values()) entries += due.size;
    return entries;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#feeds.values()].map((feed) => feed.end('shutdown')));
  }

  #usedBytes(): number {
    return this.#bytes + this.#channels.size * CHANNEL_OVERHEAD_BYTES;
  }

  #obtain(name: string, nowMs: number): MemoryChannel {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = this.#newChannel(name, nowMs);
      this.#channels.set(name, channel);
    }
    return channel;
  }

  #newChannel(name: string, nowMs: number): MemoryChannel {
    return new MemoryChannel(name, this.#clock, nowMs, this.#events);
  }

  #feed(names: readonly string[]): Feed {
    const key = names.join(',');
    let feed = this.#feeds.get(key);
    if (!feed) {
      const nowMs = Date.now();
      const channels = names.map((name) => this.#obtain(name, nowMs));
      feed = new Feed(key, channels, (deserted) => this.#feeds.delete(deserted.key));
      this.#feeds.set(key, feed);
    }
    for (const channel of feed.channels) channel.buffer.expire(Date.now());
    return feed;
  }

  readonly #events: ChannelEvents = {
    messageDropped: (message: Message): void => {
      this.#bytes -= dataBytes(message) + MESSAGE_OVERHEAD_BYTES;
      this.#messages -= 1;
    },
    deserted: (channel: MemoryChannel): void => this.#fileIdle(channel),
  };

  /** Files a channel for a look at `atMs`, unless one is due sooner: that look files it again. */
  #file(channel: MemoryChannel, atMs: number): void {
    const second = Math.max(Math.ceil(atMs / 1000), this.#swept + 1);
    if (channel.dueSecond !== undefined && channel.dueSecond <= second) return;
    this.#unfile(channel);
    channel.dueSecond = second;
    const due = this.#agenda.get(second);
    if (due) due.add(channel);
    else this.#agenda.set(second, new Set([channel]));
  }

  #unfile(channel: MemoryChannel): void {
    if (channel.dueSecond === undefined) return;
    const due = this.#agenda.get(channel.dueSecond);
    due?.delete(channel);
    if (due?.size === 0) this.#agenda.delete(channel.dueSecond);
    channel.dueSecond = undefined;
  }

  #fileIdle(channel: MemoryChannel): void {
    this.#file(channel, channel.lastUsedMs + IDLE_CHANNEL_SECONDS * 1000);
  }

  /** Looks at every channel filed up to now: expires messages, forgets idle channels, files the rest again. */
  #sweep(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    if (now - this.#swept > 3600) {
      // The clock leapt: look at everything once instead of walking through every second.
      const all = [...this.#agenda.values()];
      this.#agenda.clear();
      this.#swept = now;
      for (const due of all) for (const channel of due) this.#attend(channel, nowMs);
      return;
    }
    while (this.#swept < now) {
      this.#swept += 1;
      const due = this.#agenda.get(this.#swept);
      if (!due) continue;
      this.#agenda.delete(this.#swept);
      for (const channel of due) this.#attend(channel, nowMs);
    }
  }

  #attend(channel: MemoryChannel, nowMs: number): void {
    if (this.#channels.get(channel.name) !== channel) return;
    channel.dueSecond = undefined;
    channel.buffer.expire(nowMs);
    const oldest = channel.buffer.at(0);
    if (oldest) {
      this.#file(channel, oldest.expiresAtMs);
    } else if (channel.subscribers === 0) {
      const idle = nowMs - channel.lastUsedMs >= IDLE_CHANNEL_SECONDS * 1000;
      // While the ids' second stands still, a channel that began anew would give the same ids again.
      const idsMoveOn = (channel.lastMessageId?.time ?? 0) < this.#clock.at(nowMs);
      if (idle && idsMoveOn) this.#channels.delete(channel.name);
      else this.#file(channel, Math.max(channel.lastUsedMs + IDLE_CHANNEL_SECONDS * 1000, nowMs + 1000));
    }
  }
}

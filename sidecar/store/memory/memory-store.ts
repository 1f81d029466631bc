/** The embedded store: channels in this process, nothing to install, gone with the process. */
import { type Clock, SYSTEM_CLOCK } from '../../clock.ts';
import { WorkQueue } from '../../fanout/work-queue.ts';
import { every } from '../../timers.ts';
import { Groups } from '../groups.ts';
import { compareIds, type Delivery, type Message, type MessageDraft, type MessageId } from '../message.ts';
import {
  type BufferLimits,
  type ChannelInfo,
  type ListInfo,
  type Sink,
  type Start,
  StorageFullError,
  type Store,
  type StoreSize,
  type StoreTotals,
  type Subscription,
} from '../store.ts';
import { BufferReader, type Seen, startIds } from './buffer-reader.ts';
import type { MemoryChannel } from './channel.ts';
import { ChannelTable } from './channel-table.ts';
import { Feed, type FeedHost } from './feed.ts';
import { Feeds } from './feeds.ts';
import type { Past } from './past.ts';
import { type FeedPlaces, Rounds } from './rounds.ts';
import { MemorySubscription } from './subscription.ts';

/** Seconds between looks at what has expired. */
const SWEEP_SECONDS = 1;

/** A message that another store kept. */
export interface OlderMessage extends MessageDraft {
  readonly id: MessageId;
  readonly ttlSeconds: number;
}

export interface MemoryStoreOptions {
  /** Bytes of channels and buffered messages, with what they take beside their data. */
  readonly limitBytes: number;
  readonly clock?: Clock;
  /** Where groups are counted; those of several stores together. */
  readonly groups?: Groups;
  /** Steps of work in a turn of the event loop; tests that look between turns take few. */
  readonly stepsPerTurn?: number;
  /** A store that outlives the process says after which id each channel goes on: ids may begin with this second. */
  readonly remembered?: boolean;
  /** Called with the name of each channel that is forgotten, since nobody used it. */
  readonly forgotten?: (name: string) => void;
  /** Called with the channel of each message of another store that leaves, or is only delivered, for want of room. */
  readonly crowded?: (channel: string) => void;
  /** Takes what was thrown while one subscriber was served; the subscriber has been ended, the others go on. */
  readonly fault?: (error: unknown) => void;
}

/** Where nobody takes them, faults end the process like any other error that nobody caught. */
function uncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

export class MemoryStore implements Store {
  readonly available = true;
  readonly groups: Groups;
  readonly #channels: ChannelTable;
  readonly #feeds: Feeds;
  readonly #clock: Clock;
  readonly #rounds: Rounds;
  readonly #feedHost: FeedHost;
  readonly #timer: NodeJS.Timeout;
  #closing = false;
  #past: Past | undefined;

  constructor(options: MemoryStoreOptions) {
    const {
      limitBytes,
      clock = SYSTEM_CLOCK,
      stepsPerTurn,
      fault = uncaught,
      forgotten,
      crowded = () => {},
      remembered = false,
      groups = new Groups(),
    } = options;
    this.groups = groups;
    this.#clock = clock;
    const queue = new WorkQueue(stepsPerTurn);
    const rounds = new Rounds(queue);
    this.#rounds = rounds;
    this.#feeds = new Feeds(rounds);
    this.#channels = new ChannelTable({ limitBytes, clock, groups, rounds, remembered, forgotten, crowded });
    this.#feedHost = {
      queue,
      rounds,
      fault,
      deserted: (feed) => this.#feeds.forget(feed),
      past: () => this.#past as Past,
    };
    this.#timer = every(SWEEP_SECONDS, () => queue.add(this.#channels.due()));
  }

  get channels(): Store['channels'] {
    return this.#channels.channels;
  }

  /** Bytes that channels and messages may take. */
  get limitBytes(): number {
    return this.#channels.space.limitBytes;
  }

  /** Changes the limit; what is stored stays. */
  setLimit(limitBytes: number): void {
    this.#channels.space.limitBytes = limitBytes;
  }

  /**
   * Says that this is a copy of another store, of whose messages any may leave to make room for newer ones.
   * @param past where they can be read.
   */
  isCopy(past: Past): void {
    this.#past = past;
    this.#channels.allowEvictions();
  }

  /** For each channel of a list whether only the other store knows where someone begins who starts so. */
  needsPast(names: readonly string[], start: Start): boolean[] {
    return names.map((name) => {
      const channel = this.#channels.get(name);
      if (!channel?.missing || !('first' in start)) return false;
      return start.first > 1 || -start.first > channel.buffer.length;
    });
  }

  /** For each channel the id after which someone begins who starts so, if `needsPast` says that it is known here. */
  begins(names: readonly string[], start: Start): MessageId[] {
    return startIds(this.#channels.list(names), start);
  }

  /** Resolves when every list has the message, so that publishers cannot be faster than lists are served. */
  async publish(name: string, draft: MessageDraft, limits: BufferLimits): Promise<ChannelInfo> {
    if (limits.length > 0 && !this.#channels.space.hasRoom(draft))
      throw new StorageFullError(this.limitBytes);
    const channel = this.#channels.obtain(name);
    const handedOn = this.#stored(channel, channel.store(draft, limits));
    const info = channel.info();
    await handedOn;
    return info;
  }

  /**
   * Keeps and delivers a message of another store, of which this one has a copy. Where there is no room for it, older
   * ones leave; where that is not enough, it is only delivered.
   * @param id after those of all earlier messages; undefined to give it one.
   */
  adopt(
    name: string,
    id: MessageId | undefined,
    draft: MessageDraft,
    limits: BufferLimits,
  ): Promise<void> | undefined {
    const channel = this.#channels.obtain(name);
    if (limits.length === 0 || this.#channels.makeRoom(channel, draft)) {
      return this.#stored(channel, channel.adopt(id, draft, limits));
    }
    const message =
      id && this.#past ? channel.pass(id, draft, limits) : channel.adopt(id, draft, { ...limits, length: 0 });
    this.#channels.passed(channel, message);
    this.#channels.idle(channel);
    return channel.handOn(message);
  }

  /** Whether no message of the channel was ever here. */
  isNew(name: string): boolean {
    return this.#channels.get(name)?.lastMessageId === undefined;
  }

  /**
   * Keeps older messages that another store had, as far as there is room for them; nobody present gets them.
   * @param messages the oldest first; those that are not before all that are here are left out.
   * @param most messages that the channel may have.
   */
  prepend(name: string, messages: readonly OlderMessage[], most: number): void {
    const channel = this.#channels.obtain(name);
    const nowMs = this.#clock.steadyMs();
    for (let i = messages.length - 1; i >= 0; i--) {
      const { id, data, contentType, eventsourceEvent, ttlSeconds } = messages[i] as OlderMessage;
      const oldest = channel.buffer.at(0);
      if (oldest && compareIds(id, oldest.id) >= 0) continue;
      const draft = { data, contentType, eventsourceEvent };
      const message = { ...draft, id, expiresAtMs: nowMs + ttlSeconds * 1000, buffered: true };
      if (channel.buffer.length >= most) break;
      if (!this.#channels.space.hasRoom(draft)) {
        this.#channels.passed(channel, message);
        break;
      }
      channel.buffer.unshift(message);
      this.#channels.kept(channel, message);
    }
  }

  /** Makes the channel known, until it has been idle for long enough. */
  keep(name: string): void {
    this.#channels.idle(this.#channels.obtain(name));
  }

  /** Drops a channel that nobody subscribes to, with its messages. */
  forget(name: string): void {
    const channel = this.#channels.get(name);
    if (!channel || channel.subscribers > 0) return;
    channel.clear();
    this.#channels.forget(channel);
  }

  async info(name: string): Promise<ChannelInfo | undefined> {
    return this.#channels.get(name)?.info();
  }

  async delete(name: string): Promise<ChannelInfo | undefined> {
    const channel = this.#channels.get(name);
    if (!channel) return undefined;
    const before = channel.info();
    const ended = channel.endSubscribers('deleted');
    channel.clear();
    this.#channels.idle(channel);
    await ended;
    return before;
  }

  subscribe(names: readonly string[], start: Start | Seen, sink: Sink): Subscription {
    const feed = this.#feeds.find(names) ?? this.#newFeed(names);
    for (const channel of feed.channels) channel.expire();
    const subscription = new MemorySubscription(feed, sink, start);
    feed.add(subscription);
    try {
      subscription.begin();
    } catch (error) {
      subscription.cancel();
      throw error;
    }
    if (this.#closing) void this.#end([feed]);
    return subscription;
  }

  /** @throws what Past.read throws. */
  async read(
    names: readonly string[],
    start: Start | Seen,
    limit: number,
    limitBytes: number,
  ): Promise<Delivery[]> {
    const channels = this.#channels.list(names);
    for (const channel of channels) {
      channel.expire();
      channel.seen();
    }
    const reader = new BufferReader(channels, start);
    const deliveries: Delivery[] = [];
    let bytes = 0;
    const readOn = (): void => {
      reader.refresh();
      while (deliveries.length < limit && bytes < limitBytes) {
        const delivery = reader.next();
        if (!delivery) break;
        deliveries.push(delivery);
        bytes += delivery.message.data.length;
      }
    };
    readOn();
    while (reader.isLacking && deliveries.length < limit && bytes < limitBytes) {
      await (this.#past as Past).read(names, reader.lacks(), (page) => reader.readPage(page, readOn));
    }
    return deliveries;
  }

  async listInfo(names: readonly string[]): Promise<ListInfo | undefined> {
    return this.#feeds.find(names)?.info();
  }

  subscribersHere(names: readonly string[]): number {
    const [name, ...others] = names;
    if (others.length > 0) return this.#feeds.find(names)?.subscribers ?? 0;
    return this.#channels.get(name as string)?.subscribers ?? 0;
  }

  sinks(name: string): Sink[] {
    return this.#channels.get(name)?.sinks() ?? [];
  }

  get size(): StoreSize {
    const { messages, bytes } = this.#channels.space;
    return { channels: this.channels.size, lists: this.#feeds.lists, messages, bytes };
  }

  newChannels(names: readonly string[]): number {
    const [name] = names;
    if (names.length === 1) return this.#channels.get(name as string) ? 0 : 1;
    return new Set(names.filter((one) => !this.#channels.get(one))).size;
  }

  totals(): StoreTotals {
    const { messages, bytes } = this.#channels.space;
    return { channels: this.channels.size, subscribers: this.#feeds.subscribers, messages, bytes };
  }

  /** Entries in the agenda, at most one a channel. */
  get filed(): number {
    return this.#channels.filed;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing = true;
    await this.#end(this.#feeds.all());
  }

  /** Forgets everything after `close`, for a process that goes on: its groups count nothing of this store any more. */
  drop(): Promise<void> {
    return this.#channels.drop();
  }

  async #end(feeds: Iterable<Feed>): Promise<void> {
    const ending: FeedPlaces = new Map(Array.from(feeds, (feed) => [feed, []]));
    await this.#rounds.end(ending, 'shutdown');
  }

  /** Counts and hands on what a channel has just kept. */
  #stored(channel: MemoryChannel, message: Message): Promise<void> | undefined {
    if (message.buffered) this.#channels.kept(channel, message);
    else this.#channels.idle(channel);
    return channel.handOn(message);
  }

  #newFeed(names: readonly string[]): Feed {
    const channels = names.map((name) => this.#channels.obtain(name));
    const feed = new Feed(names.join(','), channels, this.#feedHost);
    this.#feeds.add(feed);
    return feed;
  }
}

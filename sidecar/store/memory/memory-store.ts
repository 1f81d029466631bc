/** The embedded store: channels in this process, nothing to install, gone with the process. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, SYSTEM_CLOCK } from '../../clock.ts';
import { WorkQueue } from '../../fanout/work-queue.ts';
import { every } from '../../timers.ts';
import { Groups } from '../groups.ts';
import {
  compareIds,
  type Delivery,
  keptBytes,
  type Message,
  type MessageDraft,
  type MessageId,
} from '../message.ts';
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
import { Agenda } from './agenda.ts';
import { BufferReader, type Seen, startIds } from './buffer-reader.ts';
import { type ChannelHost, MemoryChannel } from './channel.ts';
import { Evictions } from './evictions.ts';
import { Feed, type FeedHost } from './feed.ts';
import { StoreClock } from './id-clock.ts';
import type { Past } from './past.ts';
import { type FeedPlaces, Rounds } from './rounds.ts';
import { MemorySubscription } from './subscription.ts';

/** Memory that a channel takes beside its messages; measured, rounded up. Longer names than this count besides. */
const CHANNEL_OVERHEAD_BYTES = 768;
const USUAL_NAME_BYTES = 128;

/** Seconds that a channel without messages and subscribers stays known after its last use (spec/surprises.md A20). */
const IDLE_CHANNEL_SECONDS = 5;

/** Channels and messages that are forgotten in one turn of the event loop. */
const DROPPED_PER_TURN = 8192;

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

/** What a channel takes for its name, percent-encoded, beyond the overhead. */
function extraBytes(name: string): number {
  return Math.max(name.length - USUAL_NAME_BYTES, 0);
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
  #limitBytes: number;
  readonly #channels = new Map<string, MemoryChannel>();
  /** By the names of their channels, joined by commas, which names do not contain. */
  readonly #feeds = new Map<string, Feed>();
  readonly #clock: Clock;
  readonly #ids: StoreClock;
  readonly #agenda: Agenda<MemoryChannel>;
  readonly #rounds: Rounds;
  readonly #channelHost: ChannelHost;
  readonly #feedHost: FeedHost;
  readonly #timer: NodeJS.Timeout;
  #closing = false;
  #isDropped = false;
  readonly #forgotten: ((name: string) => void) | undefined;
  readonly #evictions: Evictions;
  #past: Past | undefined;
  /** Of messages, and of what channels take beyond the overhead of each. */
  #bytes = 0;
  #messages = 0;
  /** Feeds of several channels. */
  #lists = 0;

  constructor(options: MemoryStoreOptions) {
    const {
      limitBytes,
      clock = SYSTEM_CLOCK,
      stepsPerTurn,
      fault = uncaught,
      forgotten,
      crowded = () => {},
      remembered,
      groups = new Groups(),
    } = options;
    this.groups = groups;
    this.#limitBytes = limitBytes;
    this.#forgotten = forgotten;
    this.#evictions = new Evictions(crowded);
    this.#clock = clock;
    const queue = new WorkQueue(stepsPerTurn);
    const rounds = new Rounds(queue);
    const ids = new StoreClock(Math.floor(clock.unixMs() / 1000) + (remembered ? 0 : 1));
    this.#ids = ids;
    this.#rounds = rounds;
    this.#agenda = new Agenda(clock.steadyMs(), (channel) => this.#attend(channel));
    this.#channelHost = {
      clock,
      ids,
      rounds,
      messageDropped: (message, channel) => this.#dropped(message, channel),
      deserted: (channel) => {
        this.#evictions.unwatched(channel);
        this.#fileIdle(channel);
      },
    };
    this.#feedHost = {
      queue,
      rounds,
      fault,
      deserted: (feed) => this.#forgetFeed(feed),
      past: () => this.#past as Past,
    };
    this.#timer = every(SWEEP_SECONDS, () => {
      this.#agenda.dueUntil(clock.steadyMs());
      queue.add(this.#agenda);
    });
  }

  get channels(): Store['channels'] {
    return this.#channels;
  }

  /** Bytes that channels and messages may take. */
  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Changes the limit; what is stored stays. */
  setLimit(limitBytes: number): void {
    this.#limitBytes = limitBytes;
  }

  /**
   * Says that this is a copy of another store, of whose messages any may leave to make room for newer ones.
   * @param past where they can be read.
   */
  isCopy(past: Past): void {
    this.#past = past;
    this.#evictions.allow();
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
    return startIds(this.#list(names), start);
  }

  /** Resolves when every list has the message, so that publishers cannot be faster than lists are served. */
  async publish(name: string, draft: MessageDraft, limits: BufferLimits): Promise<ChannelInfo> {
    if (limits.length > 0 && !this.#hasRoom(draft)) throw new StorageFullError(this.#limitBytes);
    const channel = this.#obtain(name);
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
    const channel = this.#obtain(name);
    const fits = keptBytes(draft) <= this.#limitBytes;
    if (limits.length === 0 || this.#evictions.makeRoom(channel, fits, () => this.#hasRoom(draft))) {
      return this.#stored(channel, channel.adopt(id, draft, limits));
    }
    const message =
      id && this.#past ? channel.pass(id, draft, limits) : channel.adopt(id, draft, { ...limits, length: 0 });
    this.#evictions.passed(channel, message);
    this.#fileIdle(channel);
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
    const channel = this.#obtain(name);
    const nowMs = this.#clock.steadyMs();
    for (let i = messages.length - 1; i >= 0; i--) {
      const { id, data, contentType, eventsourceEvent, ttlSeconds } = messages[i] as OlderMessage;
      const oldest = channel.buffer.at(0);
      if (oldest && compareIds(id, oldest.id) >= 0) continue;
      const draft = { data, contentType, eventsourceEvent };
      const message = { ...draft, id, expiresAtMs: nowMs + ttlSeconds * 1000, buffered: true };
      if (channel.buffer.length >= most) break;
      if (!this.#hasRoom(draft)) {
        this.#evictions.passed(channel, message);
        break;
      }
      channel.buffer.unshift(message);
      this.#kept(channel, message);
    }
  }

  /** Makes the channel known, until it has been idle for long enough. */
  keep(name: string): void {
    this.#fileIdle(this.#obtain(name));
  }

  /** Drops a channel that nobody subscribes to, with its messages. */
  forget(name: string): void {
    const channel = this.#channels.get(name);
    if (!channel || channel.subscribers > 0) return;
    channel.clear();
    this.#forget(channel);
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
    this.#fileIdle(channel);
    await ended;
    return before;
  }

  subscribe(names: readonly string[], start: Start | Seen, sink: Sink): Subscription {
    const feed = this.#findFeed(names) ?? this.#newFeed(names);
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
    const channels = this.#list(names);
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
    return this.#findFeed(names)?.info();
  }

  subscribersHere(names: readonly string[]): number {
    const [name, ...others] = names;
    if (others.length > 0) return this.#findFeed(names)?.subscribers ?? 0;
    return this.#channels.get(name as string)?.subscribers ?? 0;
  }

  sinks(name: string): Sink[] {
    return this.#channels.get(name)?.sinks() ?? [];
  }

  get size(): StoreSize {
    return {
      channels: this.#channels.size,
      lists: this.#lists,
      messages: this.#messages,
      bytes: this.#usedBytes(),
    };
  }

  newChannels(names: readonly string[]): number {
    const [name] = names;
    if (names.length === 1) return this.#channels.has(name as string) ? 0 : 1;
    return new Set(names.filter((one) => !this.#channels.has(one))).size;
  }

  totals(): StoreTotals {
    let subscribers = 0;
    for (const feed of this.#feeds.values()) subscribers += feed.subscribers;
    return { channels: this.#channels.size, subscribers, messages: this.#messages, bytes: this.#usedBytes() };
  }

  /** Entries in the agenda, at most one a channel. */
  get filed(): number {
    return this.#agenda.size;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing = true;
    await this.#end(this.#feeds.values());
  }

  /** Forgets everything after `close`, for a process that goes on: its groups count nothing of this store any more. */
  async drop(): Promise<void> {
    this.#isDropped = true;
    let left = DROPPED_PER_TURN;
    for (const channel of this.#channels.values()) {
      left -= 1 + channel.buffer.length;
      channel.buffer.clear();
      channel.group?.channelLeft();
      channel.group = undefined;
      if (left > 0) continue;
      left = DROPPED_PER_TURN;
      await nextTurn();
    }
    this.#channels.clear();
  }

  async #end(feeds: Iterable<Feed>): Promise<void> {
    const ending: FeedPlaces = new Map(Array.from(feeds, (feed) => [feed, []]));
    await this.#rounds.end(ending, 'shutdown');
  }

  /** Counts and hands on what a channel has just kept. */
  #stored(channel: MemoryChannel, message: Message): Promise<void> | undefined {
    if (message.buffered) this.#kept(channel, message);
    else this.#fileIdle(channel);
    return channel.handOn(message);
  }

  #kept(channel: MemoryChannel, message: Message): void {
    const bytes = keptBytes(message);
    this.#bytes += bytes;
    this.#messages += 1;
    channel.group?.messageKept(bytes);
    this.#agenda.file(channel, message.expiresAtMs);
    if (channel.subscribers === 0) this.#evictions.filled(channel);
  }

  #hasRoom(draft: MessageDraft): boolean {
    return this.#usedBytes() + keptBytes(draft) <= this.#limitBytes;
  }

  #usedBytes(): number {
    return this.#bytes + this.#channels.size * CHANNEL_OVERHEAD_BYTES;
  }

  #obtain(name: string): MemoryChannel {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = this.#newChannel(name);
      if (!this.#isDropped) {
        channel.group = this.groups.ofNewChannel(name);
        channel.group.channelCame();
      }
      this.#channels.set(name, channel);
      this.#bytes += extraBytes(name);
    }
    return channel;
  }

  /** The channels of a list; those that nobody knows are empty, and nobody gets to know them. */
  #list(names: readonly string[]): MemoryChannel[] {
    return names.map((name) => this.#channels.get(name) ?? this.#newChannel(name));
  }

  #newChannel(name: string): MemoryChannel {
    return new MemoryChannel(name, this.#channelHost);
  }

  /** The feed of this list as if everything had happened everywhere at once; see Rounds. */
  #findFeed(names: readonly string[]): Feed | undefined {
    const key = names.join(',');
    const feed = this.#feeds.get(key);
    if (feed) this.#rounds.settle(feed);
    return this.#feeds.get(key); // perhaps it has just been closed
  }

  #newFeed(names: readonly string[]): Feed {
    const channels = names.map((name) => this.#obtain(name));
    const feed = new Feed(names.join(','), channels, this.#feedHost);
    this.#feeds.set(feed.key, feed);
    if (names.length > 1) this.#lists += 1;
    return feed;
  }

  #forgetFeed({ key, channels }: Feed): void {
    if (this.#feeds.delete(key) && channels.length > 1) this.#lists -= 1;
  }

  #dropped(message: Message, { group }: MemoryChannel): void {
    const bytes = keptBytes(message);
    this.#bytes -= bytes;
    this.#messages -= 1;
    group?.messageDropped(bytes);
  }

  #fileIdle(channel: MemoryChannel): void {
    this.#agenda.file(channel, channel.lastUsedMs + IDLE_CHANNEL_SECONDS * 1000);
  }

  /** Expires a channel's messages; forgets it when it is idle, else files it for its next look. */
  #attend(channel: MemoryChannel): void {
    if (this.#channels.get(channel.name) !== channel) return;
    channel.expire();
    const oldest = channel.buffer.at(0);
    if (oldest) {
      this.#agenda.file(channel, oldest.expiresAtMs);
    } else if (channel.missing) {
      this.#agenda.file(channel, channel.missing.expiresAtMs);
    } else if (channel.subscribers === 0) {
      const idleMs = this.#clock.steadyMs() - channel.lastUsedMs;
      if (idleMs >= IDLE_CHANNEL_SECONDS * 1000) this.#forget(channel);
      else this.#fileIdle(channel);
    }
  }

  #forget(channel: MemoryChannel): void {
    this.#channels.delete(channel.name);
    this.#bytes -= extraBytes(channel.name);
    this.#evictions.forget(channel);
    channel.group?.channelLeft();
    this.#forgotten?.(channel.name);
    // A channel that begins anew gives its first id of a second again, so that second must be over for everyone: after
    // the wall clock stepped back it could last for hours.
    if (channel.lastMessageId) this.#ids.skip(channel.lastMessageId.time);
  }
}

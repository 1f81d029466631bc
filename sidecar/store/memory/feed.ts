/**
 * What subscriptions of one channel list attach to: a single channel, or several multiplexed in an order that their
 * message ids depend on (spec/message-ids.md §§2 and 7). Everyone who is up to date on the same list gets the same ids,
 * so a message is encoded once per format for all of them.
 */
import type { MessageFormat } from '../../fanout/format.ts';
import { FanoutGroup, type GroupOwner } from '../../fanout/group.ts';
import type { WorkQueue } from '../../fanout/work-queue.ts';
import type { Group } from '../groups.ts';
import type { Delivery, Message } from '../message.ts';
import { Position } from '../position.ts';
import type { EndReason, ListInfo, Sink } from '../store.ts';
import type { MemoryChannel } from './channel.ts';
import type { Lack, Page, Past } from './past.ts';
import type { Rounds } from './rounds.ts';
import type { MemorySubscription } from './subscription.ts';

/** What a feed needs of the store that it belongs to. */
export interface FeedHost {
  readonly queue: WorkQueue;
  readonly rounds: Rounds;
  /** The last subscription left, or all were ended: the feed is of no use any more. */
  deserted(feed: Feed): void;
  /** For a copy of another store: where its channels' past is. */
  past(): Past;
  /** Serving one subscriber failed; it was ended, the others go on. */
  fault(error: unknown): void;
}

export class Feed implements GroupOwner<MemorySubscription> {
  readonly key: string;
  readonly channels: readonly MemoryChannel[];
  /** Number of the last round of its channels that it took part in; see Rounds. */
  lastRound: number;
  readonly #group: Group | undefined;
  readonly #host: FeedHost;
  /** Where everyone is who has seen all there is. */
  readonly #head: Position;
  readonly #groups = new Map<MessageFormat, FanoutGroup<MemorySubscription>>();
  /** Those not yet told that they ended, when it is closed. */
  readonly #subscriptions = new Set<MemorySubscription>();
  /** Those that still read from the buffers: few, and rarely any. */
  readonly #catchingUp = new Set<MemorySubscription>();
  /** Attached to its channels, and known to the store. */
  #attached = true;
  #endReason: EndReason = 'deleted';

  constructor(key: string, channels: readonly MemoryChannel[], host: FeedHost) {
    this.key = key;
    this.channels = channels;
    this.lastRound = host.rounds.last;
    this.#group = channels[0]?.group; // all channels of a request are of one group
    this.#host = host;
    this.#head = Position.after(channels.map((channel) => channel.lastMessageId));
    channels.forEach((channel, place) => void channel.attach(this, place));
  }

  get subscribers(): number {
    return this.#subscriptions.size;
  }

  info(): ListInfo {
    const [first] = this.channels; // its last coming or going is that of one of the feed's, or later
    return { subscribers: this.#subscriptions.size, lastSeenSubscriber: first?.lastSeenSubscriber };
  }

  /** Of its subscriptions, the latest first. */
  sinks(): Sink[] {
    return Array.from(this.#subscriptions, ({ sink }) => sink).reverse();
  }

  /** The feed must have taken part in all rounds, or the subscription would get what it finds in the buffers twice. */
  add(subscription: MemorySubscription): void {
    this.#subscriptions.add(subscription);
    this.#group?.subscriberCame();
    this.#beginsReading(subscription);
    for (const channel of this.channels) channel.subscriberCame();
  }

  /** The subscription has read all buffers: from now on messages are pushed to it. */
  goLive(subscription: MemorySubscription): void {
    if (!this.#stopsReading(subscription)) return; // it was ended meanwhile
    const { format } = subscription.sink;
    let group = this.#groups.get(format);
    if (!group) {
      group = new FanoutGroup(format, this.#host.queue, this);
      this.#groups.set(format, group);
    }
    group.add(subscription);
  }

  /**
   * The subscription's client is slow: it reads the buffers again, when it drains.
   * @param last what it got last.
   * @returns what is on its way to it.
   */
  goBack(subscription: MemorySubscription, last: Delivery): Delivery[] {
    this.#host.rounds.settle(this);
    const owed = this.#groups.get(subscription.sink.format)?.owed(subscription, last) ?? [];
    this.#leaveGroup(subscription);
    this.#beginsReading(subscription);
    return owed;
  }

  /** See Past.ask. */
  ask(lacks: readonly Lack[], take: (page: Page) => void): () => void {
    const names = this.channels.map(({ name }) => name);
    return this.#host.past().ask(names, lacks, take);
  }

  leave(subscription: MemorySubscription): void {
    if (!this.#subscriptions.delete(subscription)) return;
    this.#stopsReading(subscription);
    this.#leaveGroup(subscription);
    if (!this.#attached) return;
    this.#group?.subscribersLeft(1);
    for (const channel of this.channels) channel.subscribersLeft(this, 1);
    if (this.#subscriptions.size === 0) this.#desert();
  }

  /** The channel at `index` of the list published. */
  published(index: number, message: Message): void {
    if (!this.#attached) return;
    this.#head.advance(index, message.id);
    const delivery: Delivery = { message, id: this.#head.id(index), channel: index };
    for (const group of this.#groups.values()) group.push(delivery);
    for (const subscription of this.#catchingUp) {
      try {
        subscription.published(delivery);
      } catch (error) {
        this.fault(error);
        this.expel(subscription);
      }
    }
  }

  /** Every present subscription ends after what is already on its way to it. They leave at once; `tell` tells them. */
  close(reason: EndReason): void {
    if (!this.#attached) return;
    this.#endReason = reason;
    this.#group?.subscribersLeft(this.#subscriptions.size);
    for (const channel of this.channels) channel.subscribersLeft(this, this.#subscriptions.size);
    this.#desert();
  }

  /**
   * Ends at most so many subscriptions of a feed that was closed, first those that could read on.
   * @returns how many there were.
   */
  tell(count: number): number {
    let told = 0;
    for (const untold of [this.#catchingUp, this.#subscriptions]) {
      for (const subscription of untold) {
        if (told >= count) return told;
        this.#tell(subscription);
        told += 1;
      }
    }
    return told;
  }

  fault(error: unknown): void {
    this.#host.fault(error);
  }

  expel(subscription: MemorySubscription): void {
    try {
      if (this.#subscriptions.has(subscription)) subscription.end('fault');
      // One of a once-only format left before it was written to: nobody else would tell it.
      else if (subscription.sink.format.once) subscription.sink.end('fault');
    } catch (error) {
      this.fault(error);
    }
  }

  #tell(subscription: MemorySubscription): void {
    this.#groups.get(subscription.sink.format)?.finish(subscription);
    this.#subscriptions.delete(subscription);
    this.#stopsReading(subscription);
    try {
      subscription.end(this.#endReason);
    } catch (error) {
      this.fault(error);
    }
  }

  #beginsReading(subscription: MemorySubscription): void {
    this.#catchingUp.add(subscription);
    if (this.#attached) this.#host.rounds.reads(this);
  }

  #stopsReading(subscription: MemorySubscription): boolean {
    if (!this.#catchingUp.delete(subscription)) return false;
    if (this.#catchingUp.size === 0) this.#host.rounds.readsNoMore(this);
    return true;
  }

  #leaveGroup(subscription: MemorySubscription): void {
    const { format } = subscription.sink;
    const group = this.#groups.get(format);
    if (!group) return;
    group.remove(subscription);
    if (group.size === 0) this.#groups.delete(format);
  }

  #desert(): void {
    this.#attached = false;
    for (const channel of this.channels) channel.detach(this);
    this.#host.rounds.readsNoMore(this);
    this.#host.deserted(this);
  }
}

/**
 * What subscriptions of one channel list attach to: a single channel, or several multiplexed in an order that their
 * message ids depend on (spec/message-ids.md §§2 and 7). Everyone who is up to date on the same list gets the same ids,
 * so a message is encoded once per format for all of them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessageFormat } from '../../fanout/format.ts';
import { FanoutGroup, SLICE_MEMBERS } from '../../fanout/group.ts';
import type { Delivery, Message } from '../message.ts';
import { Position } from '../position.ts';
import type { EndReason, ListInfo } from '../store.ts';
import type { MemoryChannel } from './channel.ts';
import type { MemorySubscription } from './subscription.ts';

export class Feed {
  readonly key: string;
  readonly channels: readonly MemoryChannel[];
  /** Where everyone is who has seen all there is. */
  readonly #head: Position;
  readonly #groups = new Map<MessageFormat, FanoutGroup>();
  readonly #subscriptions = new Set<MemorySubscription>();
  /** Those that still read from the buffers: few, and rarely any. */
  readonly #catchingUp = new Set<MemorySubscription>();
  readonly #deserted: (feed: Feed) => void;

  /** @param deserted called when the last subscription left. */
  constructor(key: string, channels: readonly MemoryChannel[], deserted: (feed: Feed) => void) {
    this.key = key;
    this.channels = channels;
    this.#deserted = deserted;
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

  add(subscription: MemorySubscription): void {
    this.#subscriptions.add(subscription);
    this.#catchingUp.add(subscription);
    for (const channel of this.channels) channel.subscriberCame();
  }

  /** The subscription has read all buffers: from now on messages are pushed to it. */
  goLive(subscription: MemorySubscription): void {
    if (!this.#catchingUp.delete(subscription)) return; // it was ended meanwhile
    const { format } = subscription.sink;
    let group = this.#groups.get(format);
    if (!group) {
      group = new FanoutGroup(format);
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
    const owed = this.#groups.get(subscription.sink.format)?.owed(subscription, last) ?? [];
    this.#leaveGroup(subscription);
    this.#catchingUp.add(subscription);
    return owed;
  }

  leave(subscription: MemorySubscription): void {
    if (!this.#subscriptions.delete(subscription)) return;
    this.#catchingUp.delete(subscription);
    this.#leaveGroup(subscription);
    for (const channel of this.channels) channel.subscriberLeft();
    if (this.#subscriptions.size === 0) this.#desert();
  }

  /** The channel at `index` of the list published. */
  published(index: number, message: Message): void {
    this.#head.advance(index, message.id);
    const delivery: Delivery = { message, id: this.#head.id(index), channel: index };
    for (const group of this.#groups.values()) group.push(delivery);
    for (const subscription of this.#catchingUp) subscription.published(delivery);
  }

  /**
   * Ends every present subscription after what is already on its way to it. They leave at once; being told takes a
   * slice of them a turn.
   */
  async end(reason: EndReason): Promise<void> {
    for (const group of this.#groups.values()) group.flush();
    const leaving = [...this.#subscriptions];
    this.#groups.clear();
    this.#catchingUp.clear();
    this.#subscriptions.clear();
    for (const channel of this.channels) channel.subscriberLeft(leaving.length);
    this.#desert();
    for (let i = 0; i < leaving.length; i++) {
      if (i > 0 && i % SLICE_MEMBERS === 0) await nextTurn();
      leaving[i]?.end(reason);
    }
  }

  #leaveGroup(subscription: MemorySubscription): void {
    const { format } = subscription.sink;
    const group = this.#groups.get(format);
    if (!group) return;
    group.remove(subscription);
    if (group.size === 0) this.#groups.delete(format);
  }

  #desert(): void {
    for (const channel of this.channels) channel.detach(this);
    this.#deserted(this);
  }
}

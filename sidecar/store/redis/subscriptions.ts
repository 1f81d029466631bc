/** Keeps the subscriptions to PUBSUB channels where they belong, whatever becomes of servers and connections. */
import type { Delay } from '../../../handoff/redis.ts';
import { printable } from '../../log.ts';
import { after } from '../../timers.ts';
import { type Connection, isReplyError } from './connection.ts';
import { Delays } from './delay.ts';
import { keySlot } from './key-slot.ts';
import type { OutageLog } from './outage-log.ts';
import { type Kind, SubscriptionBatch } from './subscription-batch.ts';
import type { Topology } from './topology.ts';

/** What is told of subscriptions that a server refuses, whichever ones. */
const OUTAGE = 'subscriptions';

/** Channels that are looked at in one turn of the event loop. */
const MAX_CHANNELS_A_TURN = 5_000;

export interface SubscriptionsOptions {
  readonly topology: () => Topology;
  /** Before a refused subscription is tried again. */
  readonly retryDelay: Delay;
  readonly outages: OutageLog;
  /** See LinkEvents.listening. */
  readonly listening: (channel: Buffer) => void;
  /** A server refused a subscription. */
  readonly refused: (at: Connection, message: string) => void;
}

/** A channel that is listened to, or is about to be. */
export interface Listening {
  readonly channel: Buffer;
  readonly slot: number;
  /** Where it was subscribed to, or where that was asked for. */
  at: Connection | undefined;
  kinds: readonly Kind[];
  /** Of the newest commands: confirmations that have not come yet. */
  awaited: { left: number };
  /** The server ended it, or refused to begin it. */
  broken: boolean;
}

const PLAIN: readonly Kind[] = ['plain'];
/** Some announcements are made by PUBLISH also where SPUBLISH is known (spec/redis-store.md §8). */
const BOTH: readonly Kind[] = ['sharded', 'plain'];

/** Strings for bytes, one character for each. */
function keyOf(channel: Buffer): string {
  return channel.toString('latin1');
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #retries: Delays;
  readonly #channels = new Map<string, Listening>();
  /** To be looked at: new, no longer wanted, or perhaps not where they should be. */
  readonly #dirty = new Set<Listening>();
  readonly #refused = new Set<Listening>();
  #flush: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#retries = new Delays(options.retryDelay);
  }

  has(channel: Buffer): boolean {
    return this.#channels.has(keyOf(channel));
  }

  /** See RedisLink.listensTo. */
  isInPlace(channel: Buffer): boolean {
    const listening = this.#channels.get(keyOf(channel));
    return listening?.at?.open === true && listening.awaited.left === 0 && !listening.broken;
  }

  listen(channel: Buffer): void {
    const key = keyOf(channel);
    if (this.#channels.has(key)) return;
    const slot = keySlot(channel);
    const listening = { channel, slot, at: undefined, kinds: PLAIN, awaited: { left: 0 }, broken: false };
    this.#channels.set(key, listening);
    this.#look(listening);
  }

  unlisten(channel: Buffer): void {
    const key = keyOf(channel);
    const listening = this.#channels.get(key);
    if (!listening) return;
    this.#channels.delete(key);
    this.#works(listening);
    this.#look(listening);
  }

  /** Servers or connections have changed: every channel may belong elsewhere. */
  revise(): void {
    for (const listening of this.#channels.values()) this.#look(listening);
  }

  /** A server ended a sharded subscription; see WireEvents.ended. */
  ended(channel: string, at: Connection | undefined): void {
    const known = this.#channels.get(keyOf(Buffer.from(channel)));
    const unreadable = !known && channel.includes('\ufffd');
    for (const listening of known ? [known] : unreadable ? this.#channels.values() : []) {
      if (!listening.kinds.includes('sharded') || listening.at !== at) continue;
      listening.broken = true;
      this.#look(listening);
    }
  }

  close(): void {
    clearImmediate(this.#flush);
    clearTimeout(this.#retry);
    this.#channels.clear();
    this.#dirty.clear();
  }

  #look(listening: Listening): void {
    this.#dirty.add(listening);
    this.#flush ??= setImmediate(() => this.#place());
  }

  #wanted(listening: Listening): boolean {
    return this.#channels.get(keyOf(listening.channel)) === listening;
  }

  #place(): void {
    this.#flush = undefined;
    const topology = this.#options.topology();
    const kinds = topology.publishCommand === 'SPUBLISH' ? BOTH : PLAIN;
    const batches = new Map<Connection, SubscriptionBatch>();
    const batchFor = (connection: Connection): SubscriptionBatch => {
      const batch = batches.get(connection) ?? new SubscriptionBatch(connection, this.#batchEvents);
      batches.set(connection, batch);
      return batch;
    };
    let looked = 0;
    for (const listening of this.#dirty) {
      if (++looked > MAX_CHANNELS_A_TURN) break;
      this.#dirty.delete(listening);
      const present = listening.at?.open ? listening.at : undefined;
      const target = this.#wanted(listening) ? topology.listenAt(listening.slot, present) : undefined;
      const stays = target === present && kinds === listening.kinds;
      if (stays && !listening.broken) continue;
      if (present && !stays)
        batchFor(present).unsubscribe(listening.channel, listening.slot, listening.kinds);
      listening.at = target;
      listening.kinds = kinds;
      listening.broken = false;
      listening.awaited = { left: kinds.length };
      if (target) batchFor(target).subscribe(listening);
    }
    for (const batch of batches.values()) batch.send();
    if (this.#dirty.size > 0) this.#flush = setImmediate(() => this.#place());
  }

  readonly #batchEvents = {
    confirmed: (listening: Listening): void => {
      if (!this.#wanted(listening)) return;
      this.#works(listening);
      this.#options.listening(listening.channel);
    },
    refused: (listening: Listening, at: Connection, error: Error): void => {
      if (!this.#wanted(listening)) return;
      const channel = printable(keyOf(listening.channel));
      const message = `Redis refuses the subscription to ${channel}: ${error.message}`;
      this.#options.outages.down(OUTAGE, 'NJ-REDIS-SUBSCRIPTION', message);
      this.#refused.add(listening);
      listening.broken = true;
      this.#options.refused(at, error.message);
      this.#retry ??= after(this.#retries.next(), () => {
        this.#retry = undefined;
        for (const refused of this.#refused) this.#look(refused);
      });
    },
    failed: (error: Error): void => {
      // What was lost with its connection is placed anew when there is another one.
      if (isReplyError(error))
        this.#options.outages.down(
          'unsubscriptions',
          'NJ-REDIS-SUBSCRIPTION',
          `Redis refuses: ${error.message}`,
        );
    },
  };

  #works(listening: Listening): void {
    if (!this.#refused.delete(listening) || this.#refused.size > 0) return;
    this.#retries.reset();
    this.#options.outages.up(OUTAGE, 'Redis accepts all subscriptions again');
  }
}

/**
 * An ordeal: subscribers of several transports and publishers on two nodes, and something that happens meanwhile.
 */
import { expect } from 'vitest';
import { TRANSPORTS, type Transport } from '../properties/transports.ts';
import type { Njchan } from '../support/njchan.ts';
import { waitFor, within } from '../support/wait.ts';
import { mistakes } from './nodes.ts';
import { Publisher } from './publisher.ts';
import { Subscriber } from './subscriber.ts';
import { faultsOfChannel } from './verdict.ts';

/**
 * Transports that name the last id that they got when they come back. Polls, which take a request for each message, are
 * fewer than streams.
 */
const MIX = [
  ...['websocket', 'eventsource', 'longpoll', 'http-multipart', 'intervalpoll'],
  ...['websocket', 'eventsource', 'websocket', 'http-multipart', 'eventsource'],
].map((name) => TRANSPORTS.find((transport) => transport.name === name) as Transport);

/** Milliseconds after which the next subscriber is cut off, and comes back with the id of the last message that it got. */
const CUT_EVERY_MS = 25;

/** How long everybody may take to get the last message. */
const CATCH_UP_MS = 60_000;

export interface Size {
  readonly channels: number;
  /** Of each channel; their transports and nodes take turns. */
  readonly subscribers: number;
  /** Of each channel; their nodes take turns. */
  readonly publishers: number;
  /** Messages that all publishers send together at least, after the fault is over too. */
  readonly messages: number;
}

/** As the project promises it: nothing is lost, with so many of each. */
export const FULL: Size = { channels: 20, subscribers: 10, publishers: 4, messages: 20_000 };

export const SMALL: Size = { channels: 2, subscribers: 10, publishers: 2, messages: 1000 };

export interface OrdealOptions {
  /** Transports of the subscribers. Default: a mix of those that resume. */
  readonly transports?: readonly Transport[];
  /** Channels keep nothing, so that a subscriber begins with what is published then, and is not cut off. */
  readonly unstored?: boolean;
  /** Without large messages: subscribers get them from Redis, or not at all if Redis loses them. */
  readonly small?: boolean;
}

let ordeals = 0;

export class Ordeal {
  readonly nodes: readonly Njchan[];
  readonly publishers: readonly Publisher[];
  readonly subscribers: readonly Subscriber[];
  readonly #channels: readonly string[];
  readonly #size: Size;
  readonly #marks: Publisher[] = [];
  readonly #unstored: boolean;

  constructor(nodes: readonly Njchan[], size: Size = SMALL, options: OrdealOptions = {}) {
    const { transports = MIX, unstored = false, small = false } = options;
    this.nodes = nodes;
    this.#size = size;
    this.#unstored = unstored;
    const number = ordeals++;
    this.#channels = Array.from({ length: size.channels }, (_, place) => `ordeal${number}-${place}`);
    const node = (place: number) => (nodes[place % nodes.length] as Njchan).port;
    this.publishers = this.#channels.flatMap((channel, c) =>
      Array.from(
        { length: size.publishers },
        (_, place) => new Publisher(`${c}p${place}`, node(place), channel, !small),
      ),
    );
    this.subscribers = this.#channels.flatMap((channel, c) =>
      Array.from({ length: size.subscribers }, (_, place) => {
        // So that each transport is on each node.
        const transport = transports[(Math.floor(place / nodes.length) + c) % transports.length] as Transport;
        return new Subscriber(node(place), transport, channel);
      }),
    );
  }

  /** Losses of all subscribers so far. */
  get losses(): string[] {
    return this.subscribers.flatMap(({ losses }) => losses);
  }

  /** How many messages were accepted so far. */
  get accepted(): number {
    return this.publishers.reduce((sum, { accepted }) => sum + accepted, 0);
  }

  /** How often each status was answered. */
  get statuses(): Record<number, number> {
    const sum: Record<number, number> = {};
    for (const { statuses } of this.publishers) {
      for (const [status, count] of statuses) sum[status] = (sum[status] ?? 0) + count;
    }
    return sum;
  }

  /** Waits until so many more messages are accepted. */
  async progress(count: number): Promise<void> {
    const goal = this.accepted + count;
    await waitFor(`${count} more messages to be accepted`, () => this.accepted >= goal, CATCH_UP_MS);
  }

  /**
   * Runs it: publishers publish before, during and after the fault, then everybody has to get what they had to get.
   * @param fault resolves when it is over and things should get well.
   */
  async run(fault: () => Promise<void>): Promise<void> {
    const lives = this.subscribers.map((subscriber) => subscriber.live());
    let over = false;
    let cutting: NodeJS.Timeout | undefined;
    try {
      if (this.#unstored) await Promise.all(this.#channels.map((channel) => this.#untilHeard(channel)));
      else await this.#mark('first');
      const each = this.#size.messages / this.publishers.length;
      const publishing = this.publishers.map((publisher) => publisher.run((sent) => over && sent >= each));
      let next = 0;
      if (!this.#unstored) {
        cutting = setInterval(() => {
          this.subscribers[next++ % this.subscribers.length]?.cut();
        }, CUT_EVERY_MS);
      }
      await this.progress(this.#size.messages / 10);
      await fault();
      await this.progress(this.#size.messages / 10);
      over = true;
      await Promise.all(publishing);
      clearInterval(cutting);
      await this.#mark('last');
    } finally {
      clearInterval(cutting);
      over = true;
      for (const subscriber of this.subscribers) subscriber.end();
      await Promise.all(lives);
    }
    if (!this.#unstored) expect(this.subscribers.some(({ cuts }) => cuts > 0)).toBe(true);
    this.#judge();
  }

  /**
   * Does something during which messages may be lost, though not come twice or in another order. What was accepted before
   * has come when it begins; it is over when something has come to everybody again.
   */
  async loosely(action: () => Promise<void>): Promise<void> {
    for (const publisher of this.publishers) publisher.doubted = true;
    await this.#mark('before');
    await action();
    await Promise.all(this.#channels.map((channel) => this.#untilHeard(channel)));
    for (const publisher of this.publishers) publisher.doubted = false;
  }

  /** Publishes until each subscriber of a channel has got something. */
  async #untilHeard(channel: string): Promise<void> {
    const name = `probe${this.#marks.length}-`;
    const publisher = new Publisher(name, (this.nodes[0] as Njchan).port, channel);
    publisher.doubted = true;
    this.#marks.push(publisher);
    const own = this.subscribers.filter((subscriber) => subscriber.channel === channel);
    const heard = new Set<Subscriber>();
    await waitFor(
      'everybody to hear of something again',
      async () => {
        const body = `${name}${publisher.fates.size}`;
        for (const subscriber of own) void subscriber.got(body).then(() => heard.add(subscriber));
        await publisher.publish(body);
        return heard.size === own.length;
      },
      CATCH_UP_MS,
    );
  }

  /** Publishes one message to each channel and waits until everybody has got it. */
  async #mark(name: string): Promise<void> {
    await Promise.all(
      this.#channels.map(async (channel) => {
        const publisher = new Publisher(name, (this.nodes[0] as Njchan).port, channel);
        this.#marks.push(publisher);
        let body = '';
        await waitFor(
          `"${name}" to be accepted`,
          async () => {
            body = `${name}${publisher.fates.size}`;
            return (await publisher.publish(body)) === 'accepted';
          },
          CATCH_UP_MS,
        );
        const own = this.subscribers.filter((subscriber) => subscriber.channel === channel);
        for (const subscriber of own) {
          await within(`"${name}" at ${nameOf(subscriber)}`, subscriber.got(body), CATCH_UP_MS).catch(
            (error) => {
              this.#judge();
              throw error;
            },
          );
        }
      }),
    );
  }

  #judge(): void {
    const faults = this.#channels.flatMap((channel) =>
      faultsOfChannel(
        [...this.publishers, ...this.#marks].filter((publisher) => publisher.channel === channel),
        this.subscribers
          .filter((subscriber) => subscriber.channel === channel)
          .map((subscriber) => ({ who: nameOf(subscriber), bodies: subscriber.bodies })),
      ),
    );
    expect([...faults, ...this.nodes.flatMap(mistakes)]).toEqual([]);
  }
}

function nameOf({ transport, channel, losses }: Subscriber): string {
  return `${transport.name} of ${channel} (${losses.length} losses: ${[...new Set(losses)].join('; ')})`;
}

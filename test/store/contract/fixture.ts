/** What every topic of the stores' contract works with. */
import { afterEach, beforeEach } from 'vitest';
import { type ParsedMessageId, parseMessageId } from '../../../handoff/message-id.ts';
import type { MessageFormat } from '../../../sidecar/fanout/format.ts';
import { type Delivery, formatSubscriptionId, type MessageId } from '../../../sidecar/store/message.ts';
import {
  type BufferLimits,
  type ChannelInfo,
  type EndReason,
  PAUSE_BYTES,
  type Sink,
  type Start,
  type Store,
  type Subscription,
} from '../../../sidecar/store/store.ts';
import { waitFor } from '../../support/wait.ts';

export const LIMITS: BufferLimits = { length: 10, timeoutSeconds: 3600 };
/** Only present subscribers get the message. */
export const UNBUFFERED: BufferLimits = { length: 0, timeoutSeconds: 3600 };
export const OLDEST = { first: 1 };
/** No limit of `Store.read` that a test would reach. */
export const PLENTY_BYTES = 1 << 20;

/** One line a message, so that joined writes can be taken apart. */
const LINES: MessageFormat = {
  once: false,
  encode: ({ message, id }) => Buffer.from(`${formatSubscriptionId(id)}=${message.data}\n`),
};
/** The same for a subscriber that ends with its first message. */
export const ONE_LINE: MessageFormat = { ...LINES, once: true };

/** The start of a subscriber that has this id. */
export const resumeAt = (id: MessageId): Start => ({ after: { time: id.time, tags: [id.tag], active: 0 } });

/** The start of a subscriber that was given this id of one channel or several. */
export const resumeAtText = (id: string): Start => ({ after: parseMessageId(id) as ParsedMessageId });

/** Resolves in a later turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A subscriber that keeps what it is given. */
export class TestSink implements Sink {
  readonly format: MessageFormat;
  readonly ends: EndReason[] = [];
  last: Delivery | undefined;
  /** The message in front of the last one, as far as it came with it or was the last before. */
  before: Delivery | undefined;
  /** How many messages there were each time that it was told that it is up to date. */
  readonly upToDateAfter: number[] = [];
  subscription: Subscription | undefined;
  #text = '';
  /** What write reports as undrained. */
  #undrained = 0;

  constructor(format: MessageFormat = LINES) {
    this.format = format;
  }

  /** `id=message` of each message, in order. */
  get lines(): string[] {
    return this.#text.split('\n').slice(0, -1);
  }

  get messages(): string[] {
    return this.lines.map((line) => line.slice(line.indexOf('=') + 1));
  }

  /** As a client gets them. */
  get ids(): string[] {
    return this.lines.map((line) => line.slice(0, line.indexOf('=')));
  }

  /** From now on its client drains nothing, up to `bytes` that it says it has left. */
  stall(bytes = PAUSE_BYTES + 1): void {
    this.#undrained = bytes;
  }

  /** Its client has drained everything, and goes on doing so. */
  drain(): void {
    this.#undrained = 0;
    this.subscription?.resume();
  }

  write(bytes: Buffer, last: Delivery, before: Delivery | undefined): number {
    this.#text += bytes.toString();
    this.before = before ?? this.last;
    this.last = last;
    return this.#undrained;
  }

  upToDate(): void {
    this.upToDateAfter.push(this.messages.length);
  }

  end(reason: EndReason): void {
    this.ends.push(reason);
  }
}

/** In what stores may differ. */
export interface Traits {
  /** Whether publishing with a buffer length of 0 drops what is in the buffer, as Nchan's memory does and Redis not. */
  readonly unbufferedEmptiesBuffer: boolean;
}

/** A store and a channel of its own for each test. */
export interface Fixture extends Traits {
  readonly store: Store;
  readonly channel: string;
  /** Publishes, to the test's channel unless told otherwise. */
  publish(data: string, limits?: BufferLimits, to?: string): Promise<ChannelInfo>;
  /** Publishes one after the other to the test's channel; gives their ids. */
  publishAll(...data: string[]): Promise<MessageId[]>;
  /** Subscribes a sink to the test's channel. */
  attach(sink: TestSink, start?: Start): Subscription;
  /** Subscribes to the test's channel and waits for `count` messages. */
  read(start: Start, count: number): Promise<TestSink>;
  /** Subscribes to several channels as one and waits for `count` messages. */
  collect(channels: readonly string[], start: Start, count: number): Promise<TestSink>;
}

/** Makes a store for each test of the suite that calls it, and closes it afterwards. */
export function useStore(create: () => Promise<Store>, traits: Traits): Fixture {
  let store: Store;
  let channel = '';
  let channels = 0;
  beforeEach(async () => {
    store = await create();
    channel = `/test${channels++}`;
  });
  afterEach(() => store.close());

  const fixture: Fixture = {
    ...traits,
    get store() {
      return store;
    },
    get channel() {
      return channel;
    },
    publish: (data, limits = LIMITS, to = channel) =>
      store.publish(to, { data: Buffer.from(data), contentType: '', eventsourceEvent: '' }, limits),
    async publishAll(...data) {
      const ids: MessageId[] = [];
      for (const text of data) ids.push((await fixture.publish(text)).lastMessageId);
      return ids;
    },
    attach(sink, start = OLDEST) {
      sink.subscription = store.subscribe([channel], start, sink);
      return sink.subscription;
    },
    read: (start, count) => fixture.collect([channel], start, count),
    async collect(names, start, count) {
      const sink = new TestSink();
      sink.subscription = store.subscribe(names, start, sink);
      await waitFor(`${count} messages`, () => sink.messages.length >= count);
      return sink;
    },
  };
  return fixture;
}

/**
 * What this process counts while it serves. Hot paths add to plain fields, and nothing is computed before somebody asks:
 * see metrics.ts. There is one of it, as there is one process.
 */

import type { HookKind } from '../../handoff/hooks.ts';
import { REFUSALS, type RefusalName } from '../../handoff/refusals.ts';
import type { PublisherTransport, SubscriberTransport } from '../../handoff/settings.ts';
import { Histogram, SECONDS } from './histogram.ts';

/** Messages, or deliveries of them, and their bytes. */
export class Traffic {
  messages = 0;
  bytes = 0;

  add(messages: number, bytes: number): void {
    this.messages += messages;
    this.bytes += bytes;
  }
}

/** Subscribers that a message went to. */
const FANOUT: readonly number[] = [0, 1, 10, 100, 1000, 10_000, 100_000];

/** How a hook can end. */
const HOOK_OUTCOMES = ['answered', 'failed', 'dropped'] as const;
type HookOutcome = (typeof HOOK_OUTCOMES)[number];

function byTransport<T>(make: () => T): Record<SubscriberTransport, T> {
  return {
    websocket: make(),
    eventsource: make(),
    longpoll: make(),
    intervalpoll: make(),
    'http-chunked': make(),
    'http-multipart': make(),
    'http-raw-stream': make(),
  };
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

export class Statistics {
  /** Requests and frames that published, whatever the number of their channels. */
  readonly published: Readonly<Record<PublisherTransport, Traffic>> = {
    http: new Traffic(),
    websocket: new Traffic(),
  };
  /** What was handed to subscribers' connections, in the form of their transport. */
  readonly delivered: Readonly<Record<SubscriberTransport, Traffic>> = byTransport(() => new Traffic());
  readonly subscribers: Record<SubscriberTransport, number> = byTransport(() => 0);
  /** Subscribers of what was published to, when it was. */
  readonly fanout = new Histogram(FANOUT);
  /** Seconds from when a message is queued for the subscribers of a channel until the last of them was written to. */
  readonly deliverySeconds = new Histogram(SECONDS);
  /** Subscribers that fell behind: they read the buffer again when they drain, or were owed too much and were closed. */
  readonly slow = { returned: 0, closed: 0 };
  /** Subscribers that were closed because serving them threw. */
  faults = 0;
  /** WebSockets that were closed because of what their client sent, by the code of the close frame. */
  readonly websocketErrors: Record<number, number> = {};
  /** Messages about what happens on channels. */
  readonly events = { published: 0, lost: 0 };
  readonly hooks: Readonly<Record<HookKind, Record<HookOutcome, number>>> = {
    subscribe_request: zeros(HOOK_OUTCOMES),
    unsubscribe_request: zeros(HOOK_OUTCOMES),
    publisher_upstream_request: zeros(HOOK_OUTCOMES),
  };
  /** Hooks that are kept until they are answered, and their bytes. */
  readonly hooksWaiting: Readonly<Record<'notifications' | 'messages', { count: number; bytes: number }>> = {
    notifications: { count: 0, bytes: 0 },
    messages: { count: 0, bytes: 0 },
  };
  /** Requests, and frames of publishers, that the sidecar refused. */
  readonly refused: Record<RefusalName, number> = zeros(Object.keys(REFUSALS) as RefusalName[]);

  get publishedMessages(): number {
    return this.published.http.messages + this.published.websocket.messages;
  }

  get subscriberCount(): number {
    let count = 0;
    for (const transport of Object.keys(this.subscribers) as SubscriberTransport[]) {
      count += this.subscribers[transport];
    }
    return count;
  }
}

export const statistics = new Statistics();

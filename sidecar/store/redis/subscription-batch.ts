/** Changes of the subscriptions of one connection, in as few commands as possible. */
import { type Connection, isReplyError } from './connection.ts';
import type { Listening } from './subscriptions.ts';

/** Channels in one command: the server does each command in one go, and others wait meanwhile. */
const MAX_CHANNELS = 500;

export type Kind = 'plain' | 'sharded';

const SUBSCRIBE = { plain: 'subscribe', sharded: 'ssubscribe' } as const;
const UNSUBSCRIBE = { plain: 'unsubscribe', sharded: 'sunsubscribe' } as const;

export interface SubscriptionBatchEvents {
  /** All kinds of subscriptions to the channel are in place. */
  confirmed(listening: Listening): void;
  /** The server refused one of them. */
  refused(listening: Listening, at: Connection, error: Error): void;
  /** The end of a subscription was refused, or the connection was lost. */
  failed(error: Error): void;
}

/** One subscription that is asked for. */
interface Asked {
  readonly listening: Listening;
  /** Is no longer that of `listening` when something else was asked for meanwhile. */
  readonly awaited: Listening['awaited'];
}

export class SubscriptionBatch {
  readonly #connection: Connection;
  readonly #events: SubscriptionBatchEvents;
  readonly #subscribe: Record<Kind, Map<number, Asked[]>> = { plain: new Map(), sharded: new Map() };
  readonly #unsubscribe: Record<Kind, Map<number, Buffer[]>> = { plain: new Map(), sharded: new Map() };

  constructor(connection: Connection, events: SubscriptionBatchEvents) {
    this.#connection = connection;
    this.#events = events;
  }

  subscribe(listening: Listening): void {
    const asked = { listening, awaited: listening.awaited };
    for (const kind of listening.kinds) append(this.#subscribe[kind], groupOf(kind, listening.slot), asked);
  }

  unsubscribe(channel: Buffer, slot: number, kinds: readonly Kind[]): void {
    for (const kind of kinds) append(this.#unsubscribe[kind], groupOf(kind, slot), channel);
  }

  /** Ends come before beginnings, so that a channel in both is subscribed to afterwards. */
  send(): void {
    for (const kind of ['plain', 'sharded'] as const) {
      for (const channels of chunks(this.#unsubscribe[kind])) {
        this.#connection.send(UNSUBSCRIBE[kind], channels).catch(this.#events.failed);
      }
    }
    for (const kind of ['sharded', 'plain'] as const) {
      for (const asked of chunks(this.#subscribe[kind])) void this.#ask(kind, asked);
    }
  }

  async #ask(kind: Kind, asked: readonly Asked[]): Promise<void> {
    try {
      await this.#connection.send(
        SUBSCRIBE[kind],
        asked.map(({ listening }) => listening.channel),
      );
    } catch (error) {
      this.#notSubscribed(kind, asked, error as Error);
      return;
    }
    for (const { listening, awaited } of asked) {
      if (listening.awaited === awaited && --awaited.left === 0) this.#events.confirmed(listening);
    }
  }

  /** Redis refuses a command as a whole, so the channels that it does not mind are asked for again. */
  #notSubscribed(kind: Kind, asked: readonly Asked[], error: Error): void {
    if (!isReplyError(error)) return;
    const current = asked.filter(({ listening, awaited }) => listening.awaited === awaited);
    if (current.length === 1) {
      this.#events.refused(current[0]!.listening, this.#connection, error);
    } else if (current.length > 1) {
      const middle = current.length >> 1;
      void this.#ask(kind, current.slice(0, middle));
      void this.#ask(kind, current.slice(middle));
    }
  }
}

/** A command for sharded channels may name channels of one slot only. */
function groupOf(kind: Kind, slot: number): number {
  return kind === 'sharded' ? slot : 0;
}

function append<T>(groups: Map<number, T[]>, group: number, item: T): void {
  const items = groups.get(group);
  if (items) items.push(item);
  else groups.set(group, [item]);
}

function* chunks<T>(groups: Map<number, T[]>): Generator<T[]> {
  for (const items of groups.values()) {
    for (let i = 0; i < items.length; i += MAX_CHANNELS) yield items.slice(i, i + MAX_CHANNELS);
  }
}

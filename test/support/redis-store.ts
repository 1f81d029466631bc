/** Redis stores without a gateway before them, for what goes wrong between a store and Redis. */
import { pino } from 'pino';
import { MemoryStore } from '../../sidecar/store/memory/memory-store.ts';
import { createLink } from '../../sidecar/store/redis/create-link.ts';
import type { RedisLink } from '../../sidecar/store/redis/link.ts';
import { RedisStore, type RedisStoreSettings } from '../../sidecar/store/redis/redis-store.ts';
import type { EndReason, Sink, Start, Subscription } from '../../sidecar/store/store.ts';
import { atEnd } from './cleanup.ts';
import { upstreamOf, urlOf } from './link.ts';
import type { RedisServer } from './redis.ts';
import { shippedScripts } from './shipped-scripts.ts';
import { waitFor } from './wait.ts';

const LIMIT_BYTES = 256 * 1024 * 1024;
const OLDEST: Start = { first: 1 };

export interface OpenedStore {
  readonly store: RedisStore;
  readonly link: RedisLink;
  /** Its copies. */
  readonly local: MemoryStore;
  readonly faults: { channel: string; error: Error }[];
}

export interface StoreOptions {
  /** Bytes that its copies may take. */
  readonly limitBytes?: number;
  /** What the store gets in place of the link. */
  readonly wrap?: (link: RedisLink) => RedisLink;
}

/** Opens a store with a link of its own, as another server has it; closed after the test file. */
export async function openRedisStore(
  redis: RedisServer,
  settings: Partial<RedisStoreSettings> = {},
  { limitBytes = LIMIT_BYTES, wrap = (link) => link }: StoreOptions = {},
): Promise<OpenedStore> {
  const upstream = upstreamOf([urlOf(redis)]);
  let store: RedisStore | undefined;
  const link = createLink(upstream, shippedScripts(), pino({ level: 'silent' }), {
    announced: (channel, announcement) => void store?.announced(channel, announcement),
    listening: (channel) => store?.listening(channel),
    available: () => store?.cameBack(),
    unavailable: () => {},
  });
  atEnd(() => link.close());
  await waitFor('the link', () => link.available);
  const faults: OpenedStore['faults'] = [];
  const local = new MemoryStore({ limitBytes });
  store = new RedisStore(
    {
      ...upstream,
      redisUpstream: 'redis',
      redisStorageMode: 'distributed',
      redisNamespace: '',
      redisNostoreFastpublish: false,
      redisIdleChannelCacheTimeout: 30,
      channelTimeout: 5,
      fakesubIntervalMs: 0,
      publishCutoffBytes: 5120,
      ...settings,
    },
    wrap(link),
    local,
    (channel, error) => faults.push({ channel, error: error as Error }),
  );
  return { store, link, local, faults };
}

/** Takes messages as lines, each as text. */
export class LineSink implements Sink {
  readonly format = {
    once: false,
    encode: ({ message }) => Buffer.from(`${message.data}\n`),
  } as Sink['format'];
  readonly messages: string[] = [];
  readonly ends: EndReason[] = [];
  subscription: Subscription | undefined;
  upToDate?: () => void;

  write(bytes: Buffer): number {
    this.messages.push(...bytes.toString().split('\n').slice(0, -1));
    return 0;
  }

  end(reason: EndReason): void {
    this.ends.push(reason);
  }
}

/** Subscribes from the oldest message. */
export function listenTo(store: RedisStore, name: string): LineSink {
  const sink = new LineSink();
  sink.subscription = store.subscribe([name], OLDEST, sink);
  return sink;
}

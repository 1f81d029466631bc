/** The stores of one process on a real Redis, without the process: clients are sinks that nobody reads. */
import { pino } from 'pino';
import type { RedisLocationSettings, RedisUpstream } from '../../handoff/redis.ts';
import { createLink } from '../../sidecar/store/redis/create-link.ts';
import type { RedisLink } from '../../sidecar/store/redis/link.ts';
import type { Store, Subscription } from '../../sidecar/store/store.ts';
import { Stores } from '../../sidecar/store/stores.ts';
import { atEnd } from './cleanup.ts';
import { shippedScripts } from './shipped-scripts.ts';
import { waitFor } from './wait.ts';

const LIMIT_BYTES = 64 * 1024 * 1024;

const LOCATION: RedisLocationSettings = {
  redisUpstream: 'redis',
  redisStorageMode: 'distributed',
  redisNamespace: '',
  redisNostoreFastpublish: false,
  redisIdleChannelCacheTimeout: 30,
  channelTimeout: 5,
};

export interface OpenedStores {
  readonly stores: Stores;
  readonly link: RedisLink;
  /** The store of a location. */
  of(overrides?: Partial<RedisLocationSettings>): Store;
  /** Lines of the log from warnings on. */
  readonly log: readonly string[];
}

/** Connects to the upstream and waits until it is available. Closed after the test file. */
export async function openStores(
  upstream: RedisUpstream,
  wrap: (link: RedisLink) => RedisLink = (link) => link,
): Promise<OpenedStores> {
  const log: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void log.push(line) });
  let link: RedisLink | undefined;
  const stores = new Stores({ limitBytes: LIMIT_BYTES }, logger, (settings, _name, events) => {
    link = createLink(settings, shippedScripts(), logger, events);
    return wrap(link);
  });
  await stores.configure({ upstreams: { redis: upstream }, fakesubIntervalMs: 0, publishCutoffBytes: 5120 });
  const opened = link as RedisLink | undefined;
  if (!opened) throw new Error('no link was made');
  atEnd(async () => {
    await stores.close();
    await opened.close();
  });
  await waitFor('the link', () => opened.available);
  return {
    stores,
    link: opened,
    log,
    of: (overrides = {}) => stores.of({ ...LOCATION, ...overrides } as Parameters<Stores['of']>[0]),
  };
}

/** A client that subscribes to channels and reads nothing. */
export function subscribe(store: Store, ...names: string[]): Subscription {
  return store.subscribe(
    names,
    { first: 0 },
    { format: { once: false, encode: () => Buffer.alloc(0) }, write: () => 0, end: () => {} },
  );
}

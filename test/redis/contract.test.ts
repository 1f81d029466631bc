/** The Redis store keeps the contract of every store, on a real Redis. */
import { pino } from 'pino';
import { afterAll, expect } from 'vitest';
import { MemoryStore } from '../../sidecar/store/memory/memory-store.ts';
import { createLink } from '../../sidecar/store/redis/create-link.ts';
import type { RedisLink } from '../../sidecar/store/redis/link.ts';
import { RedisStore } from '../../sidecar/store/redis/redis-store.ts';
import { storeContract } from '../store/contract.ts';
import { atEnd } from '../support/cleanup.ts';
import { upstreamOf, urlOf } from '../support/link.ts';
import { startRedis } from '../support/redis.ts';
import { shippedScripts } from '../support/shipped-scripts.ts';
import { waitFor } from '../support/wait.ts';

const LIMIT_BYTES = 64 * 1024 * 1024;

const redis = await startRedis();
const upstream = upstreamOf([urlOf(redis)]);
const faults: unknown[] = [];
let stores = 0;

storeContract(
  'Redis',
  async () => {
    let store: RedisStore | undefined;
    const link: RedisLink = createLink(upstream, shippedScripts(), pino({ level: 'silent' }), {
      announced: (channel, announcement) => void store?.announced(channel, announcement),
      listening: (channel) => store?.listening(channel),
      available: () => store?.cameBack(),
      unavailable: () => {},
    });
    atEnd(() => link.close());
    await waitFor('the link', () => link.available);
    store = new RedisStore(
      {
        ...upstream,
        redisUpstream: 'redis',
        redisStorageMode: 'distributed',
        redisNamespace: `store${stores++}:`,
        redisNostoreFastpublish: false,
        redisIdleChannelCacheTimeout: 1,
        channelTimeout: 1,
        fakesubIntervalMs: 0,
        publishCutoffBytes: 5120,
      },
      link,
      new MemoryStore({ limitBytes: LIMIT_BYTES }),
      (channel, error) => faults.push([channel, error]),
    );
    return store;
  },
  { unbufferedEmptiesBuffer: false },
);

afterAll(() => expect(faults).toEqual([]));

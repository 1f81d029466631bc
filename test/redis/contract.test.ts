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

/** Bytes for the local copies: room for everything, and room for some messages of a few channels, or of none. */
const ROOMS = { 'with room for all copies': 64 * 1024 * 1024, 'with room for few copies': 4000 };

const redis = await startRedis();
const upstream = upstreamOf([urlOf(redis)]);
const faults: unknown[] = [];
let stores = 0;

for (const [room, limitBytes] of Object.entries(ROOMS)) {
  storeContract(
    `Redis ${room}`,
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
        new MemoryStore({ limitBytes }),
        (channel, error) => faults.push([channel, error]),
      );
      return store;
    },
    { unbufferedEmptiesBuffer: false },
  );
}

afterAll(() => expect(faults).toEqual([]));

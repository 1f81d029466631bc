/** The Redis store keeps the contract of every store, on a real Redis. */
import { afterAll, expect } from 'vitest';
import { storeContract } from '../store/contract.ts';
import { startRedis } from '../support/redis.ts';
import { openRedisStore } from '../support/redis-store.ts';

/** Bytes for the local copies: room for everything, and room for some messages of a few channels, or of none. */
const ROOMS = { 'with room for all copies': 64 * 1024 * 1024, 'with room for few copies': 4000 };

const redis = await startRedis();
const faults: unknown[][] = [];
let stores = 0;

for (const [room, limitBytes] of Object.entries(ROOMS)) {
  storeContract(
    `Redis ${room}`,
    async () => {
      const settings = {
        redisNamespace: `store${stores++}:`,
        redisIdleChannelCacheTimeout: 1,
        channelTimeout: 1,
      };
      const opened = await openRedisStore(redis, settings, { limitBytes });
      faults.push(opened.faults);
      return opened.store;
    },
    { unbufferedEmptiesBuffer: false },
  );
}

afterAll(() => expect(faults.flat()).toEqual([]));

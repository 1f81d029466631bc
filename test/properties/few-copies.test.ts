/**
 * No loss, no repeat in Redis, where the server has room for few copies of messages: whoever comes or resumes gets most
 * of them from Redis, while others come, are trimmed, and leave the copies.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { redisUpstream } from '../redis/support.ts';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import { SEED } from '../support/seed.ts';
import { ANY_SIZE, ENOUGH, HOUR, LARGE, SMALL } from './ingredients.ts';
import { plans } from './plan.ts';
import { faultsOfRace, gapsOf, run, type Server } from './race.ts';
import { startServer } from './server.ts';

/** For copies, with what they take beside their data: some short messages of a few channels, or none. */
const ROOMS = [4000, 1];

const RACES = 10;
const RACES_WITH_STALLS = 2;

const parameters = (numRuns: number) => ({ numRuns, seed: SEED, endOnFailure: true });

const LISTS = [
  ['one channel', [[0]]],
  ['one channel and two multiplexed', [[0], [0, 1], [1, 0]]],
] as const;

/**
 * Messages from this size on are fetched by their keys, and so can come after a message of the next second of another
 * channel, whatever room there is. Where that matters no message is that large.
 */
const BY_KEY_FROM = '1m';

const CASES = ROOMS.flatMap((room) => LISTS.map((list) => [room, ...list] as const));

describe.each(CASES)('in %i bytes, subscribers of %s, cut off in the middle of bursts,', (room, _, lists) => {
  let server: Server;
  beforeAll(async () => {
    const redis = await startRedis({ port: await freePort() });
    const upstream = redisUpstream(`redis://127.0.0.1:${redis.port}`);
    const byKey = lists.some(({ length }) => length > 1)
      ? `nchan_redis_publish_msgpacked_max_size ${BY_KEY_FROM};`
      : '';
    const http = `${upstream} nchan_shared_memory_size ${room}; ${byKey}`;
    server = { ...(await startServer(http, 'nchan_redis_pass redis;')), readsLate: true };
  });

  it.each([
    ['however they come and go', ANY_SIZE, false, RACES],
    ['though they stop reading for a while', LARGE, true, RACES_WITH_STALLS],
  ])(
    'get all messages in order, once, %s, while Redis keeps them',
    async (__, padding, stalls, races) => {
      const ingredients = { lists, length: ENOUGH, timeoutSeconds: HOUR, padding, stalls };
      await fc.assert(
        fc.asyncProperty(plans(ingredients), async (plan) => {
          const outcome = await run(server, plan);
          expect(faultsOfRace(outcome)).toEqual([]);
          expect(gapsOf(outcome)).toEqual([]);
        }),
        parameters(races),
      );
    },
    60_000,
  );

  it('miss nothing but what Redis lost before they were back', async () => {
    const length = fc.integer({ min: 1, max: 12 });
    const ingredients = { lists, length, timeoutSeconds: HOUR, padding: SMALL, stalls: false };
    await fc.assert(
      fc.asyncProperty(plans(ingredients), async (plan) => {
        expect(faultsOfRace(await run(server, plan))).toEqual([]);
      }),
      parameters(RACES),
    );
  }, 60_000);
});

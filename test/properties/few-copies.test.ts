/**
 * No loss, no repeat in Redis, where the server has room for few copies of messages: whoever comes or resumes gets most
 * of them from Redis, while others come, are trimmed, and leave the copies.
 */
import { beforeAll, describe } from 'vitest';
import { redisUpstream } from '../redis/support.ts';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import type { Server } from './race.ts';
import { describeRaces, LISTS } from './races.ts';
import { startServer } from './server.ts';

/** For copies, with what they take beside their data: some short messages of a few channels, or none. */
const ROOMS = [4000, 1];

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

  describeRaces({ server: () => server, lists, leastLength: 1, races: 10, racesWithStalls: 2 });
});

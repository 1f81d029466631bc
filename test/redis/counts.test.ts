/** What Redis is told of how many clients subscribe. */
import { beforeAll, expect, it } from 'vitest';
import { upstreamOf, urlOf } from '../support/link.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { openStores, subscribe } from '../support/redis-stores.ts';
import { waitFor } from '../support/wait.ts';

let redis: RedisServer;
let client: Awaited<ReturnType<RedisServer['connect']>>;
beforeAll(async () => {
  redis = await startRedis();
  client = await redis.connect();
});

const counted = async (name: string) => Number(await client.hget(`{channel:${name}}`, 'fake_subscribers'));

it('a number that was not answered before Redis went away does not replace a newer one', async () => {
  const { link, of } = await openStores(upstreamOf([urlOf(redis)], { commandTimeoutMs: 200 }));
  const store = of();
  subscribe(store, 'late');
  await waitFor('it to be counted', async () => (await counted('late')) === 1);
  await redis.signal('SIGSTOP');
  const others = Array.from({ length: 4 }, () => subscribe(store, 'late'));
  await waitFor('the connection to be given up', () => !link.available);
  for (const other of others) other.cancel();
  await redis.signal('SIGCONT');
  await waitFor('Redis to be back', () => link.available);
  await waitFor('everything to be said', () => {
    const { waiting, servers } = link.stats();
    return waiting === 0 && servers.every(({ pendingCommands }) => pendingCommands === 0);
  });
  expect(await counted('late')).toBe(1);
  expect(await client.hvals('{channel:late}:subscriber_counts')).toEqual(['1']);
});

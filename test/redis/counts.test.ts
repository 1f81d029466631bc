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

it('clients of locations with different settings are counted together', async () => {
  const { of } = await openStores(upstreamOf([urlOf(redis)]));
  const stores = [of(), of({ channelTimeout: 7 }), of({ redisStorageMode: 'nostore' })];
  const clients = stores.map((store) => subscribe(store, 'together'));
  const known = async () => [
    await counted('together'),
    ...(await client.hvals('{channel:together}:subscriber_counts')).map(Number),
  ];
  const becomes = (count: number) =>
    waitFor(`it to be ${count}`, async () => (await known()).every((one) => one === count));
  await becomes(3);
  clients[1]?.cancel();
  await becomes(2);
  subscribe(stores[0]!, 'together');
  await becomes(3);
});

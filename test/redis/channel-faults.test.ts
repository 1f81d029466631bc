/** What can happen to a channel while it waits for Redis: nothing is lost by it, nothing comes twice. */
import { describe, expect, it } from 'vitest';
import { formatUnstoredMessage } from '../../sidecar/store/redis/announcement.ts';
import { MAX_WAITING } from '../../sidecar/store/redis/passing-on.ts';
import { startRedis } from '../support/redis.ts';
import { listenTo, openRedisStore } from '../support/redis-store.ts';
import { waitFor } from '../support/wait.ts';

const redis = await startRedis();
const client = await redis.connect();
let channels = 0;
const newName = () => `test/f${channels++}`;
const headOf = (name: string) => `{channel:${name}}`;
const counted = (name: string, clients: number) =>
  waitFor(
    'Redis to know them',
    async () => (await client.hget(headOf(name), 'fake_subscribers')) === `${clients}`,
  );

describe('a message that Redis does not store', () => {
  it('is delivered, in its order, though more is announced than can be compressed', async () => {
    const { store, faults } = await openRedisStore(redis, { redisStorageMode: 'nostore' });
    const name = newName();
    const sink = listenTo(store, name);
    await counted(name, 1);
    const all = Array.from({ length: 4 * MAX_WAITING }, (_, n) => `${n} ${'text of it '.repeat(500)}`);
    const announce = (data: string, compressed: boolean) =>
      client.publish(
        `${headOf(name)}:pubsub`,
        formatUnstoredMessage(
          { ttlSeconds: 60, data: Buffer.from(data), contentType: '', eventsourceEvent: '', compressed },
          1,
        ),
      );
    await Promise.all(all.map((data, n) => announce(data, n % 3 !== 0)));
    await waitFor('the last', () => sink.messages.at(-1) === all.at(-1));
    expect(sink.messages.map((text) => text.split(' ')[0])).toEqual(all.map((_, n) => `${n}`));
    expect(faults).toEqual([]);
  });
});

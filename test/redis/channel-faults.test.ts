/** What can happen to a channel while it waits for Redis: nothing is lost by it, nothing comes twice. */
import { encode } from '@msgpack/msgpack';
import { describe, expect, it, vi } from 'vitest';
import { scripts } from '../../lua/scripts.generated.ts';
import type { MessageDraft } from '../../sidecar/store/message.ts';
import { formatUnstoredMessage } from '../../sidecar/store/redis/announcement.ts';
import { MAX_WAITING } from '../../sidecar/store/redis/announcement-queue.ts';
import { channelKeys } from '../../sidecar/store/redis/channel-keys.ts';
import { ChannelLostError, RedisUnavailableError } from '../../sidecar/store/redis/link.ts';
import type { RedisStore } from '../../sidecar/store/redis/redis-store.ts';
import { RemoteChannel } from '../../sidecar/store/redis/remote-channel.ts';
import { outageRow } from '../support/outage-table.ts';
import { startRedis } from '../support/redis.ts';
import { LineSink, listenTo, type OpenedStore, openRedisStore } from '../support/redis-store.ts';
import { waitFor } from '../support/wait.ts';

/** An announcement that does nothing. */
const NOTHING = Buffer.from(encode(['alert', 'unsub all', 'x', 409]));
const LIMITS = { length: 10, timeoutSeconds: 60 };
const draft = (text: string): MessageDraft => ({
  data: Buffer.from(text),
  contentType: '',
  eventsourceEvent: '',
});

outageRow('FLUSHALL, or the head of a channel is lost, and no connection with it');

const redis = await startRedis();
const client = await redis.connect();
let channels = 0;
const newName = () => `test/f${channels++}`;
const headOf = (name: string) => `{channel:${name}}`;
const registered = (name: string, servers: number) =>
  waitFor(
    'Redis to know their servers',
    async () => (await client.hget(headOf(name), 'subscribers')) === `${servers}`,
  );
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
    const all = Array.from({ length: 2 * MAX_WAITING }, (_, n) => `${n} ${'text of it '.repeat(400)}`);
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

describe('a channel that is left', () => {
  it('while it is read: who subscribes next gets each message once, in order', async () => {
    const { store, faults } = await openRedisStore(redis, { redisIdleChannelCacheTimeout: 0.05 });
    const other = await openRedisStore(redis);
    const name = newName();
    const publish = (text: string) => other.store.publish(name, draft(text), LIMITS);
    await publish('m1');
    const first = listenTo(store, name);
    await counted(name, 1);
    first.subscription?.cancel();
    await counted(name, 0);
    await redis.signal('SIGSTOP');
    let published: Promise<unknown> | undefined;
    let second: LineSink;
    try {
      store.cameBack();
      published = publish('m2');
      await waitFor('it to be left', () => store.totals().channels === 0);
      second = listenTo(store, name);
    } finally {
      await redis.signal('SIGCONT');
    }
    await published;
    await publish('m3');
    await waitFor('the last', () => second.messages.includes('m3'));
    expect(second.messages).toEqual(['m1', 'm2', 'm3']);
    expect(faults).toEqual([]);
    second.subscription?.cancel();
  });

  it('while it registers is not registered any more', async () => {
    const { store, link } = await openRedisStore(redis, { redisIdleChannelCacheTimeout: 0.05 });
    const name = newName();
    await redis.signal('SIGSTOP');
    try {
      // Its announcements are asked for before, over another connection.
      listenTo(store, name).subscription?.cancel();
      store.listening(channelKeys('', name).pubsub);
      await waitFor('it to be left', () => !store.announced(channelKeys('', name).pubsub, NOTHING));
    } finally {
      await redis.signal('SIGCONT');
    }
    // What it did before is done.
    await link.run(scripts.find_channel, [channelKeys('', name).head], ['0'], { repeatable: true });
    expect(await client.exists(headOf(name))).toBe(1);
    await waitFor('the end', async () => (await client.hget(headOf(name), 'subscribers')) === '0');
  });
});

describe('nothing is left of', () => {
  it('a deletion that failed', async () => {
    const { store, link } = await openRedisStore(redis);
    const name = newName();
    listenTo(store, name);
    await counted(name, 1);
    const waiting = new Set<() => void>();
    const { onDeletion } = RemoteChannel.prototype;
    const spy = vi.spyOn(RemoteChannel.prototype, 'onDeletion').mockImplementation(function (
      this: RemoteChannel,
      heard,
    ) {
      const stop = onDeletion.call(this, heard);
      waiting.add(heard);
      return () => {
        waiting.delete(heard);
        stop();
      };
    });
    try {
      vi.spyOn(link, 'run').mockRejectedValueOnce(new RedisUnavailableError('away'));
      await expect(store.delete(name)).rejects.toThrow('away');
      expect([spy.mock.calls.length, waiting.size]).toEqual([1, 0]);
      expect(await store.delete(name)).toMatchObject({ subscribers: 1 });
      expect([spy.mock.calls.length, waiting.size]).toEqual([2, 0]);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it('a subscription that could not begin', async () => {
    const { store } = await openRedisStore(redis);
    const name = newName();
    await store.publish(name, draft('kept'), LIMITS);
    const first = listenTo(store, name);
    await waitFor('it', () => first.messages.length === 1);
    const broken = new LineSink();
    broken.write = () => {
      throw new Error('broken');
    };
    broken.upToDate = () => {
      throw new Error('broken');
    };
    expect(() => store.subscribe([name], { first: 1 }, broken)).toThrow('broken');
    await counted(name, 1);
    first.subscription?.cancel();
    await counted(name, 0);
  });
});

describe('after FLUSHALL each server is known again, and says once that there was a loss', () => {
  const subscribersOf = async (store: RedisStore, name: string) => (await store.info(name))?.subscribers ?? 0;
  const losses = ({ faults }: OpenedStore) =>
    faults.map(({ channel, error }) => [channel, error instanceof ChannelLostError]);

  it.each([
    ['distributed', 'with its first message', []],
    ['distributed', 'with the first since', ['before']],
    ['nostore', 'with its first message', []],
    ['nostore', 'with the next', ['before']],
  ] as const)('%s, %s', async (redisStorageMode, _, before) => {
    const settings = { redisStorageMode };
    const opened = await Promise.all([openRedisStore(redis, settings), openRedisStore(redis, settings)]);
    const [{ store }] = opened;
    const name = newName();
    const sinks = opened.map((one) => listenTo(one.store, name));
    await counted(name, 2);
    await registered(name, 2);
    const publish = (text: string) => store.publish(name, draft(text), LIMITS);
    for (const text of before) await publish(text);
    await waitFor('it', () => sinks.every(({ messages }) => messages.length === before.length));
    await client.flushall();
    await publish('after');
    await waitFor('both', async () => (await subscribersOf(store, name)) === 2);
    await waitFor('both', async () => (await client.hget(headOf(name), 'subscribers')) === '2');
    expect(await publish('last')).toMatchObject({ subscribers: 2 });
    await waitFor('the last', () => sinks.every(({ messages }) => messages.at(-1) === 'last'));
    for (const { messages } of sinks) expect(messages).toEqual([...before, 'after', 'last']);
    for (const one of opened) expect(losses(one)).toEqual([[name, true]]);
  });

  it('though another one was there first, when it next says that it is still there', async () => {
    const settings = {
      idleChannelKeepalive: { minMs: 200, jitter: 0, backoff: 0, maxMs: 0 },
    };
    const opened = await Promise.all([openRedisStore(redis, settings), openRedisStore(redis)]);
    const [us, other] = opened;
    const name = newName();
    listenTo(us.store, name);
    await counted(name, 1);
    // A loss before that is none that it could notice.
    await registered(name, 1);
    await client.flushall();
    listenTo(other.store, name);
    await counted(name, 2);
    // Redis has the count a moment before the server knows that it has.
    await waitFor('the loss', () => losses(us).length > 0);
    expect(losses(us)).toEqual([[name, true]]);
    expect(other.faults).toEqual([]);
  });

  it('as after an end that Nchan brings about, which is no deletion', async () => {
    const us = await openRedisStore(redis, {
      idleChannelKeepalive: { minMs: 200, jitter: 0, backoff: 0, maxMs: 0 },
    });
    const name = newName();
    const sink = listenTo(us.store, name);
    await counted(name, 1);
    await registered(name, 1);
    await client.del(headOf(name), `${headOf(name)}:subscriber_counts`);
    await counted(name, 1);
    await us.store.publish(name, draft('after'), LIMITS);
    await waitFor('it', () => sink.messages.length === 1);
    expect(sink.ends).toEqual([]);
    expect(losses(us)).toEqual([[name, true]]);
  });

  it('but a first message, and one after a deletion, are none', async () => {
    const us = await openRedisStore(redis);
    const name = newName();
    for (let life = 0; life < 2; life++) {
      const sink = listenTo(us.store, name);
      await counted(name, 1);
      await us.store.publish(name, draft('first'), LIMITS);
      await waitFor('it', () => sink.messages.length === 1);
      await us.store.delete(name);
      expect(sink.ends).toEqual(['deleted']);
    }
    expect(us.faults).toEqual([]);
  });
});

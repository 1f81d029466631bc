/** A channel over a link that does what a real one does not do on demand. */
import { encode } from '@msgpack/msgpack';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisUnavailableError } from '../../../sidecar/store/redis/link.ts';
import { RemoteChannel } from '../../../sidecar/store/redis/remote-channel.ts';
import { type Call, FakeRedis, hostOf } from './fake-redis.ts';

const NAME = 'test/a';

const deletion = Buffer.from(encode(['alert', 'delete channel', NAME]));

describe('a channel in Redis', () => {
  let redis: FakeRedis;
  let channel: RemoteChannel;
  let got: string[];
  let faults: unknown[];
  const settle = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(async () => {
    vi.useFakeTimers();
    redis = new FakeRedis();
    got = [];
    faults = [];
    channel = new RemoteChannel(NAME, hostOf(redis, got, faults));
    channel.use(true);
    redis.publish('stored');
    channel.listening();
    await channel.loaded;
    expect(got).toEqual(['stored']);
  });
  afterEach(() => {
    channel.stop();
    vi.useRealTimers();
  });

  it('delivers announcements at once while it follows', () => {
    for (const data of ['a', 'b']) channel.announced(redis.publish(data));
    expect(got).toEqual(['stored', 'a', 'b']);
  });

  it('reads what it was not told of before it goes on', async () => {
    redis.publish('a');
    const b = redis.publish('b');
    channel.announced(b);
    channel.announced(redis.publish('c'));
    await settle();
    expect(got).toEqual(['stored', 'a', 'b', 'c']);
  });

  it('delivers once, in order, what is announced twice or in the wrong order', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((data) => redis.publish(data)) as [Buffer, Buffer, Buffer];
    for (const announcement of [b, a, c, b, a, c]) {
      channel.announced(announcement);
      await settle();
    }
    expect(got).toEqual(['stored', 'a', 'b', 'c']);
  });

  it('delivers the first message once, though it is announced again after it was read', async () => {
    channel.announced(redis.announcement(0));
    channel.announced(redis.publish('a'));
    channel.listening();
    await settle();
    channel.announced(redis.announcement(0));
    channel.announced(redis.announcement(1));
    await settle();
    expect(got).toEqual(['stored', 'a']);
  });

  it('takes what is published anew after Redis has lost a message that it was to fetch', async () => {
    redis.held.add('get_message_from_key');
    channel.announced(redis.publish('a'));
    channel.announced(redis.publishLarge('large'));
    redis.stored.length = 0;
    const anew = ['b', 'c'].map((data) => redis.publish(data));
    redis.calls[0]?.reply(null);
    for (const announcement of anew) channel.announced(announcement);
    await settle();
    expect(got).toEqual(['stored', 'a', 'b', 'c']);
  });

  it('waits for the reply before it delivers what is announced meanwhile', async () => {
    redis.held.add('get_messages');
    redis.publish('a');
    channel.readAgain();
    await settle();
    const reply = redis.answer(redis.calls[0] as Call);
    channel.announced(redis.publish('b'));
    await settle();
    expect(got).toEqual(['stored']);
    redis.calls[0]?.reply(reply);
    await settle();
    expect(got).toEqual(['stored', 'a', 'b']);
  });

  it('reads once more when too much is announced meanwhile', async () => {
    redis.held.add('get_messages');
    channel.readAgain();
    await settle();
    const reply = redis.answer(redis.calls[0] as Call);
    const all = Array.from({ length: 2500 }, (_, i) => `m${i}`);
    for (const data of all) channel.announced(redis.publish(data));
    redis.held.clear();
    redis.calls[0]?.reply(reply);
    await settle();
    expect(got).toEqual(['stored', ...all]);
  });

  it('is deleted though too much is announced meanwhile', async () => {
    redis.held.add('get_messages');
    channel.readAgain();
    await settle();
    channel.announced(deletion);
    for (let i = 0; i < 1500; i++) channel.announced(redis.publish(`m${i}`));
    expect(got).toEqual(['stored', 'deleted']);
  });

  it('reads again when no reply came, at once when Redis is back', async () => {
    redis.held.add('get_messages');
    channel.readAgain();
    await settle();
    redis.publish('a');
    redis.available = false;
    redis.calls[0]?.fail(new RedisUnavailableError('no reply'));
    await settle();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(redis.calls).toHaveLength(1);
    redis.available = true;
    redis.held.clear();
    channel.readAgain();
    await settle();
    expect(got).toEqual(['stored', 'a']);
    expect(faults).toEqual([]);
  });

  it('reads again, less and less often, while reading fails', async () => {
    redis.held.add('get_messages');
    channel.readAgain();
    for (let failures = 1; failures <= 8; failures++) {
      await vi.waitFor(() => expect(redis.calls).toHaveLength(failures));
      redis.calls[failures - 1]?.fail(new Error('WRONGTYPE'));
      await settle();
      if (failures < 8) await vi.advanceTimersByTimeAsync(40_000);
    }
    expect(faults).toHaveLength(8);
    const asked = redis.calls.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(redis.calls).toHaveLength(asked);
    redis.held.clear();
    redis.publish('a');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(got).toEqual(['stored', 'a']);
  });

  it('is read though it cannot be registered, and registered as soon as that is possible', async () => {
    redis.held.add('subscriber_register');
    redis.publish('a');
    channel.readAgain();
    await settle();
    redis.calls[0]?.fail(new Error('OOM'));
    await settle();
    expect(got).toEqual(['stored', 'a']);
    redis.held.clear();
    const before = redis.names.filter((name) => name === 'subscriber_register').length;
    await vi.advanceTimersByTimeAsync(2000);
    expect(redis.names.filter((name) => name === 'subscriber_register').length).toBe(before + 1);
  });

  it('ends its subscribers when it was deleted unheard, once, and serves those who come then', async () => {
    [redis.life, redis.deleted] = ['second', 'first'];
    channel.cameBack();
    await settle();
    expect(got).toEqual(['stored', 'deleted']);
    channel.use(true);
    redis.publish('a');
    await settle();
    channel.cameBack();
    await settle();
    expect(got).toEqual(['stored', 'deleted', 'a']);
    expect(faults).toEqual([]);
  });

  it('takes no harm from what is no announcement', async () => {
    channel.announced(Buffer.from('garbage'));
    channel.announced(redis.publish('a'));
    await settle();
    expect(got).toEqual(['stored', 'a']);
    expect(faults).toHaveLength(1);
  });
});

/** Channels of a list over links that make them wait. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RedisUnavailableError } from '../../../sidecar/store/redis/link.ts';
import { ListOrder } from '../../../sidecar/store/redis/list-order.ts';
import { RemoteChannel } from '../../../sidecar/store/redis/remote-channel.ts';
import { type Call, FakeRedis, hostOf } from './fake-redis.ts';

/** See ListOrder. */
const HOLD_MS = 20_000;

describe('channels of a list in Redis', () => {
  let order: ListOrder<RemoteChannel>;
  let got: string[];
  let faults: unknown[];
  let first: { redis: FakeRedis; channel: RemoteChannel };
  let second: typeof first;
  const settle = () => vi.advanceTimersByTimeAsync(0);

  async function open(name: string): Promise<typeof first> {
    const redis = new FakeRedis();
    const channel = new RemoteChannel(name, hostOf(redis, got, faults, order));
    channel.use(true);
    channel.listening();
    await channel.loaded;
    return { redis, channel };
  }

  /** Answers the calls that are held. */
  function answer({ calls }: FakeRedis, redis: FakeRedis): void {
    for (const call of calls.splice(0)) call.reply(redis.answer(call as Call));
  }

  beforeEach(async () => {
    vi.useFakeTimers();
    order = new ListOrder();
    got = [];
    faults = [];
    first = await open('test/a');
    second = await open('test/b');
    order.join('test/a,test/b', [first.channel, second.channel]);
  });
  afterEach(() => {
    first.channel.stop();
    second.channel.stop();
    expect(faults).toEqual([]);
    vi.useRealTimers();
  });

  it('deliver at once while all follow', () => {
    first.channel.announced(first.redis.publish('a', 101));
    second.channel.announced(second.redis.publish('b', 103));
    first.channel.announced(first.redis.publish('c', 102));
    expect(got).toEqual(['a', 'b', 'c']);
  });

  it('wait for a message of an earlier second that is being fetched', async () => {
    first.redis.held.add('get_message_from_key');
    first.channel.announced(first.redis.publishLarge('large', 101));
    second.channel.announced(second.redis.publish('b', 102));
    second.channel.announced(second.redis.publish('c', 102));
    await settle();
    expect(got).toEqual([]);
    answer(first.redis, first.redis);
    await settle();
    expect(got).toEqual(['large', 'b', 'c']);
    second.channel.announced(second.redis.publish('d', 102));
    expect(got).toEqual(['large', 'b', 'c', 'd']);
  });

  it('do not wait when they are in no list together any more', async () => {
    first.redis.held.add('get_message_from_key');
    first.channel.announced(first.redis.publishLarge('large', 101));
    order.leave('test/a,test/b');
    second.channel.announced(second.redis.publish('b', 102));
    expect(got).toEqual(['b']);
  });

  it('bring what both missed in the order of time', async () => {
    for (const { redis } of [first, second]) redis.held.add('get_messages');
    for (const [data, time] of [
      ['a', 101],
      ['c', 103],
      ['e', 105],
    ] as const)
      first.redis.publish(data, time);
    for (const [data, time] of [
      ['b', 102],
      ['d', 104],
      ['f', 106],
    ] as const)
      second.redis.publish(data, time);
    for (const { channel } of [first, second]) channel.mayHaveMissed();
    for (const { channel } of [second, first]) channel.listening();
    await settle();
    answer(second.redis, second.redis);
    second.channel.announced(second.redis.publish('g', 107));
    await settle();
    expect(got).toEqual([]);
    answer(first.redis, first.redis);
    await settle();
    expect(got).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('go on without one that fails', async () => {
    first.redis.held.add('get_message_from_key');
    first.channel.announced(first.redis.publishLarge('large', 101));
    second.channel.announced(second.redis.publish('b', 102));
    await settle();
    first.redis.calls[0]?.fail(new Error('on purpose'));
    await settle();
    expect(got).toEqual(['b']);
    expect(faults.splice(0)).toEqual([new Error('on purpose')]);
  });

  it('wait for one whose server is away, and go on when it is back', async () => {
    first.redis.publish('a', 101);
    first.redis.available = false;
    first.channel.mayHaveMissed();
    second.channel.announced(second.redis.publish('b', 102));
    await settle();
    expect(got).toEqual([]);
    first.redis.available = true;
    first.channel.listening();
    await settle();
    expect(got).toEqual(['a', 'b']);
  });

  it('wait for what could not be fetched because Redis is away', async () => {
    first.redis.held.add('get_message_from_key');
    first.channel.announced(first.redis.publishLarge('large', 101));
    first.redis.available = false;
    first.redis.calls[0]?.fail(new RedisUnavailableError('away'));
    await settle();
    second.channel.announced(second.redis.publish('b', 102));
    await settle();
    expect(got).toEqual([]);
    first.redis.available = true;
    first.channel.cameBack();
    await settle();
    expect(got).toEqual(['large', 'b']);
  });

  it('go on without one that is used no more', async () => {
    first.redis.held.add('get_message_from_key');
    first.channel.announced(first.redis.publishLarge('large', 101));
    second.channel.announced(second.redis.publish('b', 102));
    first.channel.stop();
    await settle();
    expect(got).toEqual(['b']);
  });

  it('go on without one that makes no progress for long', async () => {
    first.redis.held.add('get_message_from_key');
    first.channel.announced(first.redis.publishLarge('large', 101));
    second.channel.announced(second.redis.publish('b', 102));
    await vi.advanceTimersByTimeAsync(HOLD_MS - 1);
    expect(got).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(got).toEqual(['b']);
    second.channel.announced(second.redis.publish('c', 103));
    expect(got).toEqual(['b', 'c']);
  });
});

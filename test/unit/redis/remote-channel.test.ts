/** A channel over a link that does what a real one does not do on demand. */
import { encode } from '@msgpack/msgpack';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageId } from '../../../sidecar/store/message.ts';
import type { RedisMessage } from '../../../sidecar/store/redis/announcement.ts';
import { type RedisLink, RedisUnavailableError } from '../../../sidecar/store/redis/link.ts';
import { RemoteChannel } from '../../../sidecar/store/redis/remote-channel.ts';

interface Stored {
  readonly id: string;
  readonly previous: string;
  readonly data: string;
}

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  reply(reply: unknown): void;
  fail(error: Error): void;
}

const NAME = 'test/a';
const parse = (id: string) => id.split(':').map(Number) as [number, number];
const later = (one: string, other: string) => {
  const [[time, tag], [otherTime, otherTag]] = [parse(one), parse(other)];
  return time > otherTime || (time === otherTime && tag > otherTag);
};

/** What Redis has of the channel, and what the channel asks it. */
class FakeRedis {
  readonly stored: Stored[] = [];
  /** Calls that nobody answers before the test does, by script. */
  readonly held = new Set<string>();
  readonly calls: Call[] = [];
  readonly names: string[] = [];
  life = 'first';
  /** The life that was deleted. */
  deleted = '';
  available = true;
  readonly link = {
    publishCommand: 'PUBLISH',
    worker: 'nchan_worker:{1}',
    listen() {},
    unlisten() {},
    run: (script: { name: string }, _keys: unknown, args: readonly unknown[]) => {
      this.names.push(script.name);
      return new Promise((resolve, reject) => {
        const call = { name: script.name, args, reply: resolve, fail: reject };
        if (this.held.has(script.name)) this.calls.push(call);
        else resolve(this.answer(call));
      });
    },
  } as unknown as RedisLink;

  constructor() {
    Object.defineProperty(this.link, 'available', { get: () => this.available });
  }

  answer({ name, args }: Pick<Call, 'name' | 'args'>): unknown {
    if (name === 'subscriber_register') return [1, 1, 600_000];
    if (name === 'channel_life') return Buffer.from(args[0] === this.deleted ? '' : this.life);
    if (name !== 'get_messages') throw new Error(`no answer for ${name}`);
    const after = `${args[0]}:${args[1]}`;
    const messages = this.stored.filter(({ id }) => later(id, after));
    return [1, Buffer.from('100'), Buffer.alloc(0), messages.map(fields)];
  }

  /** Stores a message and gives its announcement. */
  publish(data: string): Buffer {
    const previous = this.stored.at(-1)?.id ?? '0:0';
    const id = previous === '0:0' ? '100:0' : `100:${parse(previous)[1] + 1}`;
    this.stored.push({ id, previous, data });
    return announcementOf({ id, previous, data });
  }
}

const fields = ({ id, previous, data }: Stored) => [
  ...[60, ...parse(id), ...parse(previous)],
  ...[data, '', '', '0'].map((text) => Buffer.from(text)),
  1,
];
const announcementOf = ({ id, previous, data }: Stored) =>
  Buffer.from(encode(['msg', 60, ...parse(id), ...parse(previous), data, '', '', 0]));
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
    let newest: MessageId | undefined;
    const adopt = ({ id, data }: RedisMessage) => {
      newest = id;
      got.push(data.toString());
    };
    channel = new RemoteChannel(NAME, {
      link: redis.link,
      namespace: '',
      registration: {
        server: 'x',
        keepalive: { minMs: 600_000, jitter: 0, backoff: 0, maxMs: 0 },
        marginMs: 60_000,
        emptyTtlSeconds: 5,
      },
      idleMs: 30_000,
      mirror: () => ({
        stored: true,
        get newest() {
          return newest;
        },
        maxMessages: 100,
        takeNow: adopt,
        take: async (message) => adopt(message),
        delete: () => void got.push('deleted'),
        forget() {},
      }),
      asked() {},
      registered() {},
      lost() {},
      deleted() {},
      fault: (_, error) => faults.push(error),
      left() {},
    });
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

/** Keepers, with a stand-in for Redis that says what the real one rarely does. */
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { Keeper } from '../../../../sidecar/hooks/keeper.ts';
import { MAX_RECORD_CHARS } from '../../../../sidecar/hooks/record.ts';
import { type RedisLink, RedisUnavailableError } from '../../../../sidecar/store/redis/link.ts';
import { waitFor } from '../../../support/wait.ts';

const OWN = 'nchan_worker:{own}';
const EARLIER = 'nchan_worker:{earlier}';

/** A Redis with one hash. */
class FakeRedis {
  readonly hash = new Map<string, string>();
  readonly calls: (readonly unknown[])[] = [];
  available = true;
  /** Fields of others who are alive. */
  alive = 0;
  looks = 0;
  /** What the next calls fail with. */
  readonly errors: Error[] = [];
  readonly link: RedisLink;

  constructor() {
    const redis = this;
    this.link = {
      get available() {
        return redis.available;
      },
      worker: OWN,
      run: ({ name }: { name: string }, _keys: unknown, args: readonly unknown[]) => redis.#run(name, args),
    } as unknown as RedisLink;
  }

  async #run(name: string, args: readonly unknown[]): Promise<unknown> {
    const error = this.errors.shift();
    if (error) {
      this.available = !(error instanceof RedisUnavailableError);
      throw error;
    }
    if (name === 'find_hooks') {
      this.looks += 1;
      const others = [...this.hash].filter(([field]) => !field.startsWith(OWN));
      return [Buffer.from('0'), this.alive, ...others.flat().map((text) => Buffer.from(text))];
    }
    this.calls.push(args);
    const [, gone, ...rest] = args as [number, number, ...string[]];
    for (const field of rest.splice(0, gone)) this.hash.delete(field);
    for (let i = 0; i < rest.length; i += 2) this.hash.set(rest[i] as string, rest[i + 1] as string);
    return this.hash.size;
  }
}

function keeperOn(redis: FakeRedis) {
  const lines: string[] = [];
  const told: string[] = [];
  const keeper = new Keeper({
    key: Buffer.from('{njchan:hooks:x}'),
    link: redis.link,
    log: pino({}, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) }),
    ownWorkers: new Set([OWN, EARLIER]),
    tell: async (record) => void told.push(record),
  });
  return { keeper, lines, told };
}

const record = (text: string) => () => text;

describe('a keeper', () => {
  it('sends those who come and go in a crowd together, in bounded parts', async () => {
    const redis = new FakeRedis();
    const { keeper } = keeperOn(redis);
    const forgets = Array.from({ length: 1_200 }, (_, i) => keeper.keep(record(`r${i}`)));
    await waitFor('all', () => redis.hash.size === 1_200);
    expect(redis.calls).toHaveLength(3);
    for (const forget of forgets) forget();
    await keeper.settle();
    expect(redis.hash.size).toBe(0);
    expect(redis.calls).toHaveLength(6);
    const large = Array.from({ length: 20 }, () => keeper.keep(record('x'.repeat(60_000))));
    await keeper.settle();
    expect(redis.calls.length).toBe(10);
    expect(large).toHaveLength(20);
  });

  it('says nothing of who came and went at once', async () => {
    const redis = new FakeRedis();
    const { keeper } = keeperOn(redis);
    keeper.keep(record('r'))();
    await keeper.settle();
    expect(redis.calls).toEqual([]);
  });

  it('leaves out what is too large, and says so', async () => {
    const redis = new FakeRedis();
    const { keeper, lines } = keeperOn(redis);
    const forget = keeper.keep(record('x'.repeat(MAX_RECORD_CHARS + 1)));
    keeper.keep(record('small'));
    await waitFor('the other', () => redis.hash.size === 1);
    expect(lines.join()).toContain('a request has more than 65536 bytes');
    forget();
    await keeper.settle();
    expect([...redis.hash.values()]).toEqual(['small']);
  });

  it('tries again when Redis is back, and tells of one that has no room', async () => {
    const redis = new FakeRedis();
    const { keeper, lines } = keeperOn(redis);
    await waitFor('the look', () => redis.calls.length === 0);
    redis.errors.push(new RedisUnavailableError('away'));
    const forget = keeper.keep(record('r'));
    await waitFor('the failure', () => redis.errors.length === 0);
    keeper.keep(record('later'));
    forget();
    redis.available = true;
    keeper.available();
    await waitFor('the other', () => redis.hash.size === 1);
    expect([...redis.hash.values()]).toEqual(['later']);
    expect(lines).toEqual([]);
    redis.errors.push(new Error('OOM command not allowed'));
    const last = keeper.keep(record('last'));
    await waitFor('the failure', () => lines.length === 1);
    expect(lines[0]).toMatch(/^Redis does not keep subscribers .*: OOM/);
    last();
    await keeper.settle();
    expect([...redis.hash.values()]).toEqual(['later']);
  });

  it('tells of those of killed sidecars once, and takes away what an earlier link left', async () => {
    const redis = new FakeRedis();
    redis.hash.set('nchan_worker:{dead} 1', 'a').set(`${EARLIER} 2`, 'b').set('strange', 'c');
    const { keeper, told, lines } = keeperOn(redis);
    await waitFor('the end', () => redis.hash.size === 0);
    keeper.available();
    expect(told).toEqual(['a', 'c']);
    expect(lines).toEqual(['a sidecar was killed: unsubscribe requests are sent for 2 subscribers']);
  });

  it('looks again while others in its place seem to be alive, and then no more', async () => {
    const redis = new FakeRedis();
    redis.alive = 1;
    const { keeper, told } = keeperOn(redis);
    await waitFor('the first look', () => redis.looks === 1);
    redis.alive = 0;
    redis.hash.set('nchan_worker:{dead} 1', 'a');
    await waitFor('the second', () => {
      keeper.available();
      return redis.hash.size === 0;
    });
    const { looks } = redis;
    keeper.available();
    expect([told, redis.looks]).toEqual([['a'], looks]);
  });
});

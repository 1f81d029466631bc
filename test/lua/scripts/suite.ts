/** What the suites of the scripts share. */
import { decode } from '@msgpack/msgpack';
import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import type { Announcement, Announcements } from '../support/announcements.ts';
import { comparable, dumpKeyspace, type Entry, type Keyspace } from '../support/keyspace.ts';
import { evalsha, type LoadedScripts, type Named, type Reply, type Value } from '../support/scripts.ts';

/** A Redis with scripts; its database is empty when a test begins. */
export interface Lua {
  readonly redis: Redis;
  readonly scripts: LoadedScripts;
  readonly announcements: Announcements;
}

/** The channel of most tests. */
export const KEY = 'ns:{channel:test/a}';

/** A second in the year 2100: with a message of then, ids do not depend on the clock. */
export const THEN = 4_102_444_800;

/** Calls a script on the channel of the tests. */
export function call({ scripts }: Lua, script: string, args: Named = {}): Promise<Reply> {
  return scripts.call(script, { channel: KEY }, args);
}

/** The keys of the channel, by what follows its own key. */
export async function keysOf({ redis }: Lua, key = KEY): Promise<Keyspace> {
  const all = await dumpKeyspace(redis);
  const own = Object.entries(all).filter(([name]) => name.startsWith(key));
  return Object.fromEntries(own.map(([name, entry]): [string, Entry] => [name.slice(key.length), entry]));
}

/** The fields of the channel's head. */
export async function headOf({ redis }: Lua, key = KEY): Promise<Record<string, string>> {
  return redis.hgetall(key);
}

/** An announcement with its msgpack array; strings in it are strings of bytes. */
export function unpacked({ channel, message }: Announcement): { channel: string; array: unknown } {
  return { channel, array: decode(Buffer.from(message, 'latin1')) };
}

/** What was announced since the last call. */
export async function announced({ announcements }: Lua): Promise<unknown[]> {
  return (await announcements.take()).map((one) => unpacked(one).array);
}

export interface Given {
  /** Ids of messages, oldest first; `data` of each is its id. */
  readonly messages?: readonly string[];
  /** Those of them that have expired: they are only in the list. */
  readonly expired?: readonly string[];
  /** Those of them that no buffer keeps: they are not in the list. */
  readonly unbuffered?: readonly string[];
  /** Fields of the head besides those of the newest message. */
  readonly head?: Named;
  /** Milliseconds that all of it has left to live. Default: 100 seconds. */
  readonly ttlMs?: number;
}

/** Puts a channel into Redis, as publishing would have left it. */
export async function given({ redis }: Lua, what: Given, key = KEY): Promise<void> {
  const { messages = [], expired = [], unbuffered = [], head = {}, ttlMs = 100_000 } = what;
  const pipeline = redis.pipeline();
  const newest = messages.at(-1);
  const ofNewest = newest ? { current_message: newest, time: newest.split(':')[0] ?? '' } : {};
  const fields = { ...ofNewest, ...head };
  if (Object.keys(fields).length > 0) pipeline.hset(key, fields);
  messages.forEach((id, i) => {
    const [time = '', tag = ''] = id.split(':');
    if (!unbuffered.includes(id)) pipeline.lpush(`${key}:messages`, id);
    if (expired.includes(id)) return;
    const [prevTime = '0', prevTag = '0'] = messages[i - 1]?.split(':') ?? [];
    const next = messages[i + 1];
    pipeline.hset(`${key}:msg:${id}`, {
      ...{ id, time, tag, prev_time: prevTime, prev_tag: prevTag, data: id, compression: '0', ttl: '100' },
      ...{ content_type: 'text/plain', eventsource_event: 'ev' },
      ...(next ? { next } : {}),
      ...(unbuffered.includes(id) ? { unbuffered: '1' } : {}),
    });
    pipeline.pexpire(`${key}:msg:${id}`, ttlMs);
  });
  pipeline.pexpire(key, ttlMs);
  pipeline.pexpire(`${key}:messages`, ttlMs);
  await pipeline.exec();
}

/** What a script replies to a user who may announce nothing: the error, or that there was none. */
export async function replyToMute(lua: Lua, script: string, args: Named): Promise<string> {
  await lua.redis.call('ACL', 'SETUSER', 'mute', 'reset', 'on', 'nopass', '+@all', '~*');
  const mute = lua.redis.duplicate({ username: 'mute', password: 'x' });
  try {
    const sha1 = lua.scripts.byName.get(script)?.sha1 ?? '';
    const reply = await evalsha(mute, sha1, [KEY], Object.values(args));
    return `no error, but ${JSON.stringify(reply)}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    mute.disconnect();
  }
}

/** Expects a time to live, in milliseconds, that was set just now. */
export function expectTtl(entry: Entry | undefined, milliseconds: number): void {
  expect(entry?.pttl).toBeLessThanOrEqual(milliseconds);
  expect(entry?.pttl).toBeGreaterThan(milliseconds - 1000);
}

const NUMBERS = ['', 'x', '1.5', 'nan', 'inf', '1e300', '1 2'];

/** Values that an argument does not take, and what the error says of them. */
export interface Wrong {
  readonly values: readonly Value[];
  readonly error: string;
}

/** Wrong values of an argument that is a whole number. */
export function wholeNumber(least: number): Wrong {
  return { values: [...NUMBERS, least - 1], error: `must be a whole number of at least ${least}` };
}

/** Wrong values of an argument that is one of two words. */
export function oneOf(one: string, other: string): Wrong {
  return {
    values: ['', '2', `${one} `, one.toLowerCase(), '-1'].filter((value) => value !== one),
    error: `must be ${one} or ${other}`,
  };
}

/**
 * The tests that each script passes: wrong arguments are refused by an error that names one, and change nothing.
 * @param right - arguments that it takes; `optional` are the last ones that may be missing
 * @param wrong - by argument, what it does not take; those that take anything are left out
 */
export function describeArguments(
  lua: Lua,
  script: string,
  right: { readonly keys: Named; readonly args: Named; readonly optional?: readonly string[] },
  wrong: Readonly<Record<string, Wrong>>,
): void {
  /** Something that a script which does not stop would change. */
  const prepare = () =>
    given(lua, {
      messages: [`${THEN}:0`, `${THEN}:1`, `${THEN}:2`],
      expired: [`${THEN}:0`],
      head: { subscribers: 2, fake_subscribers: 3, last_subscriber_id: 2 },
    });

  async function refusal(keys: readonly Value[], args: readonly Value[]): Promise<string> {
    await prepare();
    const before = await dumpKeyspace(lua.redis);
    const sha1 = lua.scripts.byName.get(script)?.sha1 ?? '';
    const error = await evalsha(lua.redis, sha1, keys, args).then(
      (reply) => new Error(`no error, but ${JSON.stringify(reply)}`),
      (reason: Error) => reason,
    );
    const after = await dumpKeyspace(lua.redis);
    const [unchanged, now] = comparable(before, after);
    expect(now).toEqual(unchanged);
    expect(await announced(lua)).toEqual([]);
    return error.message;
  }

  const keys = Object.values(right.keys);
  const args = Object.values(right.args);
  const named = () => lua.scripts.byName.get(script);

  describe('refuses', () => {
    test('arguments in another order than the head comment names them', () => {
      expect(named()?.keys.map(({ name }) => name)).toEqual(Object.keys(right.keys));
      expect(named()?.args.map(({ name }) => name)).toEqual(Object.keys(right.args));
    });

    test('a missing key', async () => {
      expect(await refusal([], args)).toBe(`ERR ${Object.keys(right.keys)[0]} is missing`);
    });

    const names = Object.keys(right.args);
    const needed = names.filter((name) => !right.optional?.includes(name));
    test.each(needed.map((name, count) => ({ name, count })))('a missing $name', async ({ count }) => {
      const message = await refusal(keys, args.slice(0, count));
      expect(names.slice(count).map((name) => `ERR ${name} is missing`)).toContain(message);
    });

    const cases = Object.entries(wrong).flatMap(([name, { values, error }]) =>
      values.map((value) => ({ name, value, error })),
    );
    test.each(cases)('$name $value', async ({ name, value, error }) => {
      const changed = Object.values({ ...right.args, [name]: value });
      expect(await refusal(keys, changed)).toBe(`ERR ${name} ${error}`);
    });
  });
}

/** The script that tells one life of a channel from the next. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  call,
  describeArguments,
  expectTtl,
  given,
  headOf,
  KEY,
  keysOf,
  type Lua,
  oneOf,
  THEN,
} from './suite.ts';

const LIFE = `${KEY}:life`;
const LIVES = `${KEY}:lives`;

export function describeChannelLife(lua: Lua): void {
  describeArguments(
    lua,
    'channel_life',
    { keys: { channel: KEY }, args: { known: '-', new: 'a', away: 1 } },
    { away: oneOf('0', '1') },
  );

  const ask = (known: string, fresh = known) => call(lua, 'channel_life', { known, new: fresh, away: 1 });
  /** As a server that heard everything. */
  const askHere = (known: string) => call(lua, 'channel_life', { known, new: known, away: 0 });
  const register = (server = 'us') =>
    call(lua, 'subscriber_register', {
      server,
      subscriber_id: '-',
      ttl_ms: 50_000,
      margin_ms: 1000,
      time: 1,
    });
  const lives = () => lua.redis.lrange(LIVES, 0, -1);
  const remove = () => call(lua, 'delete', { id: 'test/a', publish_command: 'PUBLISH', accurate: 0 });
  /** A server that begins to know the channel. */
  async function born(name: string, ttlMs = 100_000): Promise<void> {
    await given(lua, { head: { subscribers: 1 }, ttlMs });
    expect(await ask('-', name)).toBe(name);
  }

  test('names a channel once, and remembers the name for as long as the head lives', async () => {
    await born('a');
    expect(await ask('-', 'b')).toBe('a');
    expect(await ask('a')).toBe('a');
    expect(await headOf(lua)).toEqual({ subscribers: '1', life: 'a' });
    expect(await lives()).toEqual([]);
    expectTtl((await keysOf(lua))[':life'], 100_000);
  });

  test('a channel that nobody made has no life', async () => {
    expect(await ask('-', 'a')).toBeNull();
    expect(await ask('a')).toBeNull();
    expect(await keysOf(lua)).toEqual({});
  });

  test('a name that never expires belongs to a head that does not', async () => {
    await lua.redis.hset(KEY, 'subscribers', 1);
    expect(await ask('-', 'a')).toBe('a');
    expect(await lua.redis.pttl(LIFE)).toBe(-1);
  });

  describe('of a deletion', () => {
    test('tells those who knew the channel, and changes nothing', async () => {
      await born('a');
      await remove();
      expect([await ask('a'), await ask('a')]).toEqual(['', '']);
      expect(await lua.redis.exists(KEY)).toBe(0);
    });

    test('tells them when the channel was made anew, and the others its new name', async () => {
      await born('a');
      await remove();
      await born('b');
      expect([await ask('a'), await ask('b'), await ask('-', 'c')]).toEqual(['', 'b', 'b']);
      expect(await lives()).toEqual(['a']);
    });

    test('tells them as well when Nchan made it anew', async () => {
      await born('a');
      await remove();
      await given(lua, { messages: [`${THEN}:0`] });
      expect([await ask('a'), await askHere('a')]).toEqual(['', '']);
    });

    test('remembers it, whoever comes and goes since', async () => {
      await born('a');
      await remove();
      const [id] = (await register()) as number[];
      await ask('-', 'b');
      await call(lua, 'subscriber_unregister', { server: 'us', subscriber_id: id ?? 0, empty_ttl: 5 });
      expectTtl((await keysOf(lua))[':life'], 5000);
      expectTtl((await keysOf(lua))[':lives'], 600_000);
      await remove();
      expect([await ask('a'), await ask('b')]).toEqual(['', null]);
    });

    test('remembers so many', async () => {
      for (let life = 0; life < 17; life++) {
        await born(`${life}`);
        await remove();
      }
      expect(await lives()).toHaveLength(16);
      expect(await ask('1')).toBe('');
      expect(await ask('0')).toBeNull();
    });

    test('is remembered for ten minutes', async () => {
      await born('a', 10_000_000);
      await remove();
      expectTtl((await keysOf(lua))[':lives'], 600_000);
    });

    test('is forgotten at once where no server has subscribers', async () => {
      await born('a');
      await lua.redis.hset(KEY, 'subscribers', 0);
      await remove();
      expect(Object.keys(await keysOf(lua))).toEqual([':deleted']);
    });
  });

  describe('of a loss', () => {
    test('who comes first gives the channel its name back', async () => {
      await born('a');
      await lua.redis.flushall();
      expect(await ask('a')).toBeNull();
      await given(lua, { head: { subscribers: 1 } });
      expect(await ask('a')).toBe('a');
      expect(await lua.redis.get(LIFE)).toBe('a');
    });

    test('others take over the name that it has meanwhile', async () => {
      await born('a');
      await lua.redis.flushall();
      await born('b');
      expect(await ask('a')).toBe('b');
    });

    test('messages without a head were not deleted', async () => {
      await given(lua, { messages: [`${THEN}:0`] });
      await ask('-', 'a');
      await lua.redis.del(KEY);
      expect(await ask('a')).toBeNull();
      await lua.redis.hset(KEY, 'subscribers', 1);
      expect(await ask('a')).toBe('a');
      expect([await lua.redis.get(LIFE), await lives()]).toEqual(['a', []]);
    });

    test('a channel that expired was not deleted', async () => {
      await born('a');
      const [id] = (await register()) as number[];
      await lua.redis.hset(KEY, 'subscribers', 1);
      await call(lua, 'subscriber_unregister', { server: 'us', subscriber_id: id ?? 0, empty_ttl: 0 });
      expect(await keysOf(lua)).toEqual({});
      expect(await ask('a')).toBeNull();
    });
  });

  describe('of a head that went without its name, as Nchan deletes it or lets it expire', () => {
    beforeEach(async () => {
      await born('a');
      await lua.redis.del(KEY);
    });

    test('tells who may not have heard of a deletion that there was one', async () => {
      expect([await ask('a'), await askHere('a')]).toEqual(['', null]);
    });

    test('also once another one has its place', async () => {
      await born('b');
      expect([await ask('a'), await askHere('a'), await ask('b')]).toEqual(['', 'b', 'b']);
      expectTtl((await keysOf(lua))[':life'], 100_000);
    });

    test('made anew without a name, and deleted: that is told to all who knew the old one', async () => {
      await given(lua, { head: { subscribers: 1 } });
      await remove();
      expect([await ask('a'), await askHere('a')]).toEqual(['', '']);
    });

    test('whose servers are still there: it goes on', async () => {
      await given(lua, { head: { subscribers: 1 } });
      expect(await askHere('a')).toBe('a');
      expect([await ask('a'), await lives()]).toEqual(['a', []]);
    });
  });

  test('names live for longer as the head does', async () => {
    await born('a', 1000);
    await register();
    expectTtl((await keysOf(lua))[':life'], 51_000);
    await lua.redis.lpush(`${KEY}:messages`, `${THEN}:0`);
    await lua.redis.pexpire(KEY, 90_000);
    expect(
      await call(lua, 'channel_keepalive', { server: 'us', ttl_ms: 50_000, margin_ms: 1000 }),
    ).toBeGreaterThan(88_000);
    expectTtl((await keysOf(lua))[':life'], 90_000);
  });
}

/** The scripts that keep what is to be asked about subscribers should their sidecar be killed. */
import { expect, test } from 'vitest';
import { describeArguments, expectTtl, keysOf, type Lua, wholeNumber } from './suite.ts';

const HOOKS = 'ns:{njchan:hooks:host}';
const [OWN, ALIVE, DEAD] = ['nchan_worker:{1}', 'nchan_worker:{2}', 'nchan_worker:{3}'] as const;

const hooksOf = async (lua: Lua) => (await keysOf(lua, HOOKS))[''];

export function describeKeepHooks(lua: Lua): void {
  describeArguments(
    lua,
    'keep_hooks',
    { keys: { hooks: HOOKS }, args: { ttl: 60, gone: 0 } },
    { ttl: wholeNumber(1), gone: wholeNumber(0) },
  );

  const keep = (gone: readonly string[], kept: readonly string[], ttl = 60) =>
    lua.redis.evalsha(
      lua.scripts.byName.get('keep_hooks')?.sha1 ?? '',
      1,
      HOOKS,
      ttl,
      gone.length,
      ...gone,
      ...kept,
    );

  test('keeps, replaces and takes away, and lets all of it live from now on', async () => {
    expect(await keep([], [`${OWN} 1`, 'a', `${OWN} 2`, 'b\0\xff'])).toBe(2);
    expectTtl(await hooksOf(lua), 60_000);
    expect(await keep([`${OWN} 1`, `${OWN} 9`], [`${OWN} 2`, 'c', `${OWN} 3`, 'd'], 90)).toBe(2);
    const hooks = await hooksOf(lua);
    expect(hooks?.value).toEqual({ [`${OWN} 2`]: 'c', [`${OWN} 3`]: 'd' });
    expectTtl(hooks, 90_000);
  });

  test('only lets it live on when there is nothing new, and makes nothing', async () => {
    expect(await keep([], [])).toBe(0);
    await keep([], ['f 1', 'a'], 10);
    expect(await keep([], [], 90)).toBe(1);
    expectTtl(await hooksOf(lua), 90_000);
  });

  test('leaves no key when all is gone', async () => {
    await keep([], ['f 1', 'a']);
    expect(await keep(['f 1'], [])).toBe(0);
    expect(await keysOf(lua, HOOKS)).toEqual({});
  });

  test('takes more than one command can', async () => {
    const fields = Array.from({ length: 2_500 }, (_, i) => `f ${i}`);
    expect(
      await keep(
        [],
        fields.flatMap((field) => [field, field]),
      ),
    ).toBe(2_500);
    expect((await hooksOf(lua))?.value).toEqual(Object.fromEntries(fields.map((field) => [field, field])));
    expect(await keep(fields.slice(1), [])).toBe(1);
    expect((await hooksOf(lua))?.value).toEqual({ 'f 0': 'f 0' });
  });
}

export function describeFindHooks(lua: Lua): void {
  describeArguments(
    lua,
    'find_hooks',
    { keys: { hooks: HOOKS }, args: { cursor: 0, count: 10, own: OWN } },
    { cursor: wholeNumber(0), count: wholeNumber(1) },
  );

  const find = async (cursor: string, count = 100) =>
    (await lua.scripts.call('find_hooks', { hooks: HOOKS }, { cursor, count, own: OWN })) as [
      string,
      number,
      ...string[],
    ];

  test('finds what the dead have left, and how much the others have', async () => {
    await lua.redis.hset(HOOKS, { [`${OWN} 1`]: 'a', [`${ALIVE} 1`]: 'b', [`${ALIVE} 2`]: 'c' });
    await lua.redis.hset(HOOKS, { [`${DEAD} 1`]: 'd', [`${DEAD} 2`]: 'e', strange: 'f' });
    const listener = lua.redis.duplicate();
    try {
      await listener.subscribe(ALIVE, OWN);
      const [cursor, alive, ...found] = await find('0');
      expect([cursor, alive]).toEqual(['0', 2]);
      const pairs = found.flatMap((field, i) => (i % 2 === 0 ? [[field, found[i + 1]]] : []));
      expect(Object.fromEntries(pairs)).toEqual({ [`${DEAD} 1`]: 'd', [`${DEAD} 2`]: 'e', strange: 'f' });
    } finally {
      listener.disconnect();
    }
  });

  test('finds nothing where there is nothing', async () => {
    expect(await find('0')).toEqual(['0', 0]);
  });

  test('finds all of it part by part', async () => {
    // Redis gives small hashes with short values in one part.
    const left = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [`${DEAD} ${i}`, 'x'.repeat(100)]),
    );
    await lua.redis.hset(HOOKS, left);
    const found = new Set<string>();
    let cursor = '0';
    let most = 0;
    do {
      const [next, , ...pairs] = await find(cursor, 50);
      most = Math.max(most, pairs.length / 2);
      for (let i = 0; i < pairs.length; i += 2) found.add(pairs[i] as string);
      cursor = next;
    } while (cursor !== '0');
    expect(found).toEqual(new Set(Object.keys(left)));
    expect(most).toBeLessThan(200);
  });
}

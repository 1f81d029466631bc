/** The script that takes away what dead workers have left. */
import { expect, test } from 'vitest';
import {
  call,
  describeArguments,
  expectTtl,
  given,
  headOf,
  KEY,
  keysOf,
  type Lua,
  THEN,
  wholeNumber,
} from './suite.ts';

const [DEAD, ALIVE, GONE] = ['nchan_worker:{1}', 'nchan_worker:{2}', 'nchan_worker:{21}'] as const;
const COUNTS = `${KEY}:subscriber_counts`;

export function describeForgetWorkers(lua: Lua): void {
  describeArguments(
    lua,
    'forget_workers',
    { keys: { channel: KEY }, args: { suspects: '', empty_ttl: 5 } },
    { empty_ttl: wholeNumber(0) },
  );

  const look = async (suspects = '') => String(await call(lua, 'forget_workers', { suspects, empty_ttl: 5 }));
  const workers = async () => (await keysOf(lua))[':subscriber_counts']?.value;

  test('names those who do not listen, and forgets them the next time', async () => {
    await given(lua, { head: { fake_subscribers: 9 } });
    await lua.redis.hset(COUNTS, { [DEAD]: 4, [ALIVE]: 2, [GONE]: 3 });
    const listener = lua.redis.duplicate();
    try {
      await listener.subscribe(ALIVE);
      const suspects = await look();
      expect(suspects.split('\n').sort()).toEqual(['', `${DEAD} 4`, `${GONE} 3`]);
      expect(await headOf(lua)).toEqual({ fake_subscribers: '9' });
      expect(await look(suspects)).toBe('');
      expect(await headOf(lua)).toEqual({ fake_subscribers: '2' });
      expect(await workers()).toEqual({ [ALIVE]: '2' });
      expect(await look(suspects)).toBe('');
      expect(await headOf(lua)).toEqual({ fake_subscribers: '2' });
    } finally {
      listener.disconnect();
    }
  });

  test('does not forget one that has said something since, nor one with a similar name', async () => {
    await given(lua, { head: { fake_subscribers: 9 } });
    await lua.redis.hset(COUNTS, { [DEAD]: 4, [ALIVE]: 2 });
    expect(await look(`${DEAD} 3\n${DEAD} 44\nx${ALIVE} 2\n`)).toBe(`${DEAD} 4\n${ALIVE} 2\n`);
    expect(await headOf(lua)).toEqual({ fake_subscribers: '9' });
  });

  test('never counts below nobody, and takes a negative number for none', async () => {
    await given(lua, { head: { fake_subscribers: 1 } });
    await lua.redis.hset(COUNTS, { [DEAD]: -4, [GONE]: 3, [ALIVE]: 0 });
    expect(await look(await look())).toBe('');
    expect(await headOf(lua)).toEqual({ fake_subscribers: '0' });
    expect(await workers()).toBeUndefined();
  });

  test('does not make a channel', async () => {
    expect(await look(`${DEAD} 4\n`)).toBe('');
    await lua.redis.hset(COUNTS, { [DEAD]: 4 });
    expect(await look(`${DEAD} 4\n`)).toBe('');
    expect(await keysOf(lua)).toEqual({});
  });

  const register = (server: string, worker: string) =>
    call(lua, 'subscriber_register', {
      ...{ server, subscriber_id: '-', ttl_ms: 600_000, margin_ms: 60_000, time: 1, worker },
    });
  const registered = async () => {
    const fields = Object.entries(await headOf(lua));
    return Object.fromEntries(fields.filter(([name]) => /^(subscribers|registered|worker)/.test(name)));
  };

  test('takes back the registrations of those who do not listen, however many a worker has', async () => {
    const listener = lua.redis.duplicate();
    try {
      await listener.subscribe(ALIVE);
      await register('a', DEAD);
      await register('b', ALIVE);
      await register('c', DEAD);
      const suspects = await look();
      expect(suspects.split('\n').sort()).toEqual(['', `${DEAD} a 1`, `${DEAD} c 3`]);
      expect((await headOf(lua)).subscribers).toBe('3');
      expect(await look(suspects)).toBe('');
      const left = { subscribers: '1', 'registered:b': '2', 'worker:b': '{2}' };
      expect(await registered()).toEqual(left);
      expect(await look(suspects)).toBe('');
      expect(await registered()).toEqual(left);
      expectTtl((await keysOf(lua))[''], 660_000);
    } finally {
      listener.disconnect();
    }
  });

  test('lets a channel that nobody is left of live for a little while', async () => {
    await register('a', DEAD);
    await look(await look());
    expect(await registered()).toEqual({ subscribers: '0' });
    expectTtl((await keysOf(lua))[''], 5000);
  });

  test('does not shorten the life of one with messages', async () => {
    await given(lua, { messages: [`${THEN}:0`] });
    await register('a', DEAD);
    await look(await look());
    expectTtl((await keysOf(lua))[''], 660_000);
  });

  test('does not take back what was registered again since, nor count below nobody', async () => {
    await register('a', DEAD);
    const suspects = await look();
    await register('a', DEAD);
    const again = await look(suspects);
    expect(again).toBe(`${DEAD} a 2\n`);
    await lua.redis.hset(KEY, 'subscribers', -1);
    await look(again);
    expect(await registered()).toEqual({ subscribers: '0' });
  });

  test('leaves alone what it cannot tell of: a worker without a registration, a registration without a worker', async () => {
    const head = { subscribers: '2', 'registered:a': '1', 'worker:b': '{1}' };
    await given(lua, { head });
    expect(await look()).toBe('');
    expect(await registered()).toEqual(head);
  });
}

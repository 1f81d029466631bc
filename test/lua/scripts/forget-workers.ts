/** The script that takes away what dead workers have left. */
import { expect, test } from 'vitest';
import { call, describeArguments, given, headOf, KEY, keysOf, type Lua } from './suite.ts';

const [DEAD, ALIVE, GONE] = ['nchan_worker:{1}', 'nchan_worker:{2}', 'nchan_worker:{21}'] as const;
const COUNTS = `${KEY}:subscriber_counts`;

export function describeForgetWorkers(lua: Lua): void {
  describeArguments(lua, 'forget_workers', { keys: { channel: KEY }, args: { suspects: '' } }, {});

  const look = async (suspects = '') => String(await call(lua, 'forget_workers', { suspects }));
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
}

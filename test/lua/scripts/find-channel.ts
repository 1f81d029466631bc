import { describe, expect, test } from 'vitest';
import { call, describeArguments, given, KEY, keysOf, type Lua, oneOf, THEN } from './suite.ts';

export function describeFindChannel(lua: Lua): void {
  describeArguments(
    lua,
    'find_channel',
    { keys: { channel: KEY }, args: { accurate: 0 } },
    { accurate: oneOf('0', '1') },
  );

  const find = (accurate = 0) => call(lua, 'find_channel', { accurate });

  test('tells the figures of a channel, and changes nothing', async () => {
    await given(lua, {
      messages: [`${THEN}:0`, `${THEN}:1`],
      head: { fake_subscribers: 3, subscribers: 1, last_seen_fake_subscriber: 1_700_000_000 },
    });
    const before = Object.keys(await keysOf(lua));
    expect(await find()).toEqual([`${THEN}:1`, 2, 3, '1700000000']);
    expect(Object.keys(await keysOf(lua))).toEqual(before);
  });

  test('tells those of a channel without messages', async () => {
    await given(lua, { head: { subscribers: 2 } });
    expect(await find()).toEqual(['', 0, 2, -1]);
  });

  test('knows no channel that is not there', async () => {
    expect(await find()).toBeNull();
    expect(await keysOf(lua)).toEqual({});
  });

  describe('forgets expired messages', () => {
    test('that are the oldest', async () => {
      await given(lua, { messages: [`${THEN}:0`, `${THEN}:1`], expired: [`${THEN}:0`] });
      expect(await find()).toEqual([`${THEN}:1`, 1, 0, -1]);
      expect(await lua.redis.lrange(`${KEY}:messages`, 0, -1)).toEqual([`${THEN}:1`]);
    });

    test('that are all there were', async () => {
      await given(lua, { messages: [`${THEN}:0`, `${THEN}:1`], expired: [`${THEN}:0`, `${THEN}:1`] });
      expect(await find()).toEqual([`${THEN}:1`, 0, 0, -1]);
      expect(Object.keys(await keysOf(lua))).toEqual(['']);
    });
  });

  test('counts subscribers of servers that are alive where that is wanted', async () => {
    await given(lua, { head: { fake_subscribers: 3 } });
    await lua.redis.hset(`${KEY}:subscriber_counts`, 'worker:{dead}', 3);
    expect(await find(1)).toEqual(['', 0, 0, -1]);
    expect(Object.keys(await keysOf(lua))).toEqual(['']);
  });
}

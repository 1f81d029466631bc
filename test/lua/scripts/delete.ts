import { describe, expect, test } from 'vitest';
import {
  announced,
  call,
  describeArguments,
  expectTtl,
  type Given,
  given,
  KEY,
  keysOf,
  type Lua,
  oneOf,
  replyToMute,
  THEN,
} from './suite.ts';

const ID = 'test/a';
const RIGHT = { id: ID, publish_command: 'PUBLISH', accurate: 0 };

export function describeDelete(lua: Lua): void {
  describeArguments(
    lua,
    'delete',
    { keys: { channel: KEY }, args: RIGHT },
    { publish_command: oneOf('PUBLISH', 'SPUBLISH'), accurate: oneOf('0', '1') },
  );

  const remove = (args = {}) => call(lua, 'delete', { ...RIGHT, ...args });
  const three: Given = {
    messages: [`${THEN}:0`, `${THEN}:1`, `${THEN}:2`],
    head: { fake_subscribers: 3, subscribers: 1, last_seen_fake_subscriber: 1_700_000_000 },
  };

  test('changes nothing for a user who may not announce it', async () => {
    await given(lua, three);
    const before = Object.keys(await keysOf(lua));
    expect(await replyToMute(lua, 'delete', RIGHT)).toContain(
      `NOPERM this user may not PUBLISH to ${KEY}:pubsub`,
    );
    expect(Object.keys(await keysOf(lua))).toEqual(before);
  });

  test('leaves nothing of a channel but a tombstone with its last id', async () => {
    await given(lua, three);
    await lua.redis.hset(`${KEY}:subscriber_counts`, 'worker', 3);
    await lua.redis.sadd(`${KEY}:subscribers`, 'of an old Nchan');
    expect(await remove()).toEqual([`${THEN}:2`, 3, 3, '1700000000']);
    const keys = await keysOf(lua);
    expect(Object.keys(keys)).toEqual([':deleted']);
    expect(keys[':deleted']?.value).toBe(`${THEN}:2`);
    expectTtl(keys[':deleted'], 5000);
    expect(await announced(lua)).toEqual([['alert', 'delete channel', ID]]);
  });

  test('tells that a channel which is not there is deleted, and leaves nothing', async () => {
    expect(await remove()).toBeNull();
    expect(await keysOf(lua)).toEqual({});
    expect(await announced(lua)).toEqual([['alert', 'delete channel', ID]]);
  });

  test('deletes very many messages', async () => {
    await given(lua, { messages: Array.from({ length: 2500 }, (_, tag) => `${THEN}:${tag}`) });
    expect(await remove()).toEqual([`${THEN}:2499`, 2500, 0, -1]);
    expect(Object.keys(await keysOf(lua))).toEqual([':deleted']);
  });

  test('deletes the messages that a lost head left', async () => {
    await given(lua, { messages: [`${THEN}:0`, `${THEN}:1`] });
    await lua.redis.del(KEY);
    expect(await remove()).toBeNull();
    expect(await keysOf(lua)).toEqual({});
  });

  test('does not count expired messages', async () => {
    await given(lua, { ...three, expired: [`${THEN}:0`, `${THEN}:1`] });
    expect(await remove()).toEqual([`${THEN}:2`, 1, 3, '1700000000']);
  });

  describe('keeps the tombstone', () => {
    test('of a channel that was deleted before and has had no message since', async () => {
      await lua.redis.set(`${KEY}:deleted`, `${THEN}:7`, 'PX', 2500);
      await given(lua, { head: { subscribers: 1 } });
      expect(await remove()).toEqual(['', 0, 1, -1]);
      const keys = await keysOf(lua);
      expect(keys[':deleted']?.value).toBe(`${THEN}:7`);
      expectTtl(keys[':deleted'], 5000);
    });

    test('of a channel that never had a message', async () => {
      await given(lua, { head: { subscribers: 1 } });
      await remove();
      expect((await keysOf(lua))[':deleted']?.value).toBe('0:0');
    });
  });

  test('counts accurately where that is wanted', async () => {
    await given(lua, three);
    await lua.redis.hset(`${KEY}:subscriber_counts`, 'worker:{dead}', 3);
    expect(await remove({ accurate: 1 })).toEqual([`${THEN}:2`, 3, 0, '1700000000']);
  });

  test('in a cluster tells those that listen to shards, and Nchan, whose deletions go the other way', async () => {
    const subscriber = lua.redis.duplicate();
    try {
      const heard = new Promise((resolve) => {
        subscriber.on('smessage', (channel: string) => resolve(channel));
      });
      await subscriber.ssubscribe(`${KEY}:pubsub`);
      await remove({ publish_command: 'SPUBLISH' });
      expect(await heard).toBe(`${KEY}:pubsub`);
      expect(await announced(lua)).toEqual([['alert', 'delete channel', ID]]);
    } finally {
      subscriber.disconnect();
    }
  });
}

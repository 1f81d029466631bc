/** The scripts that tell all servers something, and store nothing. */
import { expect, test } from 'vitest';
import type { Named, Reply } from '../support/scripts.ts';
import {
  announced,
  call,
  describeArguments,
  given,
  KEY,
  keysOf,
  type Lua,
  oneOf,
  wholeNumber,
} from './suite.ts';

/** Announces where two listen to shards, and one in the other way; gives what the two heard. */
async function toShards(lua: Lua, script: string, args: Named): Promise<{ reply: Reply; heard: string[] }> {
  const subscribers = [lua.redis.duplicate(), lua.redis.duplicate()];
  try {
    const heard = subscribers.map(
      (subscriber) =>
        new Promise<string>((resolve) => {
          subscriber.on('smessage', (channel: string) => resolve(channel));
        }),
    );
    for (const subscriber of subscribers) await subscriber.ssubscribe(`${KEY}:pubsub`);
    const reply = await call(lua, script, { ...args, publish_command: 'SPUBLISH' });
    return { reply, heard: await Promise.all(heard) };
  } finally {
    for (const subscriber of subscribers) subscriber.disconnect();
  }
}

/** Where each of the two hears. */
const SHARDS = [`${KEY}:pubsub`, `${KEY}:pubsub`];

export function describeRequestSubscriberInfo(lua: Lua): void {
  const right = { request: 7, publish_command: 'PUBLISH' };
  describeArguments(
    lua,
    'request_subscriber_info',
    { keys: { channel: KEY }, args: right },
    { request: wholeNumber(0), publish_command: oneOf('PUBLISH', 'SPUBLISH') },
  );

  test('asks all servers', async () => {
    expect(await call(lua, 'request_subscriber_info', right)).toBe(1);
    expect(await announced(lua)).toEqual([['alert', 'subscriber info', 7]]);
    expect(await keysOf(lua)).toEqual({});
  });

  test('in a cluster asks those that listen to shards, and Nchan, which listens the other way', async () => {
    expect(await toShards(lua, 'request_subscriber_info', right)).toEqual({
      reply: 2,
      heard: SHARDS,
    });
    expect(await announced(lua)).toEqual([['alert', 'subscriber info', 7]]);
  });
}

export function describePublishNostore(lua: Lua): void {
  const right = {
    data: 'hello',
    content_type: 'text/plain',
    eventsource_event: 'ev',
    compression: 1,
    ttl: 60,
    time: 1_700_000_000,
    publish_command: 'PUBLISH',
    accurate: 0,
  };
  describeArguments(
    lua,
    'publish_nostore',
    { keys: { channel: KEY }, args: right },
    {
      compression: oneOf('0', '1'),
      ttl: wholeNumber(0),
      time: wholeNumber(0),
      publish_command: oneOf('PUBLISH', 'SPUBLISH'),
      accurate: oneOf('0', '1'),
    },
  );

  const array = ['msg', 60, 1_700_000_000, 0, 0, 0, 'hello', 'text/plain', 'ev', 1];

  test('announces a message of any size with its content, and stores nothing', async () => {
    const data = 'x'.repeat(100_000);
    expect(await call(lua, 'publish_nostore', { ...right, data })).toEqual([1, 0, -1]);
    expect(await announced(lua)).toEqual([[...array.with(6, data), 1]]);
    expect(await keysOf(lua)).toEqual({});
  });

  test.each([
    ['nobody is', {}, [1]],
    ['fewer than nobody are', { subscribers: -1 }, [1]],
    ['somebody is', { subscribers: 1 }, []],
  ])('tells that no server is registered only where that is so: %s', async (_, head, more) => {
    await given(lua, { head: { fake_subscribers: 1, ...head } });
    await call(lua, 'publish_nostore', right);
    expect(await announced(lua)).toEqual([[...array, ...more]]);
  });

  test('to shards where that is wanted', async () => {
    expect(await toShards(lua, 'publish_nostore', right)).toEqual({
      reply: [2, 0, -1],
      heard: SHARDS,
    });
    expect(await announced(lua)).toEqual([]);
  });

  test('tells the number of subscribers, and when the last one came or went', async () => {
    await given(lua, { head: { fake_subscribers: 4, last_seen_fake_subscriber: 1_700_000_000 } });
    expect(await call(lua, 'publish_nostore', right)).toEqual([1, 4, '1700000000']);
    expect(await call(lua, 'publish_nostore', { ...right, accurate: 1 })).toEqual([1, 0, '1700000000']);
  });
}

export function describeGetSubscriberInfoId(lua: Lua): void {
  const counter = 'nchan:unique_request_id';
  describeArguments(lua, 'get_subscriber_info_id', { keys: { counter }, args: {} }, {});

  const next = () => lua.scripts.call('get_subscriber_info_id', { counter });

  test('counts', async () => {
    expect([await next(), await next(), await next()]).toEqual([1, 2, 3]);
    expect(await lua.redis.pttl(counter)).toBe(-1);
  });

  test('begins anew where the counter is no number', async () => {
    await lua.redis.set(counter, 'x');
    expect([await next(), await next()]).toEqual([1, 2]);
  });
}

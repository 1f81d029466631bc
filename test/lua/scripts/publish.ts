import { describe, expect, test } from 'vitest';
import { inOneSecond, redisSecond } from '../support/clock.ts';
import type { Named, Reply } from '../support/scripts.ts';
import {
  announced,
  call,
  describeArguments,
  expectTtl,
  type Given,
  given,
  headOf,
  KEY,
  keysOf,
  type Lua,
  oneOf,
  replyToMute,
  THEN,
  wholeNumber,
} from './suite.ts';

const RIGHT = {
  data: 'hello',
  content_type: 'text/plain',
  eventsource_event: 'ev',
  compression: 1,
  ttl: 60,
  max_messages: 10,
  cutoff: 5120,
  publish_command: 'PUBLISH',
  accurate: 0,
};

/** Publishes something; what is left out is as above. */
async function publish(lua: Lua, args: Named = {}): Promise<readonly Reply[]> {
  return (await call(lua, 'publish', { ...RIGHT, ...args })) as Reply[];
}

/** The messages in the buffer, newest first. */
function listed({ redis }: Lua): Promise<string[]> {
  return redis.lrange(`${KEY}:messages`, 0, -1);
}

export function describePublish(lua: Lua): void {
  describeArguments(
    lua,
    'publish',
    { keys: { channel: KEY }, args: { ...RIGHT, id: '1:0' }, optional: ['id'] },
    {
      id: { values: ['', '1', '1:', ':1', '-1:0', '1:-1', '1:0 ', 'x:y'], error: 'must be time:tag' },
      compression: oneOf('0', '1'),
      ttl: wholeNumber(0),
      max_messages: wholeNumber(-1),
      cutoff: wholeNumber(0),
      publish_command: oneOf('PUBLISH', 'SPUBLISH'),
      accurate: oneOf('0', '1'),
    },
  );

  test('names the first of several wrong arguments', async () => {
    const reply = publish(lua, { compression: 2, ttl: -1, accurate: 2 });
    await expect(reply).rejects.toThrow('ERR compression must be 0 or 1');
  });

  test.each(['PUBLISH', 'SPUBLISH'])('changes nothing for a user who may not %s', async (publish_command) => {
    expect(await replyToMute(lua, 'publish', { ...RIGHT, publish_command })).toContain(
      `NOPERM this user may not ${publish_command} to ${KEY}:pubsub, so nothing was done`,
    );
    expect(await keysOf(lua)).toEqual({});
  });

  describe('stores', () => {
    test('the first message of a channel', async () => {
      const earliest = await redisSecond(lua.redis);
      const [id, ...rest] = await publish(lua);
      expect(rest).toEqual([1, 0, -1]);
      const [time = '', tag] = String(id).split(':');
      expect(tag).toBe('0');
      expect(Number(time)).toBeGreaterThanOrEqual(earliest);
      expect(Number(time)).toBeLessThanOrEqual(await redisSecond(lua.redis));

      const keys = await keysOf(lua);
      expect(Object.keys(keys)).toEqual(['', ':messages', `:msg:${id}`]);
      expect(keys['']?.value).toEqual({ current_message: id, time, max_stored_messages: '10' });
      expect(keys[':messages']?.value).toEqual([id]);
      expect(keys[`:msg:${id}`]?.value).toEqual({
        ...{ id, time, tag: '0', prev_time: '0', prev_tag: '0', data: 'hello', compression: '1', ttl: '60' },
        ...{ content_type: 'text/plain', eventsource_event: 'ev' },
      });
      expectTtl(keys[`:msg:${id}`], 60_000);
      expectTtl(keys[''], 61_000);
      expectTtl(keys[':messages'], 61_000);
    });

    test('a further message and its predecessor, so that they know of each other', async () => {
      await given(lua, { messages: [`${THEN}:4`, `${THEN}:5`], head: { max_stored_messages: 10 } });
      expect(await publish(lua, { data: '' })).toEqual([`${THEN}:6`, 3, 0, -1]);
      const keys = await keysOf(lua);
      expect(keys[`:msg:${THEN}:5`]?.value).toMatchObject({ next: `${THEN}:6` });
      expect(keys[`:msg:${THEN}:6`]?.value).toMatchObject({
        ...{ prev: `${THEN}:5`, prev_time: String(THEN), prev_tag: '5', data: '' },
      });
      expect(keys['']?.value).toMatchObject({ current_message: `${THEN}:6`, prev_message: `${THEN}:5` });
    });

    test('a message after one that has expired, without it', async () => {
      await given(lua, {
        messages: [`${THEN}:0`],
        expired: [`${THEN}:0`],
        head: { max_stored_messages: 10 },
      });
      const [id] = await publish(lua);
      const message = (await keysOf(lua))[`:msg:${id}`]?.value;
      expect(message).toMatchObject({ prev_time: '0', prev_tag: '0' });
      expect(message).not.toHaveProperty('prev');
      expect(await announced(lua)).toEqual([['msg', 60, THEN, 1, 0, 0, 'hello', 'text/plain', 'ev', 1]]);
    });

    test('any bytes', async () => {
      const data = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
      const [id] = await publish(lua, { data, content_type: 'a:b\0', eventsource_event: '\xff%d%s' });
      const message = (await keysOf(lua))[`:msg:${id}`]?.value;
      expect(message).toMatchObject({ data, content_type: 'a:b\0', eventsource_event: '\xff%d%s' });
    });

    test('messages of channels with a % in their ids', async () => {
      const key = 'ns:{channel:100%d %s%%}';
      const [id] = (await lua.scripts.call('publish', { channel: key }, RIGHT)) as Reply[];
      expect(Object.keys(await keysOf(lua, key))).toEqual(['', ':messages', `:msg:${id}`]);
    });

    test('a message over one of the same id that a lost channel left', async () => {
      // The clock may come to the next second, which is why there are two.
      const now = await redisSecond(lua.redis);
      for (const second of [now, now + 1]) {
        await lua.redis.hset(`${KEY}:msg:${second}:0`, { prev: '1:1', next: '2:2', unbuffered: '1' });
      }
      const [id] = await publish(lua);
      expect((await keysOf(lua))[`:msg:${id}`]?.value).toEqual({
        ...{ id, time: String(id).split(':')[0], tag: '0', prev_time: '0', prev_tag: '0', data: 'hello' },
        ...{ compression: '1', ttl: '60', content_type: 'text/plain', eventsource_event: 'ev' },
      });
    });
  });

  describe('lets live', () => {
    test.each([
      ['a message without a ttl, for four years', 0, 126_144_000_000],
      ['a message, for a second', 1, 1000],
    ])('%s', async (_, ttl, milliseconds) => {
      const [id] = await publish(lua, { ttl });
      const keys = await keysOf(lua);
      expectTtl(keys[`:msg:${id}`], milliseconds);
      expectTtl(keys[''], milliseconds + 1000);
      expect(keys[`:msg:${id}`]?.value).toMatchObject({ ttl: String(milliseconds / 1000) });
    });

    test('the channel for as long as its longest message', async () => {
      await publish(lua, { ttl: 50 });
      await lua.redis.hset(`${KEY}:subscriber_counts`, 'worker', 1);
      await publish(lua, { ttl: 500 });
      await publish(lua, { ttl: 5 });
      const keys = await keysOf(lua);
      expectTtl(keys[''], 501_000);
      expectTtl(keys[':messages'], 501_000);
      expectTtl(keys[':subscriber_counts'], 501_000);
    });
  });

  test('lets a list that comes later live as long as its channel', async () => {
    await given(lua, { head: { subscribers: 1 } });
    await publish(lua, { ttl: 5 });
    expectTtl((await keysOf(lua))[':messages'], 100_000);
  });

  describe('gives ids that only grow', () => {
    test('within the present second', async () => {
      const ids = await inOneSecond(lua.redis, async () => {
        await lua.redis.flushall();
        return [(await publish(lua))[0], (await publish(lua))[0], (await publish(lua))[0]];
      });
      const [time] = String(ids[0]).split(':');
      expect(ids).toEqual([`${time}:0`, `${time}:1`, `${time}:2`]);
    });

    test.each([
      ['within a second to come, when the clock was put back', { messages: [`${THEN}:7`] }, `${THEN}:8`],
      ['up to the largest tag', { messages: [`${THEN}:32766`] }, `${THEN}:32767`],
      ['beyond the largest tag', { messages: [`${THEN}:32767`] }, `${THEN + 1}:0`],
      ['beyond a larger one of Nchan', { messages: [`${THEN}:40000`] }, `${THEN + 1}:0`],
      ['after a tag of Nchan that is below zero', { messages: [`${THEN}:-7`] }, `${THEN}:-6`],
      [
        'when the message before has expired',
        { messages: [`${THEN}:7`], expired: [`${THEN}:7`] },
        `${THEN}:8`,
      ],
    ])('%s', async (_, channel, id) => {
      await given(lua, channel);
      expect((await publish(lua))[0]).toBe(id);
    });

    test('when Redis has thrown away the head alone', async () => {
      await given(lua, { messages: [`${THEN}:6`, `${THEN}:7`] });
      await lua.redis.del(KEY);
      expect((await publish(lua))[0]).toBe(`${THEN}:8`);
    });

    test('from the first tag in each second', async () => {
      await given(lua, { messages: ['1700000000:7'] });
      const [id] = await publish(lua);
      expect(id).toMatch(/^[0-9]+:0$/);
      expect(Number.parseInt(String(id), 10)).toBeGreaterThan(1_700_000_000);
    });

    test('after a deletion', async () => {
      await lua.redis.set(`${KEY}:deleted`, `${THEN}:5`, 'EX', 5);
      expect((await publish(lua))[0]).toBe(`${THEN}:6`);
    });

    test('after a deletion long ago', async () => {
      await lua.redis.set(`${KEY}:deleted`, '1700000000:5', 'EX', 5);
      expect((await publish(lua))[0]).toMatch(/:0$/);
    });

    test.each([
      ['in the same second, from the next one on', 5000, 1],
      ['some seconds before, at once', 3500, 0],
    ])('after a deletion by Nchan %s', async (_, ttlMs, seconds) => {
      await lua.redis.set(`${KEY}:deleted`, '1', 'PX', ttlMs);
      const before = await redisSecond(lua.redis);
      const [id] = await publish(lua);
      const after = await redisSecond(lua.redis);
      expect([`${before + seconds}:0`, `${after + seconds}:0`]).toContain(id);
    });
  });

  describe('takes the id that it is given', () => {
    const cases: [string, Given, string, string][] = [
      ['at a new channel', {}, '1700000000:5', '1700000000:5'],
      ['after the newest in its second', { messages: [`${THEN}:3`] }, `${THEN}:7`, `${THEN}:7`],
      ['after the newest in a later second', { messages: [`${THEN}:3`] }, `${THEN + 1}:2`, `${THEN + 1}:2`],
      ['in a second that is over', { messages: ['1700000000:7'] }, '1700000001:0', '1700000001:0'],
      ['but for one that there is', { messages: [`${THEN}:3`] }, `${THEN}:3`, `${THEN}:4`],
      ['but for one before the newest', { messages: [`${THEN}:3`] }, '1700000000:8', `${THEN}:4`],
      ['but beyond the largest tag', { messages: [`${THEN}:32767`] }, `${THEN}:9`, `${THEN + 1}:0`],
    ];
    test.each(cases)('%s', async (_, channel, id, given_) => {
      await given(lua, channel);
      expect((await publish(lua, { id }))[0]).toBe(given_);
      expect(await headOf(lua)).toMatchObject({ current_message: given_, time: given_.split(':')[0] });
      expect((await listed(lua))[0]).toBe(given_);
    });

    test('but for those before a deletion', async () => {
      await lua.redis.set(`${KEY}:deleted`, `${THEN}:5`, 'EX', 5);
      expect((await publish(lua, { id: `${THEN}:5` }))[0]).toBe(`${THEN}:6`);
      expect((await publish(lua, { id: `${THEN}:9` }))[0]).toBe(`${THEN}:9`);
    });

    test.each([
      [5000, 0],
      [3500, 1],
    ])('but for those of the second of a deletion by Nchan, after %i ms', async (pttl, seconds) => {
      const [now, first, second] = await inOneSecond(lua.redis, async () => {
        await lua.redis.flushall();
        await lua.redis.set(`${KEY}:deleted`, '1', 'PX', pttl);
        const time = await redisSecond(lua.redis);
        const ids = [`${time - seconds}:8`, `${time + 2}:0`];
        return [
          time,
          (await publish(lua, { id: ids[0] as string }))[0],
          (await publish(lua, { id: ids[1] as string }))[0],
        ];
      });
      expect([first, second]).toEqual([`${Number(now) - seconds + 1}:0`, `${Number(now) + 2}:0`]);
    });

    test('of two servers that count for themselves, so that ids only grow', async () => {
      const ids = [];
      for (const id of [3, 3, 4, 5, 4, 9, 5]) ids.push((await publish(lua, { id: `${THEN}:${id}` }))[0]);
      expect(ids).toEqual([3, 4, 5, 6, 7, 9, 10].map((tag) => `${THEN}:${tag}`));
    });
  });

  describe('keeps', () => {
    const full = { messages: [`${THEN}:0`, `${THEN}:1`, `${THEN}:2`], head: { max_stored_messages: 3 } };

    test('no more messages than it may', async () => {
      await given(lua, full);
      expect(await publish(lua, { max_messages: 3 })).toEqual([`${THEN}:3`, 3, 0, -1]);
      expect(await listed(lua)).toEqual([`${THEN}:3`, `${THEN}:2`, `${THEN}:1`]);
      expect(Object.keys(await keysOf(lua))).not.toContain(`:msg:${THEN}:0`);
    });

    test('fewer messages when the buffer becomes shorter', async () => {
      await given(lua, full);
      expect(await publish(lua, { max_messages: 1 })).toEqual([`${THEN}:3`, 1, 0, -1]);
      expect(await listed(lua)).toEqual([`${THEN}:3`]);
      expect(Object.keys(await keysOf(lua))).toEqual(['', ':messages', `:msg:${THEN}:3`]);
      expect((await headOf(lua)).max_stored_messages).toBe('1');
    });

    test('one of very many messages', async () => {
      const messages = Array.from({ length: 2500 }, (_, tag) => `${THEN}:${tag}`);
      await given(lua, { messages });
      expect(await publish(lua, { max_messages: 1 })).toEqual([`${THEN}:2500`, 1, 0, -1]);
      expect(await listed(lua)).toEqual([`${THEN}:2500`]);
      expect(Object.keys(await keysOf(lua))).toEqual(['', ':messages', `:msg:${THEN}:2500`]);
    });

    test('all messages when there is no limit', async () => {
      await given(lua, full);
      expect(await publish(lua, { max_messages: -1 })).toEqual([`${THEN}:3`, 4, 0, -1]);
    });

    test('a message without a buffer for a subscriber that comes for it, but not in the list', async () => {
      await given(lua, full);
      expect(await publish(lua, { max_messages: 0 })).toEqual([`${THEN}:3`, 3, 0, -1]);
      expect(await listed(lua)).not.toContain(`${THEN}:3`);
      expect((await keysOf(lua))[`:msg:${THEN}:3`]?.value).toMatchObject({
        ...{ unbuffered: '1', prev: `${THEN}:2`, prev_time: String(THEN), prev_tag: '2' },
      });
    });

    test('no entries of expired messages once a second is over', async () => {
      const messages = ['1700000000:0', '1700000000:1', '1700000000:2'];
      await given(lua, { messages, expired: messages.slice(0, 2) });
      const [id, count] = await publish(lua);
      expect(count).toBe(2);
      expect(await listed(lua)).toEqual([id, '1700000000:2']);
    });

    test('entries of expired messages that a longer-lived one is older than', async () => {
      const messages = ['1700000000:0', '1700000000:1', '1700000000:2'];
      await given(lua, { messages, expired: messages.slice(1) });
      expect((await publish(lua))[1]).toBe(4);
    });
  });

  describe('announces', () => {
    const before = { messages: [`${THEN}:0`], head: { max_stored_messages: 10 } };

    test('on the channel of the channel, as msgpack that Nchan reads', async () => {
      await given(lua, before);
      await publish(lua);
      const [one] = await lua.announcements.take();
      expect(one?.channel).toBe(`${KEY}:pubsub`);
      const time = '\xce\xf4\x86\x57\x00';
      expect(one?.message).toBe(`\x9a\xa3msg\x3c${time}\x01${time}\x00\xa5hello\xaatext/plain\xa2ev\x01`);
    });

    const large = 'x'.repeat(5120);
    const stored = [THEN, 1, `${KEY}:msg:${THEN}:1`];
    const content = (data: string, prevTime = THEN) => [
      60,
      THEN,
      1,
      prevTime,
      0,
      data,
      'text/plain',
      'ev',
      1,
    ];
    test.each([
      ['a message with its content', { data: large.slice(1) }, ['msg', ...content(large.slice(1))]],
      ['a large message by its key', { data: large }, ['msgkey', ...stored]],
      ['an empty message by its key where that is wanted', { data: '', cutoff: 0 }, ['msgkey', ...stored]],
      ['another length of the buffer', { max_messages: 3 }, ['max_msgs+msg', 3, ...content('hello')]],
      [
        'another length of the buffer with a large message',
        { data: large, max_messages: -1 },
        ['max_msgs+msgkey', -1, ...stored],
      ],
      [
        'a large message without a buffer with its content, after none, so that all get it',
        { data: large, max_messages: 0 },
        ['max_msgs+msg', 0, ...content(large, 0)],
      ],
    ])('%s', async (_, args, array) => {
      await given(lua, before);
      await publish(lua, args);
      expect(await announced(lua)).toEqual([array]);
    });

    test('the length of the buffer with the first message', async () => {
      await publish(lua);
      expect(await announced(lua)).toEqual([
        ['max_msgs+msg', 10, 60, expect.any(Number), 0, 0, 0, 'hello', 'text/plain', 'ev', 1],
      ]);
    });

    test('to shards where that is wanted', async () => {
      const subscriber = lua.redis.duplicate();
      try {
        const heard = new Promise((resolve) => {
          subscriber.on('smessage', (channel: string) => resolve(channel));
        });
        await subscriber.ssubscribe(`${KEY}:pubsub`);
        await publish(lua, { publish_command: 'SPUBLISH' });
        expect(await heard).toBe(`${KEY}:pubsub`);
        expect(await announced(lua)).toEqual([]);
      } finally {
        subscriber.disconnect();
      }
    });
  });

  describe('tells the number of subscribers', () => {
    test.each([
      ['clients, where servers count them', { fake_subscribers: 4, subscribers: 2 }, 4],
      ['servers, where nobody counts clients', { subscribers: 2 }, 2],
      ['never fewer than none', { fake_subscribers: -3, subscribers: 2 }, 0],
      ['none', {}, 0],
    ])('%s', async (_, head, subscribers) => {
      await given(lua, { messages: [`${THEN}:0`], head });
      expect(await publish(lua)).toEqual([`${THEN}:1`, 2, subscribers, -1]);
    });

    test('and when the last one came or went', async () => {
      await given(lua, { head: { fake_subscribers: 1, last_seen_fake_subscriber: 1_700_000_000 } });
      expect((await publish(lua)).slice(2)).toEqual([1, '1700000000']);
    });

    test('of servers that are alive, and forgets the others', async () => {
      const worker = lua.redis.duplicate();
      try {
        await worker.subscribe('worker:{alive}', 'worker:{idle}');
        await given(lua, { head: { fake_subscribers: 9 } });
        const counts = { 'worker:{alive}': 2, 'worker:{dead}': 3, 'worker:{idle}': 0 };
        await lua.redis.hset(`${KEY}:subscriber_counts`, counts);
        expect((await publish(lua, { accurate: 1 }))[2]).toBe(2);
        expect(await lua.redis.hgetall(`${KEY}:subscriber_counts`)).toEqual({ 'worker:{alive}': '2' });
      } finally {
        worker.disconnect();
      }
    });
  });
}

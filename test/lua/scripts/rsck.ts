import { expect, test } from 'vitest';
import {
  call,
  describeArguments,
  type Given,
  given,
  KEY,
  keysOf,
  type Lua,
  THEN,
  wholeNumber,
} from './suite.ts';

const ids = (...tags: number[]) => tags.map((tag) => `${THEN}:${tag}`);
const sound: Given = {
  messages: ids(0, 1, 2),
  head: { max_stored_messages: 3, subscribers: 1, fake_subscribers: 2 },
};

/** Breaks something, and what is to be said about it. */
type Damage = readonly [
  name: string,
  commands: readonly (readonly (string | number)[])[],
  problems: readonly string[],
  kind?: 'harmless' | 'foreign',
];

const message = (tag: number) => `${KEY}:msg:${THEN}:${tag}`;
const list = `${KEY}:messages`;

const DAMAGES: readonly Damage[] = [
  [
    'a head of another type',
    [
      ['DEL', KEY],
      ['SET', KEY, 'x'],
    ],
    ['the head is a string, not a hash'],
    'foreign',
  ],
  [
    'a list of another type',
    [
      ['DEL', list],
      ['SET', list, 'x'],
    ],
    [':messages is a string, not a list'],
    'foreign',
  ],
  [
    'counts of another type',
    [['SET', `${KEY}:subscriber_counts`, 'x']],
    [':subscriber_counts is a string, not a hash'],
    'foreign',
  ],
  [
    'no head',
    [
      ['DEL', KEY],
      ['HSET', `${KEY}:subscriber_counts`, 'worker', 1],
    ],
    ['there are 3 messages, but no head', ':subscriber_counts has no head'],
  ],
  ['a head that never expires', [['PERSIST', KEY]], ['the head never expires']],
  [
    'counts below nobody',
    [['HSET', KEY, 'subscribers', -1, 'fake_subscribers', -2]],
    ['subscribers is -1', 'fake_subscribers is -2'],
    'harmless',
  ],
  ['a count that is none', [['HSET', KEY, 'subscribers', 'many']], ['subscribers is many']],
  [
    'messages without a newest one',
    [['HDEL', KEY, 'current_message']],
    ['there are 3 messages, but no current_message'],
  ],
  ['a newest message that is none', [['HSET', KEY, 'current_message', 'x']], ['current_message is no id']],
  [
    'another time than that of the newest message',
    [['HSET', KEY, 'time', 5]],
    [`time is 5, but current_message is ${THEN}:2`],
  ],
  ['no time', [['HDEL', KEY, 'time']], [`time is missing, but current_message is ${THEN}:2`]],
  [
    'more messages than may be kept',
    [['HSET', KEY, 'max_stored_messages', 2]],
    ['there are 3 messages, but only 2 may be kept'],
  ],
  [
    'an entry that is no id',
    [['RPUSH', list, 'x']],
    ['the list has an entry that is no id', 'there are 4 messages, but only 3 may be kept'],
  ],
  [
    'entries in another order',
    [
      ['LSET', list, 0, `${THEN}:1`],
      ['LSET', list, 1, `${THEN}:2`],
    ],
    [
      `message ${THEN}:1 is listed before ${THEN}:2`,
      `message ${THEN}:1 says that ${THEN}:2 is next, but nothing is`,
    ],
  ],
  [
    'an entry twice',
    [['LSET', list, 0, `${THEN}:1`]],
    [
      `message ${THEN}:1 is listed before ${THEN}:1`,
      `message ${THEN}:1 says that ${THEN}:2 is next, but nothing is`,
    ],
  ],
  [
    'an entry of a later second behind',
    [['LSET', list, 1, `${THEN + 1}:0`]],
    [`message ${THEN}:2 is listed before ${THEN + 1}:0`],
  ],
  [
    'an entry that is newer than the newest message',
    [['HSET', KEY, 'current_message', `${THEN}:1`]],
    [`message ${THEN}:2 is newer than current_message, ${THEN}:1`],
  ],
  ['a message with another id', [['HSET', message(1), 'id', 'x']], [`message ${THEN}:1 says that it is x`]],
  ['a message without an id', [['HDEL', message(1), 'id']], [`message ${THEN}:1 says that it is another`]],
  [
    'a message with another tag',
    [['HSET', message(1), 'tag', 7]],
    [`message ${THEN}:1 says that it is ${THEN}:1`],
  ],
  ['a message without data', [['HDEL', message(1), 'data']], [`message ${THEN}:1 has no data`]],
  ['a message that never expires', [['PERSIST', message(1)]], [`message ${THEN}:1 never expires`]],
  [
    'a message of another type',
    [
      ['DEL', message(2)],
      ['SET', message(2), 'x'],
    ],
    [`message ${THEN}:2 is a string, not a hash`],
    'foreign',
  ],
  ['a list that never expires', [['PERSIST', list]], [':messages never expires, but the head does']],
  [
    'a lost list',
    [['DEL', list]],
    [`current_message, ${THEN}:2, is there, but the list of messages is empty`],
  ],
  [
    'a next message that is older',
    [['HSET', message(1), 'next', `${THEN}:0`]],
    [`message ${THEN}:1 says that ${THEN}:0 is next, but ${THEN}:2 is`],
  ],
  [
    'a next message beyond the next one',
    [['HSET', message(0), 'next', `${THEN}:2`]],
    [`message ${THEN}:0 says that ${THEN}:2 is next, but ${THEN}:1 is`],
  ],
  [
    'a next message that is no id',
    [['HSET', message(1), 'next', 'x']],
    [`message ${THEN}:1 says that x is next, but ${THEN}:2 is`],
  ],
  [
    'a message that does not know the next one',
    [['HDEL', message(1), 'next']],
    [`message ${THEN}:1 does not say that ${THEN}:2 is next`],
  ],
  [
    'a next message that the list has lost',
    [['LREM', list, 1, `${THEN}:1`]],
    [`message ${THEN}:0 says that ${THEN}:1 is next, but ${THEN}:2 is`],
  ],
];

export function describeRsck(lua: Lua): void {
  describeArguments(
    lua,
    'rsck',
    { keys: { channel: KEY }, args: { first: 0, count: 1000 } },
    { first: wholeNumber(0), count: wholeNumber(1) },
  );
  test('refuses a slice that would keep Redis busy', async () => {
    const refused = call(lua, 'rsck', { first: 0, count: 1001 });
    await expect(refused).rejects.toThrow('ERR count must be at most 1000');
  });

  const slice = async (first: number, count: number) => {
    const [next, ...problems] = (await call(lua, 'rsck', { first, count })) as [
      number,
      ...[string, string][],
    ];
    return { next, problems };
  };
  const check = async () => {
    const { next, problems } = await slice(0, 1000);
    expect(next).toBe(-1);
    return problems.map(([kind, sentence]) => `${kind}: ${sentence}`).sort();
  };
  /** The problems of each slice, to the end. */
  const checkInSlices = async (count: number) => {
    const slices: string[][] = [];
    for (let first = 0; first >= 0; ) {
      const { next, problems } = await slice(first, count);
      slices.push(problems.map(([, sentence]) => sentence));
      first = next;
    }
    return slices;
  };

  test.each<[string, Given]>([
    ['with messages', sound],
    ['with messages of which some have expired', { ...sound, expired: ids(0, 2) }],
    ['with messages of several seconds', { messages: ['1700000000:3', '1700000001:0', `${THEN}:0`] }],
    ['with messages whose tags are below zero', { messages: ids(-3, -2, 1) }],
    ['with messages that no buffer keeps', { messages: ids(0, 1, 2), unbuffered: ids(1, 2) }],
    ['with subscribers only', { head: { subscribers: 1 } }],
    ['without a limit to its messages', { ...sound, head: { max_stored_messages: -1 } }],
    ['that is not there', {}],
  ])('finds nothing wrong with a channel %s', async (_, channel) => {
    await given(lua, channel);
    expect(await check()).toEqual([]);
  });

  const damages = DAMAGES.map(([name, commands, problems, kind = 'damaged']) => ({
    name,
    commands,
    problems,
    kind,
  }));
  test.each(damages)('finds $name, and changes nothing', async ({ commands, problems, kind }) => {
    await given(lua, sound);
    for (const [command = '', ...args] of commands) await lua.redis.call(String(command), ...args);
    const before = Object.entries(await keysOf(lua)).map(([key, { value }]) => [key, value]);
    expect(await check()).toEqual(problems.map((problem) => `${kind}: ${problem}`).sort());
    expect(Object.entries(await keysOf(lua)).map(([key, { value }]) => [key, value])).toEqual(before);
  });

  test.each([1, 2, 3, 4, 5])('checks a channel in slices of %i messages', async (count) => {
    const all = ids(0, 1, 2, 3, 4);
    await given(lua, { messages: all, expired: ids(2), unbuffered: ids(3), head: { subscribers: -1 } });
    const slices = await checkInSlices(count);
    expect(slices).toHaveLength(Math.ceil(4 / count));
    expect(slices.flat()).toEqual(['subscribers is -1']);
    expect(slices[0]).toHaveLength(1);
  });

  test.each([1, 2, 3])('compares messages across the borders of slices of %i messages', async (count) => {
    await given(lua, sound);
    await lua.redis.call('LSET', list, 1, `${THEN + 1}:0`);
    expect((await checkInSlices(count)).flat()).toEqual([`message ${THEN}:2 is listed before ${THEN + 1}:0`]);
    await lua.redis.call('LSET', list, 1, `${THEN}:1`);
    await lua.redis.call('HSET', message(0), 'next', `${THEN}:7`);
    expect((await checkInSlices(count)).flat()).toEqual([
      `message ${THEN}:0 says that ${THEN}:7 is next, but ${THEN}:1 is`,
    ]);
  });

  test('ends behind the list, which may have become shorter', async () => {
    await given(lua, sound);
    expect(await slice(3, 1)).toEqual({ next: -1, problems: [] });
    expect(await slice(1000, 1)).toEqual({ next: -1, problems: [] });
  });

  test('finds nothing wrong with what the other scripts leave', async () => {
    const publish = (args: object) =>
      call(lua, 'publish', {
        ...{ data: 'x', content_type: '', eventsource_event: '', compression: 0, ttl: 60 },
        ...{ max_messages: 3, cutoff: 5120, publish_command: 'PUBLISH', accurate: 0, ...args },
      });
    await call(lua, 'subscriber_register', {
      server: 's',
      subscriber_id: '-',
      ttl_ms: 9000,
      margin_ms: 1,
      time: 1,
    });
    await call(lua, 'add_fakesub', { clients: '-1', time: 1, worker: 'w' });
    for (const max_messages of [0, 3, 3, 3, 3, -1, 2, 0]) await publish({ max_messages });
    for (const subscriber_id of [1, 1, 2]) {
      await call(lua, 'subscriber_unregister', { server: 's', subscriber_id, empty_ttl: 5 });
    }
    expect(await check()).toEqual([]);
    await call(lua, 'delete', { id: 'test/a', publish_command: 'PUBLISH', accurate: 0 });
    expect(await check()).toEqual([]);
  });
}

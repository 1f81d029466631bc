import { expect, test } from 'vitest';
import type { Reply } from '../support/scripts.ts';
import {
  call,
  describeArguments,
  type Given,
  given,
  KEY,
  type Lua,
  oneOf,
  THEN,
  wholeNumber,
} from './suite.ts';

/** Ids of one second, by their tags. */
const ids = (...tags: number[]) => tags.map((tag) => `${THEN}:${tag}`);

interface Reading {
  readonly time?: number;
  readonly tag?: number;
  readonly present?: number;
  readonly max_count?: number;
  readonly max_bytes?: number;
}

const ALL: Required<Reading> = { time: 0, tag: -1, present: 0, max_count: 100, max_bytes: 10_000 };

export function describeGetMessages(lua: Lua): void {
  describeArguments(
    lua,
    'get_messages',
    { keys: { channel: KEY }, args: { ...ALL } },
    {
      time: wholeNumber(0),
      tag: wholeNumber(-32_768),
      present: oneOf('0', '1'),
      max_count: wholeNumber(1),
      max_bytes: wholeNumber(1),
    },
  );

  /** The ids of what was read, and the one after which to read on. */
  async function readSlice(reading: Reading = {}): Promise<{ ids: string[]; readOn: string }> {
    const reply = (await call(lua, 'get_messages', { ...ALL, ...reading })) as Reply[];
    const messages = reply[3] as Reply[][];
    return { ids: messages.map(({ 1: time, 2: tag }) => `${time}:${tag}`), readOn: String(reply[2]) };
  }

  /** The ids of what was read, and whether there is more. */
  async function read(reading: Reading = {}): Promise<{ ids: string[]; more: boolean }> {
    const { ids: found, readOn } = await readSlice(reading);
    return { ids: found, more: readOn !== '' };
  }

  /** The ids of all that there is, and how many messages Redis has looked at for each slice. */
  async function readInSlices(reading: Reading): Promise<{ ids: string[]; looks: number[] }> {
    const found: string[] = [];
    const looks: number[] = [];
    let from = '0:-1';
    while (from !== '') {
      const [time = 0, tag = 0] = from.split(':').map(Number);
      await lua.redis.config('RESETSTAT');
      const slice = await readSlice({ ...reading, time, tag });
      const calls = [
        ...(await lua.redis.info('commandstats')).matchAll(/cmdstat_(?:hmget|exists):calls=(\d+)/g),
      ];
      looks.push(calls.reduce((sum, [, count]) => sum + Number(count), 0));
      found.push(...slice.ids);
      from = slice.readOn;
    }
    return { ids: found, looks };
  }

  test('replies all of each message, and what the channel keeps', async () => {
    await given(lua, {
      messages: ids(0, 1),
      unbuffered: ids(1),
      head: { max_stored_messages: 7 },
      ttlMs: 90_000,
    });
    const message = (tag: number, previous: string[], buffered: number) => [
      ...[90, String(THEN), String(tag), ...previous, `${THEN}:${tag}`, 'text/plain', 'ev', '0', buffered],
    ];
    expect(await call(lua, 'get_messages', { ...ALL, present: 1, time: THEN, tag: 0 })).toEqual([
      ...[1, '7', '', [message(1, [String(THEN), '0'], 0)]],
    ]);
    expect(await call(lua, 'get_messages', { ...ALL })).toEqual([
      ...[1, '7', '', [message(0, ['0', '0'], 1)]],
    ]);
  });

  test('tells a channel without messages from none', async () => {
    expect(await call(lua, 'get_messages', { ...ALL })).toEqual([0, '', '', []]);
    await given(lua, { head: { subscribers: 1 } });
    expect(await call(lua, 'get_messages', { ...ALL })).toEqual([1, '', '', []]);
  });

  const cases: [string, Given, Reading, { ids: string[]; more: boolean }][] = [
    ['all', { messages: ids(1, 2, 3) }, {}, { ids: ids(1, 2, 3), more: false }],
    [
      'what comes after an id',
      { messages: ids(1, 2, 3) },
      { time: THEN, tag: 1 },
      { ids: ids(2, 3), more: false },
    ],
    ['nothing after the newest', { messages: ids(1, 2) }, { time: THEN, tag: 2 }, { ids: [], more: false }],
    [
      'what comes after an id that was trimmed',
      { messages: ids(4, 5) },
      { time: THEN, tag: 1, present: 1 },
      { ids: ids(4, 5), more: false },
    ],
    ['no more than it should', { messages: ids(1, 2, 3) }, { max_count: 2 }, { ids: ids(1, 2), more: true }],
    ['as many as there are', { messages: ids(1, 2) }, { max_count: 2 }, { ids: ids(1, 2), more: false }],
    [
      'at least one, however large',
      { messages: ids(1, 2, 3) },
      { max_bytes: 1 },
      { ids: ids(1), more: true },
    ],
    [
      'what is left when the oldest expired',
      { messages: ids(1, 2, 3), expired: ids(1) },
      {},
      { ids: ids(2, 3), more: false },
    ],
    [
      'what is left when one in between expired',
      { messages: ids(1, 2, 3), expired: ids(2) },
      { time: THEN, tag: 1, present: 1 },
      { ids: ids(3), more: false },
    ],
    ['nothing when all expired', { messages: ids(1, 2), expired: ids(1, 2) }, {}, { ids: [], more: false }],
    [
      'no unbuffered message to who was not there',
      { messages: ids(1, 2, 3), unbuffered: ids(2) },
      { time: THEN, tag: 1 },
      { ids: ids(3), more: false },
    ],
    [
      'unbuffered messages in their order to who was there',
      { messages: ids(1, 2, 3, 4, 5), unbuffered: ids(2, 5) },
      { time: THEN, tag: 1, present: 1 },
      { ids: ids(2, 3, 4, 5), more: false },
    ],
    [
      'no more than it should to who was there',
      { messages: ids(1, 2, 3, 4), unbuffered: ids(2) },
      { time: THEN, tag: 1, present: 1, max_count: 2 },
      { ids: ids(2, 3), more: true },
    ],
  ];
  test.each(cases)('gives %s', async (_, channel, reading, expected) => {
    await given(lua, channel);
    expect(await read(reading)).toEqual(expected);
  });

  test('reads a long buffer in pieces without loss or repetition', async () => {
    const all = ids(...Array.from({ length: 250 }, (_, i) => i - 20));
    await given(lua, { messages: all });
    expect((await readInSlices({ max_count: 40 })).ids).toEqual(all);
  });

  test.each([0, 1])(
    'reads a buffer in which a message outlived very many in small pieces, without loss: present %i',
    async (present) => {
      const all = ids(...Array.from({ length: 5000 }, (_, i) => i));
      const living = [0, 1, 2400, 4998].map((at) => all[at] as string);
      await given(lua, { messages: all, expired: all.filter((id) => !living.includes(id)) });
      const { ids: found, looks } = await readInSlices({ max_count: 100, present });
      expect(found).toEqual(living);
      expect(Math.max(...looks)).toBeLessThan(110);
    },
  );

  test('reads a buffer in which very many expired in pieces that have an end', async () => {
    const all = ids(...Array.from({ length: 5000 }, (_, i) => i));
    await given(lua, { messages: all, expired: all.slice(0, -1) });
    const { ids: found, looks } = await readInSlices({ max_count: 100 });
    expect(found).toEqual(all.slice(-1));
    expect(Math.max(...looks)).toBeLessThan(1110);
  });
}

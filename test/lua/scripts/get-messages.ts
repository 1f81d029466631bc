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
      tag: wholeNumber(-1),
      present: oneOf('0', '1'),
      max_count: wholeNumber(1),
      max_bytes: wholeNumber(1),
    },
  );

  /** The ids of what was read, and whether there is more. */
  async function read(reading: Reading = {}): Promise<{ ids: string[]; more: boolean }> {
    const reply = (await call(lua, 'get_messages', { ...ALL, ...reading })) as Reply[];
    const messages = reply[4] as Reply[][];
    return { ids: messages.map(({ 1: time, 2: tag }) => `${time}:${tag}`), more: reply[3] === 1 };
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
      ...[1, '7', `${THEN}:1`, 0, [message(1, [String(THEN), '0'], 0)]],
    ]);
    expect(await call(lua, 'get_messages', { ...ALL })).toEqual([
      ...[1, '7', `${THEN}:1`, 0, [message(0, ['0', '0'], 1)]],
    ]);
  });

  test('tells a channel without messages from none', async () => {
    expect(await call(lua, 'get_messages', { ...ALL })).toEqual([0, '', '', 0, []]);
    await given(lua, { head: { subscribers: 1 } });
    expect(await call(lua, 'get_messages', { ...ALL })).toEqual([1, '', '', 0, []]);
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
    const all = Array.from({ length: 250 }, (_, i) => `${THEN}:${i}`);
    await given(lua, { messages: all });
    const seen: string[] = [];
    let [time, tag] = [0, -1];
    for (let more = true; more; ) {
      const part = await read({ time, tag, max_count: 40 });
      seen.push(...part.ids);
      [time, tag] = (part.ids.at(-1) as string).split(':').map(Number) as [number, number];
      ({ more } = part);
    }
    expect(seen).toEqual(all);
  });
}

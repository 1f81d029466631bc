import { expect, test } from 'vitest';
import type { Reply } from '../support/scripts.ts';
import {
  call,
  describeArguments,
  type Given,
  given,
  KEY,
  keysOf,
  type Lua,
  oneOf,
  THEN,
  wholeNumber,
} from './suite.ts';

const DATA = 6;

/** Ids of one second, by their tags. */
const ids = (...tags: number[]) => tags.map((tag) => `${THEN}:${tag}`);

export function describeGetMessage(lua: Lua): void {
  describeArguments(
    lua,
    'get_message',
    { keys: { channel: KEY }, args: { time: THEN, tag: 0, present: 0 } },
    { time: wholeNumber(0), tag: wholeNumber(-32_768), present: oneOf('0', '1') },
  );

  /** The status, and the id of the message if there is one. */
  async function after(time: number, tag: number, present = 0): Promise<readonly Reply[]> {
    const reply = (await call(lua, 'get_message', { time, tag, present })) as Reply[];
    return reply[0] === 200 ? [200, reply[DATA] ?? null] : reply;
  }

  test('replies all of the message', async () => {
    await given(lua, { messages: ids(0, 1, 2), ttlMs: 90_000 });
    expect(await call(lua, 'get_message', { time: THEN, tag: 0, present: 0 })).toEqual([
      ...[200, 90, String(THEN), '1', String(THEN), '0', `${THEN}:1`, 'text/plain', 'ev', '0'],
    ]);
  });

  const cases: [string, Given, [number, number, number?], readonly Reply[]][] = [
    ['the oldest message', { messages: ids(3, 4) }, [0, 0], [200, `${THEN}:3`]],
    ['the next message', { messages: ids(3, 4, 5) }, [THEN, 3], [200, `${THEN}:4`]],
    ['nothing after the newest', { messages: ids(3, 4) }, [THEN, 4], [418]],
    ['nothing after an id that is still to come', { messages: ids(3, 4) }, [THEN + 1, 0], [418]],
    ['nothing while there is no message', { head: { subscribers: 1 } }, [0, 0], [418]],
    ['nothing of a channel that is not there', {}, [0, 0], [404]],

    ['all of a second', { messages: ids(0, 1) }, [THEN, -1], [200, `${THEN}:0`]],
    [
      'the oldest one after an id that was trimmed',
      { messages: ids(3, 4, 5) },
      [THEN, 1],
      [200, `${THEN}:3`],
    ],
    ['the next one after an id that never was', { messages: ids(3, 5, 7) }, [THEN, 6], [200, `${THEN}:7`]],
    ['the first one of later seconds', { messages: ids(3, 5) }, [1_700_000_000, 9], [200, `${THEN}:3`]],
    [
      'the next one after one that expired',
      { messages: ids(3, 4, 5), expired: ids(4) },
      [THEN, 4],
      [200, `${THEN}:5`],
    ],
    [
      'what comes after the expired ones',
      { messages: ids(3, 4, 5), expired: ids(4) },
      [THEN, 3],
      [200, `${THEN}:5`],
    ],
    ['the oldest that is left', { messages: ids(3, 4, 5), expired: ids(3, 4) }, [0, 0], [200, `${THEN}:5`]],
    ['nothing when all expired', { messages: ids(3, 4), expired: ids(3, 4) }, [0, 0], [418]],
    [
      'nothing when all the later ones expired',
      { messages: ids(3, 4, 5), expired: ids(4, 5) },
      [THEN, 3],
      [418],
    ],

    ['no unbuffered message', { messages: ids(3, 4, 5), unbuffered: ids(4) }, [THEN, 3], [200, `${THEN}:5`]],
    ['no unbuffered message at the end', { messages: ids(3, 4), unbuffered: ids(4) }, [THEN, 3], [418]],
    [
      'an unbuffered message for who was there',
      { messages: ids(3, 4, 5), unbuffered: ids(4) },
      [THEN, 3, 1],
      [200, `${THEN}:4`],
    ],
  ];
  test.each(cases)('gives %s', async (_, channel, [time, tag, present], reply) => {
    await given(lua, channel);
    expect(await after(time, tag, present)).toEqual(reply);
  });

  test('finds its way in a long buffer', async () => {
    await given(lua, { messages: Array.from({ length: 100 }, (_, i) => `${THEN}:${2 * i}`) });
    for (let tag = -1; tag < 197; tag += 6) {
      expect(await after(THEN, tag)).toEqual([200, `${THEN}:${tag + 1}`]);
    }
  });

  test('looks at no more than so many expired messages, and says where to go on', async () => {
    const all = ids(...Array.from({ length: 1300 }, (_, i) => i));
    const living = [0, 1299].map((at) => all[at] as string);
    await given(lua, { messages: all, expired: all.filter((id) => !living.includes(id)) });
    expect(await after(THEN, 0)).toEqual([100, String(THEN), '500']);
    expect(await after(THEN, 500)).toEqual([100, String(THEN), '1000']);
    expect(await after(THEN, 1000)).toEqual([200, `${THEN}:1299`]);
  });

  test('knows tags below zero, as Nchan may leave them', async () => {
    await given(lua, { messages: ids(-3, -2, 5), expired: ids(-2) });
    expect(await after(0, 0)).toEqual([200, `${THEN}:-3`]);
    expect(await after(THEN, -3)).toEqual([200, `${THEN}:5`]);
  });

  test('takes expired messages from the list, and changes nothing else', async () => {
    await given(lua, { messages: ids(0, 1, 2), expired: ids(0) });
    const before = Object.keys(await keysOf(lua));
    expect(await after(0, 0)).toEqual([200, `${THEN}:1`]);
    expect(await lua.redis.lrange(`${KEY}:messages`, 0, -1)).toEqual(ids(2, 1));
    expect(Object.keys(await keysOf(lua))).toEqual(before);
  });

  test('walks through everything without loss or repetition', async () => {
    await given(lua, { messages: ids(0, 1, 3, 4, 9), expired: ids(3), unbuffered: ids(4) });
    const seen: string[] = [];
    let [status, id] = await after(0, 0);
    while (status === 200) {
      seen.push(String(id));
      const [time, tag] = String(id).split(':').map(Number);
      [status, id] = await after(time ?? 0, tag ?? 0);
    }
    expect(seen).toEqual(ids(0, 1, 9));
  });
}

export function describeGetMessageFromKey(lua: Lua): void {
  const message = `${KEY}:msg:${THEN}:1`;
  describeArguments(lua, 'get_message_from_key', { keys: { message }, args: {} }, {});

  const read = (key = message) => lua.scripts.call('get_message_from_key', { message: key });

  test('replies all of the message', async () => {
    await given(lua, { messages: ids(0, 1), ttlMs: 90_000 });
    expect(await read()).toEqual([
      ...[90, String(THEN), '1', String(THEN), '0', `${THEN}:1`, 'text/plain', 'ev', '0'],
    ]);
  });

  test('replies that the first message has none before it', async () => {
    await given(lua, { messages: ids(0) });
    expect((await read(`${KEY}:msg:${THEN}:0`)) as Reply[]).toMatchObject({ 3: '0', 4: '0' });
  });

  test('and so one that Nchan published after an expired one, without these fields', async () => {
    await given(lua, { messages: ids(1) });
    await lua.redis.hdel(message, 'prev_time', 'prev_tag');
    expect((await read()) as Reply[]).toMatchObject({ 3: '0', 4: '0' });
  });

  test('says that a message lives for another second at least', async () => {
    await given(lua, { messages: ids(1), ttlMs: 400 });
    expect((await read()) as Reply[]).toMatchObject({ 0: 1 });
  });

  test('knows no message that is gone', async () => {
    expect(await read()).toBeNull();
  });
}

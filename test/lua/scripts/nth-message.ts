import { expect, test } from 'vitest';
import { call, describeArguments, type Given, given, KEY, type Lua, THEN, wholeNumber } from './suite.ts';

/** Ids of one second, by their tags. */
const ids = (...tags: number[]) => tags.map((tag) => `${THEN}:${tag}`);

export function describeNthMessage(lua: Lua): void {
  describeArguments(
    lua,
    'nth_message',
    { keys: { channel: KEY }, args: { nth: 1 } },
    { nth: wholeNumber(-1000) },
  );

  const four: Given = { messages: ids(1, 2, 3, 4) };
  const cases: [string, Given, number, string][] = [
    ['nothing before the oldest', four, 1, ''],
    ['the oldest before the second', four, 2, `${THEN}:1`],
    ['the last but one before the last', four, 4, `${THEN}:3`],
    ['the same where there are fewer', four, 9, `${THEN}:3`],
    ['the last but one before the newest', four, -1, `${THEN}:3`],
    ['the one before the third newest', four, -3, `${THEN}:1`],
    ['nothing before as many as there are', four, -4, ''],
    ['nothing before more than there are', four, -9, ''],
    ['nothing of an empty channel', { head: { subscribers: 1 } }, 2, ''],
    ['nothing of a channel that is not there', {}, -2, ''],
    ['what is left when the oldest expired', { messages: ids(1, 2, 3), expired: ids(1) }, 2, `${THEN}:2`],
  ];
  test.each(cases)('replies %s', async (_, state, nth, before) => {
    await given(lua, state);
    expect(String(await call(lua, 'nth_message', { nth }))).toBe(before);
  });
}

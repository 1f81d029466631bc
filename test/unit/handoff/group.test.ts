import { describe, expect, it } from 'vitest';
import { parseGroupBytes, parseGroupCount, parseGroupLimits } from '../../../handoff/group.ts';

const MAX = Number.MAX_SAFE_INTEGER;

describe('a limit of things', () => {
  it.each([
    ['0', 0],
    ['5', 5],
    ['05', 5],
    ['000', 0],
    [`${'0'.repeat(30)}7`, 7],
    ['9007199254740991', MAX],
    ['9223372036854775807', MAX],
    ['9223372036854775808', undefined],
    ['99999999999999999999', undefined],
    ['', undefined],
    ['-1', undefined],
    ['+5', undefined],
    ['1.5', undefined],
    ['5k', undefined],
    [' 5', undefined],
    ['5\n', undefined],
    ['0x5', undefined],
    ['1e3', undefined],
    ['٣', undefined],
  ])('%j is %j', (text, value) => {
    expect(parseGroupCount(text)).toBe(value);
  });
});

describe('a limit of bytes', () => {
  it.each([
    ['0', 0],
    ['5', 5],
    ['5k', 5120],
    ['5K', 5120],
    ['0.5m', 524288],
    ['.5m', 524288],
    ['5.', 5],
    ['.', 0],
    ['1.5G', 1610612736],
    ['12345.6789k', 12641975],
    ['0.5', 0],
    ['9007199254740993', MAX],
    ['9223372036854775807', undefined],
    ['8589934592g', undefined],
    ['', undefined],
    ['k', undefined],
    ['kk', undefined],
    ['5kb', undefined],
    ['1e3', undefined],
    ['-1k', undefined],
    ['1.5.5k', undefined],
    ['1t', undefined],
    ['5\n', undefined],
  ])('%j is %j', (text, value) => {
    expect(parseGroupBytes(text)).toBe(value);
  });
});

describe('what the gateway hands off', () => {
  it.each([
    ['1,2,3,4,5', { channels: 1, subscribers: 2, messages: 3, messagesMemory: 4, messagesDisk: 5 }],
    [',,7,,', { messages: 7 }],
    ['0,,,,0', { channels: 0, messagesDisk: 0 }],
    [',,,,', {}],
    [',,,', undefined],
    [',,,,,', undefined],
    ['-1,,,,', undefined],
    ['x,,,,', undefined],
    [',,,,5\n', undefined],
    [`${'9'.repeat(17)},,,,`, undefined],
  ])('%j is %j', (text, limits) => {
    expect(parseGroupLimits(text)).toEqual(limits);
  });
});

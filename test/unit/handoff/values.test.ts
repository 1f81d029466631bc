import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeChannelName,
  isEncodedChannelName,
  isPlainChannelName,
} from '../../../handoff/channel-name.ts';
import { formatHttpDate, parseHttpDate } from '../../../handoff/http-date.ts';
import { DEFAULT_SETTINGS, formatSettings, parseSettings } from '../../../handoff/settings.ts';
import { parseMilliseconds, parseSeconds } from '../../../handoff/time.ts';

describe('channel names', () => {
  it('keeps plain names and escapes every other byte', () => {
    expect(encodeChannelName(Buffer.from('group/a-b_c.d~e'))).toBe('group/a-b_c.d~e');
    expect(encodeChannelName(Buffer.from('a,b\r\n%\0\xff', 'latin1'))).toBe('a%2Cb%0D%0A%25%00%FF');
  });

  it('gives every name its own text, made of safe characters only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const text = encodeChannelName(bytes);
        expect(isEncodedChannelName(text)).toBe(true);
        expect(Buffer.from(unescape(text), 'latin1')).toEqual(Buffer.from(bytes));
        expect(isPlainChannelName(text)).toBe(!text.includes('%'));
      }),
    );
  });

  it.each(['a%2', 'a%zz', 'a b', 'a%2c', 'a\n', 'a,b'])('%j is no encoded name', (text) => {
    expect(isEncodedChannelName(text)).toBe(false);
  });
});

describe('HTTP dates', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 784111777],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 784111777],
    ['Sun Nov  6 08:49:37 1994', 784111777],
    ['Thu, 29 Feb 2024 00:00:00 GMT', 1709164800],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Thu, 29 Feb 2023 00:00:00 GMT', undefined],
    ['Sat, 32 Nov 2026 07:33:57 GMT', undefined],
    ['Sat, 21 Nov 2026 27:33:57 GMT', undefined],
    ['Mon, 01 Jan 1900 00:00:00 GMT', undefined],
    ['yesterday', undefined],
    ['', undefined],
  ])('%s', (text, seconds) => {
    expect(parseHttpDate(text)).toBe(seconds);
  });

  it('agrees with the engine for every second until 2100', () => {
    fc.assert(
      fc.property(fc.nat(4102444800), (s) => {
        expect(parseHttpDate(formatHttpDate(s))).toBe(s);
      }),
    );
  });
});

/** Accepted and refused by nginx -t with real Nchan for nchan_subscriber_timeout, and by it at request time. */
describe('nginx times in seconds', () => {
  it.each([
    ['0', 0],
    ['90', 90],
    ['5s', 5],
    ['1m30s', 90],
    ['1h30', 3630],
    ['1d 12h', 129600],
    ['1y', 31536000],
    ['1M', 2592000],
    ['2w', 1209600],
    ['', undefined],
    ['500ms', undefined],
    ['5x', undefined],
    ['-1', undefined],
    [' 5', undefined],
    ['30s 1h', undefined],
    ['1h1h', undefined],
    ['5 s', undefined],
    ['1s5', undefined],
  ])('%j', (text, seconds) => {
    expect(parseSeconds(text)).toBe(seconds);
  });
});

/** Accepted and refused by nginx -t with real Nchan for nchan_redis_fakesub_timer_interval. */
describe('nginx times in milliseconds', () => {
  it.each([
    ['0', 0],
    ['5', 5000],
    ['5s', 5000],
    ['5ms', 5],
    ['1s 5ms', 1005],
    ['1m1ms', 60_001],
    ['1w1d1h1m1s1ms', 694_861_001],
    ['1h30', 3_630_000],
    ['', undefined],
    ['x', undefined],
    ['-1', undefined],
    ['1y', undefined],
    ['1M', undefined],
    ['5 ms', undefined],
    ['5ms1s', undefined],
    ['5s5s', undefined],
    ['1m s', undefined],
    ['999999999999w', undefined],
  ])('%j', (text, ms) => {
    expect(parseMilliseconds(text)).toBe(ms);
  });
});

describe('settings', () => {
  it('carries only what differs from the defaults, and no dollar sign', () => {
    expect(formatSettings({ ...DEFAULT_SETTINGS })).toBe('{}');
    const settings = { ...DEFAULT_SETTINGS, location: 'a$b.conf:1', messageTimeout: 5 };
    expect(formatSettings(settings)).toBe('{"location":"a\\u0024b.conf:1","messageTimeout":5}');
    expect(parseSettings(formatSettings(settings))).toEqual(settings);
  });

  it('is plain ASCII without control characters, as a header must be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (eventsourcePingData) => {
        const settings = { ...DEFAULT_SETTINGS, eventsourcePingData };
        expect(formatSettings(settings)).toMatch(/^[ -~]*$/);
        expect(parseSettings(formatSettings(settings))).toEqual(settings);
      }),
    );
  });

  it.each(['[]', 'null', '3', '{'])('%s is refused', (text) => {
    expect(() => parseSettings(text)).toThrow(SyntaxError);
  });
});

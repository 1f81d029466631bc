import { describe, expect, it } from 'vitest';
import type { HeadLimits } from '../../../../handoff/settings.ts';
import type { HookContext } from '../../../../sidecar/hooks/context.ts';
import { fitsHead, isRepeatable } from '../../../../sidecar/hooks/repeatable.ts';

const LIMITS: HeadLimits = [1024, 4, 8192, 1000];

/** A head whose lines have so many bytes. */
const head = (first: number, ...lines: readonly number[]) => ({
  method: 'GET',
  path: `/${'x'.repeat(first - 16)}`,
  headers: lines.flatMap((bytes) => ['X', 'x'.repeat(bytes - 5)]),
});
const fits = (first: number, ...lines: readonly number[]): boolean => fitsHead(head(first, ...lines), LIMITS);

describe('the buffers of nginx', () => {
  it('take a line each that fills them', () => {
    expect(fits(100, 8180, 8180, 8180)).toBe(true);
    expect(fits(100, 8180, 8180, 8180, 8180)).toBe(false);
    expect(fits(8180, 8180, 8180, 8000)).toBe(true);
  });

  it('take no line that is larger', () => {
    expect(fits(100, 8192)).toBe(false);
    expect(fits(8193)).toBe(false);
  });

  it('leave empty what the next line does not fit into', () => {
    expect(fits(100, 4097, 4097, 4097)).toBe(true);
    expect(fits(100, 4097, 4097, 4097, 4097, 4097)).toBe(false);
    expect(fits(100, ...Array.from({ length: 31 }, () => 1000))).toBe(true);
  });

  it('are as large as the user says', () => {
    expect(fitsHead(head(100, 9000), [16_384, 1, 1024, 1000])).toBe(true);
    expect(fitsHead(head(100, 9000), [1024, 1, 16_384, 1000])).toBe(true);
    expect(fitsHead(head(100, 9000, 9000), [1024, 1, 16_384, 1000])).toBe(false);
  });

  it('take so many headers', () => {
    const lines = Array.from({ length: 7 }, () => 10);
    expect(fitsHead(head(100, ...lines), [1024, 4, 8192, 10])).toBe(true);
    expect(fitsHead(head(100, ...lines), [1024, 4, 8192, 9])).toBe(false);
  });
});

describe('a request is repeatable', () => {
  const context = (fields: Partial<HookContext> = {}): HookContext => ({
    socket: '/s',
    tls: false,
    location: 'l',
    uris: { subscribe_request: '/in' },
    queries: {},
    method: 'GET',
    target: '/',
    args: '',
    address: '1.2.3.4:5',
    headers: ['Host', 'h'],
    variables: [],
    ...fields,
  });
  const repeatable = (fields: Partial<HookContext>, channels: readonly string[] = ['/c']) =>
    isRepeatable(context(fields), channels, undefined, LIMITS);

  it('unless its variables are too large, or one of its questions', () => {
    expect(repeatable({})).toBe(true);
    expect(repeatable({ variables: [['$v', 'x'.repeat(20_000)]] })).toBe(true);
    expect(repeatable({ variables: [['$v', 'x'.repeat(40_000)]] })).toBe(false);
    const uris = { subscribe_request: '/in', unsubscribe_request: 'x'.repeat(40_000) };
    expect(repeatable({ uris })).toBe(false);
  });

  it('with room for the message ids of its channels that are yet to come', () => {
    const channels = (count: number) => Array.from({ length: count }, (_, i) => `/${i}`);
    const variables = [['$v', 'x'.repeat(30_000)]] as const;
    expect(repeatable({ variables }, channels(1))).toBe(true);
    expect(repeatable({ variables }, channels(255))).toBe(false);
  });

  it('with an id of many tags that it came with, or not', () => {
    const tags = Array.from({ length: 10_000 }, () => -1);
    expect(isRepeatable(context(), ['/c'], { time: 1, tags, active: 0 }, LIMITS)).toBe(false);
  });
});

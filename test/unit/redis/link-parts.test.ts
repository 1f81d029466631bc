import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Backlog } from '../../../sidecar/store/redis/backlog.ts';
import type { Call } from '../../../sidecar/store/redis/call.ts';
import { readRanges } from '../../../sidecar/store/redis/fleet.ts';
import { OutageLog } from '../../../sidecar/store/redis/outage-log.ts';
import { choose } from '../../../sidecar/store/redis/topology.ts';

describe('the choice by weight', () => {
  it.each([
    [0, 'a'],
    [0.74, 'a'],
    [0.76, 'b'],
    [0.999, 'b'],
  ])('with random number %d of weights 3 and 1 is %s', (random, chosen) => {
    expect(
      choose(
        [
          ['a', 3],
          ['b', 1],
        ],
        random,
      ),
    ).toBe(chosen);
  });

  it('takes something of no weight rather than nothing', () => {
    expect(choose([['a', 0]])).toBe('a');
  });

  it('of nothing is nothing', () => {
    expect(choose([])).toBeUndefined();
  });
});

describe('ranges in which no server is connected to', () => {
  const ranges = readRanges(['10.1.0.0/16', '192.0.2.7', 'fd00::/8']);
  it.each([
    ['10.1.255.255', 'ipv4', true],
    ['10.2.0.0', 'ipv4', false],
    ['192.0.2.7', 'ipv4', true],
    ['192.0.2.8', 'ipv4', false],
    ['fd12::1', 'ipv6', true],
    ['fe80::1', 'ipv6', false],
  ] as const)('hold %s or not', (address, family, held) => {
    expect(ranges.check(address, family)).toBe(held);
  });
});

function call(order: number): Call {
  return { order, waitingSince: undefined } as Call;
}

describe('the backlog', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function backlog(maxWaitMs = 500) {
    const expired: number[] = [];
    return { expired, backlog: new Backlog({ maxWaitMs, expired: ({ order }) => expired.push(order) }) };
  }

  it('gives calls that were sent before first, all in their order', () => {
    const { backlog: waiting } = backlog();
    for (const order of [3, 4]) waiting.add(call(order));
    for (const order of [2, 1]) waiting.addAgain(call(order));
    const sent: number[] = [];
    waiting.flush(({ order }) => sent.push(order) > 0);
    expect(sent).toEqual([1, 2, 3, 4]);
    expect(waiting.length).toBe(0);
  });

  it('keeps what cannot be sent', () => {
    const { backlog: waiting } = backlog();
    for (const order of [1, 2, 3]) waiting.add(call(order));
    waiting.flush(({ order }) => order === 2);
    expect(waiting.clear().map(({ order }) => order)).toEqual([1, 3]);
  });

  it('gives up each call when it has waited long enough', () => {
    const { backlog: waiting, expired } = backlog();
    waiting.add(call(1));
    vi.advanceTimersByTime(300);
    waiting.add(call(2));
    vi.advanceTimersByTime(199);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual([1]);
    vi.advanceTimersByTime(300);
    expect(expired).toEqual([1, 2]);
  });

  it('counts the time from when a call waited first', () => {
    const { backlog: waiting, expired } = backlog();
    const first = call(1);
    waiting.add(first);
    vi.advanceTimersByTime(400);
    waiting.flush(() => true);
    waiting.addAgain(first);
    vi.advanceTimersByTime(100);
    expect(expired).toEqual([1]);
  });

  it('waits for ever when there is no limit', () => {
    const { backlog: waiting, expired } = backlog(0);
    waiting.add(call(1));
    vi.advanceTimersByTime(1e9);
    expect(expired).toEqual([]);
  });
});

describe('the log of outages', () => {
  function outages() {
    const lines: string[] = [];
    const clock = { now: 0 };
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
    return { lines, clock, outages: new OutageLog(log, () => clock.now) };
  }

  it('has a line for the beginning and one for the end, with how long it took', () => {
    const { lines, clock, outages: log } = outages();
    log.down('a', 'NJ-REDIS-AWAY', 'lost a');
    clock.now = 1_500;
    log.up('a', 'a is back');
    expect(lines).toEqual(['lost a', 'a is back after 1.5 s']);
  });

  it('repeats itself once a minute', () => {
    const { lines, clock, outages: log } = outages();
    for (clock.now = 0; clock.now <= 120_000; clock.now += 5_000) log.down('a', 'NJ-REDIS-AWAY', 'lost a');
    expect(lines).toEqual(['lost a', 'lost a', 'lost a']);
  });

  it('tells another reason when that lasts', () => {
    const { lines, clock, outages: log } = outages();
    log.down('a', 'NJ-REDIS-AWAY', 'lost a');
    for (clock.now = 1_000; clock.now <= 20_000; clock.now += 1_000)
      log.down('a', 'NJ-REDIS-AWAY', 'a refuses');
    expect(lines).toEqual(['lost a', 'a refuses']);
  });

  it('tells of one outage in ten seconds when one follows the other', () => {
    const { lines, clock, outages: log } = outages();
    for (clock.now = 0; clock.now < 20_000; clock.now += 1_000) {
      log.down('a', 'NJ-REDIS-AWAY', 'lost a');
      clock.now += 500;
      log.up('a', 'a is back');
    }
    expect(lines).toEqual(['lost a', 'a is back after 0.5 s', 'lost a', 'a is back after 0.5 s']);
  });

  it('tells the end only of what it told the beginning of', () => {
    const { lines, outages: log } = outages();
    for (let i = 0; i < 3; i++) {
      log.down('a', 'NJ-REDIS-AWAY', 'lost a');
      log.up('a', 'a is back');
    }
    log.up('b', 'b is back');
    expect(lines).toEqual(['lost a', 'a is back after 0.0 s']);
  });

  it('tells of what goes wrong in all parts once, and of the end when the last is back', () => {
    const { lines, clock, outages: log } = outages();
    const parts = ['scripts', 'pubsub'];
    for (const part of parts) log.down('a', 'NJ-REDIS-CONNECTION', 'lost a', part);
    for (clock.now = 1_000; clock.now <= 30_000; clock.now += 1_000)
      for (const part of parts) log.down('a', 'NJ-REDIS-CONNECTION', 'a refuses', part);
    log.up('a', 'a is back', 'pubsub');
    expect(lines).toEqual(['scripts: lost a', 'scripts: a refuses']);
    log.up('a', 'a is back', 'scripts');
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/^a is back after 31\.0 s$/);
  });

  it('repeats two reasons no more often than one', () => {
    const { lines, clock, outages: log } = outages();
    for (clock.now = 0; clock.now <= 60_000; clock.now += 1_000) {
      log.down('a', 'NJ-REDIS-CONNECTION', 'no reply', 'scripts');
      log.down('a', 'NJ-REDIS-CONNECTION', 'no rights', 'pubsub');
    }
    expect(lines).toEqual(['scripts: no reply', 'pubsub: no rights']);
  });
});

/** Ends by the wall clock: in time, once, and not all in one turn. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkQueue } from '../../../sidecar/fanout/work-queue.ts';
import { Expiries } from '../../../sidecar/subscriber/expiry.ts';

const START = 1_800_000_000;

describe('expiries', () => {
  let now: number;
  let ended: string[];
  let expiries: Expiries;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate'] });
    now = START;
    ended = [];
    expiries = new Expiries(() => now * 1000);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const add = (name: string, seconds: number): (() => void) =>
    expiries.add(START + seconds, () => ended.push(name));
  /** The wall clock shows a time, and the timers that are due meanwhile run. */
  const at = (seconds: number): readonly string[] => {
    now = START + seconds;
    vi.advanceTimersByTime(1000);
    vi.advanceTimersByTime(1); // what was put off to the next turn
    return ended;
  };

  it('end at their second, each once', () => {
    add('a', 10);
    add('b', 11);
    add('c', 70);
    expect(at(9.9)).toEqual([]);
    expect(at(10)).toEqual(['a']);
    expect(at(69)).toEqual(['a', 'b']);
    expect(at(75)).toEqual(['a', 'b', 'c']);
    expect(at(1000)).toEqual(['a', 'b', 'c']);
    expect(expiries.size).toBe(0);
  });

  it('that are over already end at the next look', () => {
    add('past', -100);
    expect(ended).toEqual([]);
    expect(at(0)).toEqual(['past']);
  });

  it('go by the clock as it is set, forwards and back', () => {
    add('a', 100);
    expect(at(-1_000_000)).toEqual([]);
    expect(at(50)).toEqual([]);
    add('b', 80);
    expect(at(1_000_000)).toEqual(['a', 'b']);
  });

  it('may be further away than any timer waits', () => {
    add('far', 100 * 365 * 24 * 3600);
    for (const seconds of [1, 2 ** 31 / 1000, 2 ** 32 / 1000]) expect(at(seconds)).toEqual([]);
    expect(at(100 * 365 * 24 * 3600)).toEqual(['far']);
  });

  it('that are forgotten do not end, and when none is left nobody looks at the clock', () => {
    const forget = add('a', 10);
    add('b', 10);
    forget();
    forget();
    expect(at(10)).toEqual(['b']);
    expect(vi.getTimerCount()).toBe(0);
    add('c', 20);
    expect(vi.getTimerCount()).toBe(1);
    expect(at(20)).toEqual(['b', 'c']);
  });

  it('that come in great numbers end in slices, and one may forget another', () => {
    let turns = 0;
    const forgets: (() => void)[] = [];
    const many = new Expiries(() => now * 1000, new WorkQueue(100));
    for (let i = 0; i < 1000; i++) forgets.push(many.add(START + 1, () => ended.push(String(i))));
    now = START + 1;
    many.look();
    forgets[999]?.();
    while (vi.getTimerCount() > 0 && turns < 100) {
      const before = ended.length;
      vi.runOnlyPendingTimers();
      expect(ended.length - before).toBeLessThanOrEqual(100);
      turns += 1;
    }
    expect(ended).toHaveLength(999);
    expect(many.size).toBe(0);
  });
});

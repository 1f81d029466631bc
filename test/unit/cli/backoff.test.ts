import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../cli/backoff.ts';

describe('the back-off of restarts', () => {
  it('doubles from 100 ms to 5 s', () => {
    const backoff = new Backoff();
    const delays = Array.from({ length: 8 }, () => backoff.delayAfter(0));
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('begins anew after a process that lived 10 s', () => {
    const backoff = new Backoff();
    for (let i = 0; i < 5; i++) backoff.delayAfter(0);
    expect(backoff.delayAfter(10_000)).toBe(100);
    expect(backoff.delayAfter(9_999)).toBe(200);
  });
});

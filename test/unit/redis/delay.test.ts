import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Delays, nextDelayMs } from '../../../sidecar/store/redis/delay.ts';

const delay = { minMs: 500, jitter: 0, backoff: 0.5, maxMs: 10_000 };

describe('a delay that grows', () => {
  it('begins at the shortest, grows by its backoff and ends at the longest', () => {
    const delays = new Delays(delay);
    expect(Array.from({ length: 10 }, () => Math.round(delays.next()))).toEqual([
      500, 750, 1125, 1688, 2531, 3797, 5695, 8543, 10_000, 10_000,
    ]);
  });

  it('begins anew after a reset', () => {
    const delays = new Delays(delay);
    delays.next();
    delays.next();
    delays.reset();
    expect(delays.next()).toBe(500);
  });

  it('stays the same without a backoff', () => {
    expect(nextDelayMs({ ...delay, backoff: 0 }, 4_000)).toBe(500);
  });

  it('has no limit when the longest is 0', () => {
    expect(nextDelayMs({ ...delay, maxMs: 0 }, 1e9)).toBe(1.5e9);
  });

  it.each([
    [0, 450],
    [0.5, 500],
    [0.999_999, 550],
  ])('is spread by half of its jitter to either side: random number %d gives %d ms', (random, ms) => {
    expect(nextDelayMs({ ...delay, jitter: 0.2 }, 0, random)).toBeCloseTo(ms, 2);
  });

  it('is never above the longest, nor below a millisecond', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const ms = fc.integer({ min: 0, max: 1e6 });
    fc.assert(
      fc.property(ms, ms, random, random, ms, (minMs, maxMs, jitter, backoff, previous) => {
        const next = nextDelayMs({ minMs, jitter, backoff, maxMs }, previous);
        expect(next).toBeGreaterThanOrEqual(1);
        if (maxMs > 0) expect(next).toBeLessThanOrEqual(maxMs);
      }),
    );
  });
});

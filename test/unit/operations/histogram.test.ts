import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../sidecar/statistics/histogram.ts';
import { LinkTotals } from '../../../sidecar/statistics/link-totals.ts';

describe('a histogram', () => {
  it('counts each value in the first bucket whose bound it does not exceed', () => {
    const histogram = new Histogram([1, 10]);
    for (const value of [0, 1, 1.5, 10, 11, 1e9]) histogram.observe(value);
    expect([...histogram.counts]).toEqual([2, 2, 2]);
    expect(histogram.sum).toBe(23.5 + 1e9);
  });
});

describe('the totals of a link', () => {
  it('have each command once, with its errors and seconds', () => {
    const totals = new LinkTotals();
    totals.count('publish', 2, false);
    totals.count('publish', 4, true);
    totals.count('delete', 1, false);
    expect(totals.sent).toBe(3);
    expect([...totals.commands.keys()]).toEqual(['publish', 'delete']);
    const { errors, seconds } = totals.commands.get('publish') as { errors: number; seconds: Histogram };
    expect(errors).toBe(1);
    expect(seconds.sum).toBeCloseTo(0.006);
  });
});

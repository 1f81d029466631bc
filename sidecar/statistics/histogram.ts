/** A histogram with fixed buckets: counting costs a few comparisons and no memory; Prometheus reads it at a scrape. */

export class Histogram {
  /** Upper bounds, inclusive, the smallest first. */
  readonly bounds: readonly number[];
  /** Values in each bucket alone; the last one has those above all bounds. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Counts one value. */
  observe(value: number): void {
    const { bounds, counts } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    (counts[bucket] as number)++;
    this.sum += value;
  }
}

/** From half a millisecond, below which nobody notices, to ten seconds. */
export const SECONDS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

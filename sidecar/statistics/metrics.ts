/** What Prometheus gets: all metrics, read at the moment of the scrape (`njchan_metrics`). */
import type { Metric as PrometheusMetric, Registry } from 'prom-client';
import { packageVersion } from '../package-version.ts';
import type { Reply } from '../reply.ts';
import { EventLoopLag } from './event-loop.ts';
import { Histogram } from './histogram.ts';
import { METRICS, type Metric, type MetricSource, type Sample } from './metrics-table.ts';
import { statistics } from './statistics.ts';

/** One line, as prom-client takes it. */
interface Value {
  readonly metricName?: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

/** The lines of a histogram: buckets that add up, the sum and the count. */
function histogramValues(name: string, labels: Sample['labels'], histogram: Histogram): Value[] {
  const values: Value[] = [];
  let count = 0;
  histogram.counts.forEach((own, i) => {
    count += own;
    const le = histogram.bounds[i] ?? '+Inf';
    values.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: count });
  });
  values.push(
    { metricName: `${name}_sum`, labels: { ...labels }, value: histogram.sum },
    { metricName: `${name}_count`, labels: { ...labels }, value: count },
  );
  return values;
}

/** A metric whose values are not kept by prom-client but read when it asks. */
function asPrometheusMetric(metric: Metric, source: MetricSource): PrometheusMetric {
  const { name, help, type } = metric;
  const get = async () => {
    const samples = await metric.read(source);
    const values = samples.flatMap(({ labels, value }): Value[] =>
      value instanceof Histogram ? histogramValues(name, labels, value) : [{ labels: { ...labels }, value }],
    );
    return { name, help, type, values, aggregator: 'sum' };
  };
  // What a registry asks of a metric is its name and its values.
  return { name, get } as unknown as PrometheusMetric;
}

export class Metrics {
  readonly #source: MetricSource;
  #registry: Promise<Registry> | undefined;
  /** The reading that is under way. */
  #reading: Promise<Reply> | undefined;

  constructor(source: Pick<MetricSource, 'stores' | 'limits'>) {
    this.#source = { ...source, statistics, version: packageVersion(), lag: new EventLoopLag() };
  }

  /** The answer to a scrape. Scrapes that come while one is being read share what it reads. */
  reply(): Promise<Reply> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<Reply> {
    this.#source.lag.start();
    this.#registry ??= this.#register();
    const registry = await this.#registry;
    const body = await registry.metrics();
    return { status: 200, headers: [['Content-Type', registry.contentType]], body };
  }

  /** Loads the library with the first scrape: nobody else needs it. */
  async #register(): Promise<Registry> {
    const { Registry } = await import('prom-client');
    const registry = new Registry();
    for (const metric of METRICS) registry.registerMetric(asPrometheusMetric(metric, this.#source));
    return registry;
  }
}

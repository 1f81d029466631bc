/** Scrapes what njchan tells Prometheus. */
import { request } from './raw-http.ts';

export interface Scrape {
  /** The whole exposition. */
  readonly text: string;
  /** One value; its labels as they are written, in the order of the exposition: `transport="websocket"`. */
  value(name: string, labels?: string): number | undefined;
  /** Names with labels. */
  readonly series: readonly string[];
}

/** Reads an exposition. @throws Error for a line that is none */
export function parseScrape(text: string): Scrape {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, series, value] = /^([a-z_]+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (series === undefined) throw new Error(`no sample: ${line}`);
    if (values.has(series)) throw new Error(`twice: ${series}`);
    values.set(series, Number(value));
  }
  return {
    text,
    series: [...values.keys()],
    value: (name, labels) => values.get(labels === undefined ? name : `${name}{${labels}}`),
  };
}

/** One scrape of `/metrics`. */
export async function scrape(port: number, target = '/metrics'): Promise<Scrape> {
  const { status, statusLine, body } = await request(port, 'GET', target);
  if (status !== 200) throw new Error(`${target} answers ${statusLine}`);
  return parseScrape(body.toString());
}

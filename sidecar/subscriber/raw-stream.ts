/** The raw stream: each message followed by the location's separator, nothing else (spec/http-protocol.md §5.8). */
import type { MessageFormat } from '../fanout/format.ts';
import { statistics } from '../statistics/statistics.ts';
import type { StreamTransport } from './stream.ts';

const formats = new Map<string, MessageFormat>();

/** The format with this separator. */
export function rawStreamFormat(separator: string): MessageFormat {
  let format = formats.get(separator);
  if (!format) {
    const end = Buffer.from(separator);
    format = {
      once: false,
      traffic: statistics.delivered['http-raw-stream'],
      encode: ({ message }) => Buffer.concat([message.data, end]),
    };
    formats.set(separator, format);
  }
  return format;
}

export const RAW_STREAM: StreamTransport = {
  headers: [],
  preamble: '',
  farewells: { 401: '', 408: '', 410: '' },
  format: ({ settings }) => rawStreamFormat(settings.rawStreamSeparator),
};

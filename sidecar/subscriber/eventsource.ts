/** EventSource, or server-sent events (spec/http-protocol.md §5.4). */
import type { MessageFormat } from '../fanout/format.ts';
import { headerText } from '../header-text.ts';
import { statistics } from '../statistics/statistics.ts';
import { type Delivery, formatSubscriptionId } from '../store/message.ts';
import type { StreamTransport } from './stream.ts';

const LF = 0x0a;
const DATA_PREFIX = Buffer.from('data: ');
const END_OF_LINE = Buffer.from('\n');

/** One event a message; only LF separates lines, and an empty message has one empty data line. */
function encodeEvent({ message, id }: Delivery, event: string): Buffer {
  const name = event === '' ? '' : `event: ${event}\n`;
  const parts: Buffer[] = [Buffer.from(`${name}id: ${formatSubscriptionId(id)}\n`, 'latin1')];
  for (let start = 0; start <= message.data.length; ) {
    const found = message.data.indexOf(LF, start);
    const end = found < 0 ? message.data.length : found;
    parts.push(DATA_PREFIX, message.data.subarray(start, end), END_OF_LINE);
    start = end + 1;
  }
  parts.push(END_OF_LINE);
  return Buffer.concat(parts);
}

const formats = new Map<string, MessageFormat>();

/**
 * The format of a location.
 * @param event its nchan_eventsource_event, which stands in for each message's own; '' for none.
 */
export function eventsourceFormat(event: string): MessageFormat {
  let format = formats.get(event);
  if (!format) {
    const bytes = headerText(event);
    format = {
      once: false,
      traffic: statistics.delivered.eventsource,
      encode: (delivery) => encodeEvent(delivery, bytes || delivery.message.eventsourceEvent),
    };
    formats.set(event, format);
  }
  return format;
}

/** A ping as the location words it; without any words it is an empty comment. */
export function encodePing(comment: string, event: string, data: string): Buffer {
  const lines = [
    comment === '' ? '' : `:${comment}\n`,
    event === '' ? '' : `event: ${event}\n`,
    data === '' ? '' : `data: ${data}\n`,
  ].join('');
  return Buffer.from(`${lines === '' ? ':\n' : lines}\n`);
}

export const EVENTSOURCE: StreamTransport = {
  headers: [['Content-Type', 'text/event-stream; charset=utf-8']],
  preamble: ': hi\n\n',
  farewells: {
    401: ':401: 401 Unauthorized\n\n',
    408: ':408: 408 Request Timeout\n\n',
    410: ':410: 410 Gone\n\n',
  },
  format: ({ settings }) => eventsourceFormat(settings.eventsourceEvent),
  ping: ({ settings }) =>
    settings.eventsourcePingInterval > 0
      ? {
          intervalSeconds: settings.eventsourcePingInterval,
          bytes: encodePing(
            settings.eventsourcePingComment,
            settings.eventsourcePingEvent,
            settings.eventsourcePingData,
          ),
        }
      : undefined,
};

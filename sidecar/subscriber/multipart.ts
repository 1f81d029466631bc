/** multipart/mixed: as a stream (spec/http-protocol.md §5.6), and as the body of one long-poll answer (§5.2). */
import { randomBytes } from 'node:crypto';
import { formatHttpDate } from '../../handoff/http-date.ts';
import type { MessageFormat } from '../fanout/format.ts';
import { statistics } from '../statistics/statistics.ts';
import { type Delivery, formatSubscriptionId } from '../store/message.ts';
import type { StreamTransport } from './stream.ts';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BOUNDARY_LENGTH = 32;

/**
 * The boundary of every body that this process writes: subscribers share the bytes of a message, and a publisher cannot
 * guess 192 random bits.
 */
export const BOUNDARY = Array.from(randomBytes(BOUNDARY_LENGTH), (byte) => ALPHABET[byte & 63]).join('');

export const MULTIPART_CONTENT_TYPE = `multipart/mixed; boundary=${BOUNDARY}`;

function contentTypeLine({ message }: Delivery): string {
  return message.contentType === '' ? '' : `Content-Type: ${message.contentType}\r\n`;
}

/** A part of the stream: it follows a delimiter without line end and ends with the next one. */
function streamFormat(idLines: (delivery: Delivery) => string): MessageFormat {
  return {
    once: false,
    traffic: statistics.delivered['http-multipart'],
    encode: (delivery) =>
      Buffer.concat([
        Buffer.from(`\r\n${idLines(delivery)}${contentTypeLine(delivery)}\r\n`, 'latin1'),
        delivery.message.data,
        Buffer.from(`\r\n--${BOUNDARY}`),
      ]),
  };
}

const SPLIT_ID = streamFormat(
  ({ id }) => `Last-Modified: ${formatHttpDate(id.time)}\r\nEtag: ${id.tags}\r\n`,
);
const COMPOUND_ID = streamFormat(({ id }) => `Etag: ${formatSubscriptionId(id)}\r\n`);

export const MULTIPART: StreamTransport = {
  headers: [['Content-Type', MULTIPART_CONTENT_TYPE]],
  preamble: `--${BOUNDARY}`,
  farewells: { 401: '--\r\n', 408: '--\r\n', 410: '--\r\n' },
  format: ({ settings }) => (settings.compoundEtag ? COMPOUND_ID : SPLIT_ID),
};

/** The body of a long-poll answer with several messages; parts carry only their content type. */
export function multipartBody(deliveries: readonly Delivery[]): Buffer {
  const parts = deliveries.flatMap((delivery) => [
    Buffer.from(`--${BOUNDARY}\r\n${contentTypeLine(delivery)}\r\n`, 'latin1'),
    delivery.message.data,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

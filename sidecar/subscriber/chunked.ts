/**
 * HTTP chunked transfer, one chunk a message (spec/http-protocol.md §5.5). The chunks are made here and the hand-off
 * location adds the header: nginx would cut a proxied body into chunks of its own.
 */
import type { MessageFormat } from '../fanout/format.ts';
import { statistics } from '../statistics/statistics.ts';
import type { StreamTransport } from './stream.ts';

const END_OF_LINE = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

/** An empty message is left out: an empty chunk would end the body. */
export const CHUNKED_FORMAT: MessageFormat = {
  once: false,
  traffic: statistics.delivered['http-chunked'],
  encode({ message: { data } }) {
    if (data.length === 0) return NOTHING;
    return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, END_OF_LINE]);
  },
};

const LAST_CHUNK = '0\r\n\r\n';

export const CHUNKED: StreamTransport = {
  headers: [],
  preamble: '',
  farewells: { 401: LAST_CHUNK, 408: LAST_CHUNK, 410: LAST_CHUNK },
  format: () => CHUNKED_FORMAT,
};

/** The bytes of a message on each transport (spec/http-protocol.md §5). */
import type { MessageFormat } from '../fanout/format.ts';
import { formatSubscriptionId, type Message } from '../store/message.ts';
import { encodeFrame, OPCODE } from '../websocket/frame.ts';

/** Only this exact content type, without parameters, makes a frame binary (spec/surprises.md D4). */
const BINARY_CONTENT_TYPE = 'application/octet-stream';

function frame(message: Message, payload: Buffer): Buffer {
  return encodeFrame(message.contentType === BINARY_CONTENT_TYPE ? OPCODE.binary : OPCODE.text, payload);
}

/** One frame a message, its data alone. */
export const WEBSOCKET_FORMAT: MessageFormat = {
  once: false,
  encode: ({ message }) => frame(message, message.data),
};

/** The subprotocol ws+meta.nchan: id and content type, a blank line, the data. */
export const WEBSOCKET_META_FORMAT: MessageFormat = {
  once: false,
  encode({ message, id }) {
    const contentType = message.contentType === '' ? '' : `content-type: ${message.contentType}\n`;
    const meta = Buffer.from(`id: ${formatSubscriptionId(id)}\n${contentType}\n`, 'latin1');
    return frame(message, Buffer.concat([meta, message.data]));
  },
};

const LF = 0x0a;
const DATA_PREFIX = Buffer.from('data: ');
const END_OF_LINE = Buffer.from('\n');

/** One event a message; only LF separates lines, and an empty message has one empty data line. */
export const EVENTSOURCE_FORMAT: MessageFormat = {
  once: false,
  encode({ message, id }) {
    const event = message.eventsourceEvent === '' ? '' : `event: ${message.eventsourceEvent}\n`;
    const parts: Buffer[] = [Buffer.from(`${event}id: ${formatSubscriptionId(id)}\n`, 'latin1')];
    for (let start = 0; start <= message.data.length; ) {
      const found = message.data.indexOf(LF, start);
      const end = found < 0 ? message.data.length : found;
      parts.push(DATA_PREFIX, message.data.subarray(start, end), END_OF_LINE);
      start = end + 1;
    }
    parts.push(END_OF_LINE);
    return Buffer.concat(parts);
  },
};

/** Long-poll answers with the data itself; id and content type are headers. */
export const LONGPOLL_FORMAT: MessageFormat = {
  once: true,
  encode: ({ message }) => message.data,
};

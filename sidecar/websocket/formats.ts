/**
 * The frames of a message (spec/http-protocol.md §5.7). Subscribers differ in whether they get its id and content type,
 * and in whether and with how much memory they can inflate; each difference is a format of its own, so that a message
 * is put into a frame once for all of a kind.
 */
import type { MessageFormat } from '../fanout/format.ts';
import { statistics } from '../statistics/statistics.ts';
import { type Delivery, formatSubscriptionId, type Message } from '../store/message.ts';
import { COMPRESSED, encodeFrame, OPCODE } from './frame.ts';
import { MAX_WINDOW, MIN_WINDOW } from './permessage-deflate.ts';

/** Only this exact content type, without parameters, makes a frame binary (spec/surprises.md D4). */
const BINARY_CONTENT_TYPE = 'application/octet-stream';

function opcodeOf(message: Message): number {
  return message.contentType === BINARY_CONTENT_TYPE ? OPCODE.binary : OPCODE.text;
}

/** What comes before the data with the subprotocol ws+meta.nchan: id and content type, and a blank line. */
function metaOf({ message, id }: Delivery): Buffer {
  const contentType = message.contentType === '' ? '' : `content-type: ${message.contentType}\n`;
  return Buffer.from(`id: ${formatSubscriptionId(id)}\n${contentType}\n`, 'latin1');
}

/** One frame a message, its data alone. */
export const WEBSOCKET_FORMAT: MessageFormat = {
  once: false,
  traffic: statistics.delivered.websocket,
  encode: ({ message }) => encodeFrame(opcodeOf(message), message.data),
};

/** The subprotocol ws+meta.nchan. */
export const WEBSOCKET_META_FORMAT: MessageFormat = {
  once: false,
  traffic: statistics.delivered.websocket,
  encode: (delivery) => encodeFrame(opcodeOf(delivery.message), metaOf(delivery), delivery.message.data),
};

/** Bytes that one stored block can hold (RFC 1951 §3.2.4). */
const MAX_STORED_BYTES = 0xffff;

/**
 * Bytes as DEFLATE blocks that copy them, none of which is the last: whatever blocks follow continue the same stream,
 * and since these refer to no earlier byte, ones made without knowing of these are as good after them.
 */
export function storedBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += MAX_STORED_BYTES) {
    const part = bytes.subarray(start, start + MAX_STORED_BYTES);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(part.length, 1);
    head.writeUInt16LE(part.length ^ 0xffff, 3);
    blocks.push(head, part);
  }
  return blocks;
}

/** `plain` in compressed frames, for messages that were published with a copy which fits this window. */
function deflated(plain: MessageFormat, meta: boolean, window: number): MessageFormat {
  return {
    once: false,
    traffic: statistics.delivered.websocket,
    encode(delivery) {
      const { message } = delivery;
      const copy = message.deflated;
      if (!copy || copy.window > window) return plain.encode(delivery);
      const prefix = meta ? storedBlocks(metaOf(delivery)) : [];
      return encodeFrame(opcodeOf(message) | COMPRESSED, ...prefix, copy.data);
    },
  };
}

const WINDOWS = Array.from({ length: MAX_WINDOW - MIN_WINDOW + 1 }, (_, i) => MIN_WINDOW + i);

/** By window, the smallest first. */
const DEFLATED_FORMATS = WINDOWS.map((window) => ({
  plain: deflated(WEBSOCKET_FORMAT, false, window),
  meta: deflated(WEBSOCKET_META_FORMAT, true, window),
}));

/**
 * The format of a subscriber.
 * @param meta whether it asked for the subprotocol ws+meta.nchan.
 * @param window log2 of the bytes with which it can inflate; undefined when it cannot.
 */
export function webSocketFormat(meta: boolean, window: number | undefined): MessageFormat {
  if (window === undefined) return meta ? WEBSOCKET_META_FORMAT : WEBSOCKET_FORMAT;
  const formats = DEFLATED_FORMATS[window - MIN_WINDOW] as (typeof DEFLATED_FORMATS)[number];
  return meta ? formats.meta : formats.plain;
}

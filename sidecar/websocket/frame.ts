/** Server frames of RFC 6455 §5.2: unmasked, unfragmented, written once and sent to many. */

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const FIN = 0x80;
/** RSV1: the payload is compressed (RFC 7692 §6). Or it into an opcode. */
export const COMPRESSED = 0x40;

/** A complete frame around the parts of a payload. */
export function encodeFrame(opcode: number, ...payload: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of payload) length += part.length;
  const headerLength = length < 126 ? 2 : length < 0x10000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  frame[0] = FIN | opcode;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  let offset = headerLength;
  for (const part of payload) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

/** A close frame; without a code its payload is empty (RFC 6455 §5.5.1). */
export function encodeClose(code?: number, reason: Buffer | string = ''): Buffer {
  if (code === undefined) return encodeFrame(OPCODE.close);
  const text = Buffer.from(reason as string);
  return encodeFrame(OPCODE.close, Buffer.from([code >> 8, code & 0xff]), text);
}

/** WebSocket by the byte: the handshake's headers and single frames (RFC 6455 §§4.1 and 5.2). */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { RawConnection } from './raw-http.ts';
import { DEADLINE_MS } from './wait.ts';

/** The key of RFC 6455's example, whose answer is known. */
export const WEBSOCKET_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** The headers of a client's handshake. */
export const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': WEBSOCKET_KEY,
};
export const HANDSHAKE_LINES: readonly string[] = Object.entries(HANDSHAKE).map(
  ([name, value]) => `${name}: ${value}`,
);

export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;
/** Bits of a frame's first byte, beside the opcode. */
export const FIN = 0x80;
export const RSV1 = 0x40;

const MASK_BIT = 0x80;
const DEFAULT_MASK = 0x01020304;
/** What permessage-deflate leaves out at the end of a message (RFC 7692 §7.2.1). */
const DEFLATE_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/**
 * A frame from a client.
 * @param first - FIN, reserved bits and opcode
 * @param mask - four bytes as a number; null for a frame without a mask, which is wrong
 */
export function clientFrame(
  first: number,
  payload: string | Uint8Array = '',
  mask: number | null = DEFAULT_MASK,
): Buffer {
  const data = Buffer.from(payload as Uint8Array);
  const { length } = data;
  const head = Buffer.alloc(length < 126 ? 2 : length <= 0xffff ? 4 : 10);
  head[0] = first;
  head[1] = (mask === null ? 0 : MASK_BIT) | (head.length === 2 ? length : head.length === 4 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  else if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  if (mask === null) return Buffer.concat([head, data]);
  const key = Buffer.alloc(4);
  key.writeUInt32BE(mask);
  return Buffer.concat([head, key, data.map((byte, at) => byte ^ (key[at & 3] as number))]);
}

/** A message's data as permessage-deflate sends it, without a context from before. */
export function deflated(data: string | Uint8Array): Buffer {
  return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -DEFLATE_TAIL.length);
}

/** A client's frame whose data is compressed here if the first byte says that it is. */
export function messageFrame(first: number, data: string | Uint8Array): Buffer {
  return clientFrame(first, first & RSV1 ? deflated(data) : data);
}

export interface Frame {
  /** FIN, reserved bits and opcode. */
  readonly first: number;
  readonly masked: boolean;
  /** As sent. */
  readonly payload: Buffer;
}

/** Reads one frame from the server. */
export async function readFrame(connection: RawConnection, deadlineMs = DEADLINE_MS): Promise<Frame> {
  const [first, second] = (await connection.readBytes(2, deadlineMs)) as unknown as [number, number];
  let length = second & 127;
  if (length === 126) length = (await connection.readBytes(2, deadlineMs)).readUInt16BE();
  else if (length === 127) length = Number((await connection.readBytes(8, deadlineMs)).readBigUInt64BE());
  const payload = await connection.readBytes(length, deadlineMs);
  return { first, masked: (second & MASK_BIT) !== 0, payload };
}

/** What a frame holds, inflated if it is deflated. */
export function frameData({ first, payload }: Frame): Buffer {
  if (!(first & RSV1)) return payload;
  return inflateRawSync(Buffer.concat([payload, DEFLATE_TAIL]), { finishFlush: constants.Z_SYNC_FLUSH });
}

/**
 * Sends a handshake and reads the head of the answer, whatever it is.
 * @param headers - lines beside those of the handshake
 */
export async function shakeHands(
  port: number,
  target: string,
  headers: readonly string[] = [],
): Promise<{ connection: RawConnection; head: string }> {
  const connection = await RawConnection.open(port);
  const lines = [`GET ${target} HTTP/1.1`, 'Host: x', ...HANDSHAKE_LINES, ...headers];
  connection.send(`${lines.join('\r\n')}\r\n\r\n`);
  return { connection, head: (await connection.readHead()).toString('latin1') };
}

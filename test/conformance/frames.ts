/** WebSocket frames by the byte (RFC 6455 §5.2). */
import { constants, inflateRawSync } from 'node:zlib';
import type { RawConnection } from '../support/raw-http.ts';

const MASK = Buffer.from([1, 2, 3, 4]);
const MASK_BIT = 0x80;
const RSV1 = 0x40;
const CLOSE = 0x8;
/** What permessage-deflate leaves out at the end of a message. */
const DEFLATE_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** A frame from a client. @param first - FIN, reserved bits and opcode */
export function clientFrame(first: number, payload: Uint8Array, masked: boolean): Buffer {
  const { length } = payload;
  const bit = masked ? MASK_BIT : 0;
  const size = length < 126 ? [length | bit] : [126 | bit, length >> 8, length & 255];
  const data = masked ? payload.map((byte, at) => byte ^ (MASK[at % 4] as number)) : payload;
  return Buffer.concat([Buffer.from([first, ...size]), masked ? MASK : Buffer.alloc(0), data]);
}

/** Reads one frame from the server and describes it: first byte in hex, close code, payload (inflated if deflated). */
export async function readFrame(connection: RawConnection, deadlineMs: number): Promise<string> {
  const [first, second] = (await connection.readBytes(2, deadlineMs)) as unknown as [number, number];
  let length = second & 127;
  if (length === 126) length = (await connection.readBytes(2, deadlineMs)).readUInt16BE();
  else if (length === 127) length = Number((await connection.readBytes(8, deadlineMs)).readBigUInt64BE());
  const payload = await connection.readBytes(length, deadlineMs);
  const kind = `${second & MASK_BIT ? 'masked ' : ''}frame ${first.toString(16)}`;
  if ((first & 15) === CLOSE && length >= 2) {
    return `${kind} ${payload.readUInt16BE()} ${payload.toString('latin1', 2)}`;
  }
  const data =
    first & RSV1
      ? inflateRawSync(Buffer.concat([payload, DEFLATE_TAIL]), { finishFlush: constants.Z_SYNC_FLUSH })
      : payload;
  return `${kind} ${data.toString('latin1')}`;
}

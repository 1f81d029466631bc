import { constants, deflateRawSync } from 'node:zlib';

/** A client frame with a mask of zeros. @param first FIN, RSV and opcode; with RSV1 (0x40) the payload is compressed. */
export function clientFrame(first: number, payload: string | Buffer = ''): Buffer {
  const plain = Buffer.from(payload as string);
  const data =
    first & 0x40 ? deflateRawSync(plain, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4) : plain;
  const length = data.length < 126 ? [data.length | 0x80] : [126 | 0x80, data.length >> 8, data.length & 255];
  return Buffer.concat([Buffer.from([first, ...length, 0, 0, 0, 0]), data]);
}

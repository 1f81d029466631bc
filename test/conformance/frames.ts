import { type Frame, frameData, OPCODE } from '../support/raw-websocket.ts';

/** A server's frame in words: first byte in hex, close code, payload (inflated if deflated). */
export function describeFrame(frame: Frame): string {
  const { first, masked, payload } = frame;
  const kind = `${masked ? 'masked ' : ''}frame ${first.toString(16)}`;
  if ((first & 15) === OPCODE.close && payload.length >= 2) {
    return `${kind} ${payload.readUInt16BE()} ${payload.toString('latin1', 2)}`;
  }
  return `${kind} ${frameData(frame).toString('latin1')}`;
}

import type { Writable } from 'node:stream';
import * as ws from 'ws';

/** The parser of client frames in `ws`; its package exports it, its type definitions leave it out. */
export interface Receiver extends Writable {
  on(event: 'message', listener: (data: Buffer, binary: boolean) => void): this;
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  /** A close frame; the code is 1005 when it had none. */
  on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this;
  on(event: 'error', listener: (error: Error & { code?: string }) => void): this;
  on(event: string, listener: (...args: never[]) => void): this;
}

interface ReceiverOptions {
  isServer: boolean;
  /** Bytes of one message, over all its fragments. */
  maxPayload: number;
  maxFragments: number;
}

const { Receiver: ReceiverClass } = ws as unknown as { Receiver: new (options: ReceiverOptions) => Receiver };

/** Fragments of one message beyond which a client is only wasting memory. */
const MAX_FRAGMENTS = 16 * 1024;

/** A parser for a client's frames: masking, fragmentation, UTF-8 and close codes are checked (RFC 6455 §§5-8). */
export function createReceiver(maxPayload: number): Receiver {
  return new ReceiverClass({ isServer: true, maxPayload, maxFragments: MAX_FRAGMENTS });
}

const CLOSE_CODES: Record<string, number> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
};

/** The code to close with after a parser error: 1002, a protocol error, unless the error says otherwise. */
export function closeCodeFor(error: { code?: string }): number {
  return CLOSE_CODES[error.code ?? ''] ?? 1002;
}

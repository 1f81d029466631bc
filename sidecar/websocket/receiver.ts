import type { Writable } from 'node:stream';
import * as ws from 'ws';
import type { DeflateAgreement } from './permessage-deflate.ts';

/** The parser of client frames in `ws`; its package exports it, its type definitions leave it out. */
export interface Receiver extends Writable {
  on(event: 'message', listener: (data: Buffer, binary: boolean) => void): this;
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  /** A close frame; the code is 1005 when it had none. */
  on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this;
  on(event: 'error', listener: (error: Error & { code?: string }) => void): this;
  on(event: 'drain' | 'finish', listener: () => void): this;
  on(event: string, listener: (...args: never[]) => void): this;
}

type Inflated = (error: Error | null, data?: Buffer) => void;

/** What the parser asks for the data of compressed frames, one at a time. */
interface Inflater {
  decompress(data: Buffer, fin: boolean, done: Inflated): void;
}

/** The extension in `ws`: keeps zlib's state between messages and stops inflating at its limit. */
interface PerMessageDeflate extends Inflater {
  /** What was negotiated, by the names of RFC 7692. */
  params: { client_no_context_takeover: boolean; client_max_window_bits: number };
  /** Frees zlib's state. */
  cleanup(): void;
}

interface ReceiverOptions {
  isServer: boolean;
  /** Bytes of one message, over all its fragments. */
  maxPayload: number;
  maxFragments: number;
  extensions: Record<string, Inflater>;
}

const { Receiver: ReceiverClass, PerMessageDeflate: PerMessageDeflateClass } = ws as unknown as {
  Receiver: new (options: ReceiverOptions) => Receiver;
  PerMessageDeflate: new (options: { isServer: boolean; maxPayload: number }) => PerMessageDeflate;
};

/**
 * The parser, which hears no more after its first error. Writable goes on with what it has buffered while a frame was
 * inflated, and the parser of ws 8.23 would read a mask that is gone: a TypeError that nobody catches.
 */
class DeafeningReceiver extends ReceiverClass {
  #failed = false;

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#failed) {
      done();
      return;
    }
    super._write(chunk, encoding, (error) => {
      if (error) this.#failed = true;
      done(error);
    });
  }
}

/** Under this name the parser looks for whatever inflates. */
const EXTENSION_NAME = 'permessage-deflate';

/** Fragments of one message beyond which a client is only wasting memory. */
const MAX_FRAGMENTS = 16 * 1024;

export interface ReceiverSettings {
  /** Largest message in bytes, inflated; a larger one is an error before it is in memory. */
  readonly maxMessageBytes: number;
  /** What compression was agreed on; without it compressed frames are an error. */
  readonly deflate: DeflateAgreement | undefined;
  /** Called before a frame is inflated, with what goes on: a few bytes may become a large message. */
  readonly beforeInflating: (goOn: () => void) => void;
}

/**
 * A parser for a client's frames: masking, fragmentation, compression, UTF-8 and close codes are checked (RFC 6455
 * §§5-8, RFC 7692). Whoever made it must end it.
 */
export function createReceiver(settings: ReceiverSettings): Receiver {
  const { maxMessageBytes, deflate } = settings;
  const inflater = deflate && createInflater(maxMessageBytes, deflate);
  const gated: Inflater | undefined = inflater && {
    decompress: (data, fin, done) => settings.beforeInflating(() => inflater.decompress(data, fin, done)),
  };
  const receiver = new DeafeningReceiver({
    isServer: true,
    maxPayload: maxMessageBytes,
    maxFragments: MAX_FRAGMENTS,
    extensions: gated ? { [EXTENSION_NAME]: gated } : {},
  });
  if (inflater) {
    // At both events nothing is being inflated: zlib's state must not be freed while a thread works on it.
    receiver.on('finish', () => inflater.cleanup());
    receiver.on('error', () => inflater.cleanup());
  }
  return receiver;
}

function createInflater(maxPayload: number, deflate: DeflateAgreement): PerMessageDeflate {
  const inflater = new PerMessageDeflateClass({ isServer: true, maxPayload });
  inflater.params = {
    client_no_context_takeover: deflate.clientResets,
    client_max_window_bits: deflate.clientWindow,
  };
  return inflater;
}

/** The code for all that breaks RFC 6455, if none below says more. */
const PROTOCOL_ERROR = 1002;

const CLOSE_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  // What cannot be inflated is data of the wrong kind, like bad UTF-8.
  Z_DATA_ERROR: 1007,
  Z_NEED_DICT: 1007,
  Z_BUF_ERROR: 1007,
};

/** What may be closed with after a parser error. */
export const ERROR_CLOSE_CODES: readonly number[] = [
  ...new Set([PROTOCOL_ERROR, ...Object.values(CLOSE_CODES)]),
];

/** The code to close with after a parser error. */
export function closeCodeFor(error: { code?: string }): number {
  return CLOSE_CODES[error.code ?? ''] ?? PROTOCOL_ERROR;
}

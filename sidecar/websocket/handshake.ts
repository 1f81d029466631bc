/** The opening handshake (RFC 6455 §4.2, spec/http-protocol.md §5.7). */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { RefusalName } from '../../handoff/refusals.ts';
import { type HeaderList, responseHead } from '../reply.ts';
import { type DeflateAgreement, negotiateDeflate } from './permessage-deflate.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Sixteen bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** The subprotocol whose frames begin with the message's id and content type. */
export const META_SUBPROTOCOL = 'ws+meta.nchan';

export interface Accepted {
  /** The 101 answer. */
  readonly head: Buffer;
  /** True when the client asked for META_SUBPROTOCOL. */
  readonly meta: boolean;
  /** The compression agreed on; undefined when the client offered none that can be met. */
  readonly deflate: DeflateAgreement | undefined;
}

/**
 * Answers a handshake, or says why it is refused.
 * @param deflateWindow the window of the location's deflated messages, log2 of bytes.
 */
export function acceptHandshake(
  headers: IncomingHttpHeaders,
  cors: HeaderList,
  deflateWindow: number,
): Accepted | { readonly refusal: RefusalName } {
  const version = headers['sec-websocket-version'];
  if (version === undefined) return { refusal: 'websocket_version_missing' };
  if (version !== '13') return { refusal: 'websocket_version_unsupported' };
  const key = headers['sec-websocket-key'];
  if (key === undefined || !KEY.test(key)) return { refusal: 'websocket_key_missing' };

  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const meta = offered.includes(META_SUBPROTOCOL);
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  // Node joins repeated header lines.
  const extensions = headers['sec-websocket-extensions'] as string | undefined;
  const deflate = negotiateDeflate(extensions, deflateWindow);
  return {
    meta,
    deflate,
    head: responseHead(101, [
      ['Connection', 'upgrade'],
      ...(meta ? ([['Sec-WebSocket-Protocol', META_SUBPROTOCOL]] as const) : []),
      ...(deflate ? ([['Sec-WebSocket-Extensions', deflate.answer]] as const) : []),
      ...cors,
      ['Sec-WebSocket-Accept', accept],
      ['Upgrade', 'websocket'],
    ]),
  };
}

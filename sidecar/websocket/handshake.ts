/** The opening handshake (RFC 6455 §4.2, spec/http-protocol.md §5.7). */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { RefusalName } from '../../handoff/refusals.ts';
import type { LocationSettings } from '../../handoff/settings.ts';
import { TOKEN_SUBPROTOCOL } from '../../handoff/token.ts';
import { type HeaderList, responseHead } from '../reply.ts';
import { type DeflateAgreement, negotiateDeflate } from './permessage-deflate.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Sixteen bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** A subprotocol's name (RFC 6455 §4.1, RFC 9110 §5.6.2). */
const SUBPROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

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

/** Answers a handshake, or says why it is refused. */
export function acceptHandshake(
  headers: IncomingHttpHeaders,
  cors: HeaderList,
  settings: LocationSettings,
): Accepted | { readonly refusal: RefusalName } {
  const version = headers['sec-websocket-version'];
  if (version === undefined) return { refusal: 'websocket_version_missing' };
  if (version !== '13') return { refusal: 'websocket_version_unsupported' };
  const key = headers['sec-websocket-key'];
  if (key === undefined || !KEY.test(key)) return { refusal: 'websocket_key_missing' };

  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const meta = offered.includes(META_SUBPROTOCOL);
  const subprotocol = meta ? META_SUBPROTOCOL : besidesToken(offered, settings);
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  // Node joins repeated header lines.
  const extensions = headers['sec-websocket-extensions'] as string | undefined;
  const deflate = negotiateDeflate(extensions, settings.deflateWindow);
  return {
    meta,
    deflate,
    head: responseHead(101, [
      ['Connection', 'upgrade'],
      ...(subprotocol === undefined ? [] : ([['Sec-WebSocket-Protocol', subprotocol]] as const)),
      ...(deflate ? ([['Sec-WebSocket-Extensions', deflate.answer]] as const) : []),
      ...cors,
      ['Sec-WebSocket-Accept', accept],
      ['Upgrade', 'websocket'],
    ]),
  };
}

/**
 * What to answer to a client that offers its token as a subprotocol: browsers hang up when none of what they offered is
 * taken. The token itself only comes back when nothing else is offered.
 */
function besidesToken(
  offered: readonly string[],
  { tokenMode, tokenFrom }: LocationSettings,
): string | undefined {
  if (tokenMode === 'off' || !tokenFrom.includes('subprotocol')) return undefined;
  const names = offered.filter((name) => SUBPROTOCOL.test(name));
  const token = names.find((name) => name.startsWith(TOKEN_SUBPROTOCOL));
  if (token === undefined) return undefined;
  return names.find((name) => !name.startsWith(TOKEN_SUBPROTOCOL)) ?? token;
}

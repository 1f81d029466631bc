/**
 * Whether nginx will take a client's request again. It did once, but what it is to ask comes on top, and a client
 * whose hooks cannot be sent would never be heard of: it has to be refused before it is served.
 */

import { HOOK_KINDS } from '../../handoff/hooks.ts';
import { formatMessageId, type ParsedMessageId } from '../../handoff/message-id.ts';
import type { HeadLimits } from '../../handoff/settings.ts';
import type { HookContext } from './context.ts';
import { headOf, type RequestHead } from './request.ts';
import { channelVariables, MESSAGE_ID } from './variables.ts';

/** Those that Node adds, and the Content-Length of a message. */
const ADDED_HEADERS = 3;
const ADDED_BYTES = 128;
/** Less than a buffer's size that a line may have, to be on the safe side. */
const SPARE_BYTES = 4;

/** A message id, percent-encoded: the time with the colon and the brackets, and each tag with its comma. */
const ID_BYTES = 32;
const TAG_BYTES = 8;

/**
 * True when every hook of a request will get through.
 * @param channels that the request names, encoded
 * @param messageId that it came with
 * @param limits of the server that takes it
 */
export function isRepeatable(
  context: HookContext,
  channels: readonly string[],
  messageId: ParsedMessageId | undefined,
  limits: HeadLimits,
): boolean {
  // Ids come later and differ; a digit is written as it is.
  const came = messageId ? encodeURIComponent(formatMessageId(messageId)).length : 0;
  const id = '0'.repeat(Math.max(came, ID_BYTES + TAG_BYTES * channels.length));
  const variables = {
    ...channelVariables({ channels }),
    nchan_subscriber_type: 'http-raw-stream',
    nchan_publisher_type: 'websocket',
    nchan_prev_message_id: id,
    [MESSAGE_ID]: id,
  };
  return HOOK_KINDS.every(
    (kind) =>
      context.uris[kind] === undefined ||
      fitsHead(headOf({ context, kind, variables, method: 'POST' }), limits),
  );
}

/**
 * Fills the buffers as nginx does: lines come one after the other, and one that does not fit into what is left of a
 * buffer goes into the next as a whole (ngx_http_alloc_large_header_buffer).
 */
export function fitsHead({ method, path, headers }: RequestHead, limits: HeadLimits): boolean {
  const [firstBytes, buffers, bytes, maxHeaders] = limits;
  if (headers.length / 2 + ADDED_HEADERS > maxHeaders) return false;
  let room = firstBytes - SPARE_BYTES;
  let left = buffers;
  const take = (line: number): boolean => {
    if (line > room) {
      room = bytes - SPARE_BYTES;
      left -= 1;
    }
    room -= line;
    return left >= 0 && room >= 0;
  };
  if (!take(`${method} ${path} HTTP/1.1\r\n`.length)) return false;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (!take(`${name}: ${value}\r\n`.length)) return false;
  }
  return take(ADDED_BYTES);
}

/** Publishing, looking and deleting over HTTP (spec/http-protocol.md §2). */
import type { IncomingMessage } from 'node:http';
import type { RefusalName } from '../../handoff/refusals.ts';
import type { Handoff } from '../handoff.ts';
import { corsHeaders, type HeaderList, type Reply } from '../reply.ts';
import type { ChannelInfo, Store } from '../store/store.ts';
import { formatChannelInfo, negotiateFormat } from './channel-info.ts';
import { ownBytes } from './own-bytes.ts';
import { publish, publishStatus } from './publish.ts';

export type PublisherAnswer = Reply | { readonly refusal: RefusalName };

/** Publishes the request's body as one message. */
export async function publishRequest(
  store: Store,
  handoff: Handoff,
  request: IncomingMessage,
  maxBytes: number,
): Promise<PublisherAnswer> {
  const data = await readBody(request, maxBytes);
  if (!data) return { refusal: 'message_too_large' };
  const info = await publish(store, handoff, {
    data,
    contentType: request.headers['content-type'] ?? '',
    eventsourceEvent: (request.headers['x-eventsource-event'] as string | undefined) ?? '',
  });
  return infoReply(publishStatus(info), info, handoff, request);
}

/** GET: the channel's figures, 404 when there is no such channel. */
export async function infoRequest(store: Store, handoff: Handoff, request: IncomingMessage): Promise<Reply> {
  return infoReply(200, await store.info(handoff.channels[0] as string), handoff, request);
}

/** DELETE: the channel's figures as they were before, 404 when there was none. */
export async function deleteRequest(
  store: Store,
  handoff: Handoff,
  request: IncomingMessage,
): Promise<Reply> {
  return infoReply(200, await store.delete(handoff.channels[0] as string), handoff, request);
}

function infoReply(
  status: number,
  info: ChannelInfo | undefined,
  handoff: Handoff,
  request: IncomingMessage,
): Reply {
  const cors = corsHeaders(handoff.origin);
  if (!info) return { status: 404, headers: cors };
  const { contentType, body } = formatChannelInfo(info, negotiateFormat(request.headers.accept), Date.now());
  return { status, headers: [['Content-Type', contentType], ...cors], body };
}

const PUBLISHER_METHODS = 'GET, POST, PUT, DELETE';
const SUBSCRIBER_METHODS = 'GET';
const SUBSCRIBER_HEADERS =
  'If-None-Match, If-Modified-Since, Content-Type, Cache-Control, X-EventSource-Event';

/** OPTIONS, preflight or not (spec/http-protocol.md §7). The gateway has refused locations that do not answer it. */
export function optionsReply(handoff: Handoff): Reply {
  const { settings, origin } = handoff;
  const methods = settings.publisher.includes('http') ? PUBLISHER_METHODS : SUBSCRIBER_METHODS;
  const headers: [string, string][] = [['Allow', methods]];
  if (origin !== undefined) {
    headers.push(
      ['Access-Control-Allow-Headers', settings.subscriber.length > 0 ? SUBSCRIBER_HEADERS : 'Content-Type'],
      ['Access-Control-Allow-Methods', methods],
    );
  }
  return { status: 200, headers: [...headers, ...(corsHeaders(origin) as HeaderList)] };
}

/**
 * Reads a request's body.
 * @returns undefined when it has more than `maxBytes`; the rest is then discarded.
 */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length <= maxBytes) parts.push(part);
    else parts.length = 0;
  }
  return length > maxBytes ? undefined : ownBytes(parts);
}

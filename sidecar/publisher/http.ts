/** Publishing, looking and deleting over HTTP (spec/http-protocol.md §2). */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { corsHeaders } from '../../handoff/cors.ts';
import type { RefusalName } from '../../handoff/refusals.ts';
import type { ServerContext } from '../context.ts';
import type { RequestEvents } from '../events/request-events.ts';
import type { Handoff } from '../handoff.ts';
import { ownBytes } from '../own-bytes.ts';
import type { HeaderList, Reply } from '../reply.ts';
import { reportHeaders } from '../report.ts';
import type { MessageDraft } from '../store/message.ts';
import type { Store } from '../store/store.ts';
import { formatChannelInfo, negotiateFormat } from './channel-info.ts';
import {
  contentTypeTooLong,
  eventOf,
  infoOfOne,
  infoOfSeveral,
  type PublisherInfo,
  publish,
  publishStatus,
  whatToPublish,
} from './publish.ts';

export type PublisherAnswer = Reply | { readonly refusal: RefusalName };

/** Publishes the request's body as one message. */
export async function publishRequest(
  context: ServerContext,
  handoff: Handoff,
  request: IncomingMessage,
): Promise<PublisherAnswer> {
  const { headers } = request;
  if (contentTypeTooLong(headers)) return { refusal: 'content_type_too_long' };
  const { messageBytes } = context.limits();
  const data = await readBody(request, messageBytes);
  if (!data) return { refusal: 'message_too_large' };
  const original = draftOf(handoff, headers, data);
  const draft = await whatToPublish(context, handoff, messageBytes, original, request.socket);
  if (draft === 'nothing') return { status: 204, headers: corsHeaders(handoff) };
  if (typeof draft === 'string') return { refusal: draft };
  const store = context.stores.of(handoff.settings);
  return publishDraft(store, handoff, headers, draft, context.events.of(handoff, store));
}

/** Publishes a message that was read, where no application is asked and there are no events; undefined stands for one that was too large. */
export async function publishMessage(
  store: Store,
  handoff: Handoff,
  headers: IncomingHttpHeaders,
  data: Buffer | undefined,
): Promise<PublisherAnswer> {
  if (contentTypeTooLong(headers)) return { refusal: 'content_type_too_long' };
  if (!data) return { refusal: 'message_too_large' };
  return publishDraft(store, handoff, headers, draftOf(handoff, headers, data));
}

function draftOf(handoff: Handoff, headers: IncomingHttpHeaders, data: Buffer): MessageDraft {
  return {
    data,
    contentType: headers['content-type'] ?? '',
    eventsourceEvent: eventOf(handoff, headers),
  };
}

async function publishDraft(
  store: Store,
  handoff: Handoff,
  headers: IncomingHttpHeaders,
  draft: MessageDraft,
  events?: RequestEvents,
): Promise<Reply> {
  const info = await publish(store, handoff, draft);
  events?.published(info);
  return infoReply(publishStatus(info), info, handoff, headers);
}

/** GET: the channel's figures, 404 when there is no such channel; several channels exist while somebody subscribes to them. */
export async function infoRequest(store: Store, handoff: Handoff, request: IncomingMessage): Promise<Reply> {
  const { channels } = handoff;
  if (channels.length === 1) {
    const info = await store.info(channels[0] as string);
    return infoReply(200, info && infoOfOne(info), handoff, request.headers);
  }
  const list = await store.listInfo(channels);
  const lastMessageId = `0:[0]${',0'.repeat(channels.length - 1)}`;
  return infoReply(200, list && { ...list, messages: 0, lastMessageId }, handoff, request.headers);
}

/** DELETE: the figures as they were before. One channel that does not exist is 404, several never are. */
export async function deleteRequest(
  context: ServerContext,
  store: Store,
  handoff: Handoff,
  request: IncomingMessage,
): Promise<Reply> {
  const infos = await Promise.all(handoff.channels.map((channel) => store.delete(channel)));
  const [first] = infos;
  const info = infos.length === 1 ? first && infoOfOne(first) : infoOfSeveral(infos);
  context.events.of(handoff, store)?.deleted(info);
  return infoReply(200, info, handoff, request.headers);
}

function infoReply(
  status: number,
  info: PublisherInfo | undefined,
  handoff: Handoff,
  headers: IncomingHttpHeaders,
): Reply {
  const cors = corsHeaders(handoff);
  if (!info) return { status: 404, headers: cors };
  const reports = reportHeaders(handoff, {
    // Only publishing to one channel gives an id.
    messageId: status !== 200 && handoff.channels.length === 1 ? info.lastMessageId : '',
    lastSeen: info.lastSeenSubscriber ?? 0,
    subscribers: info.subscribers,
    messages: info.messages,
  });
  const { contentType, body } = formatChannelInfo(info, negotiateFormat(headers.accept), Date.now());
  return { status, headers: [['Content-Type', contentType], ...cors, ...reports], body };
}

const PUBLISHER_METHODS = 'GET, POST, PUT, DELETE';
const SUBSCRIBER_METHODS = 'GET';
const GROUP_METHODS = 'GET, POST, DELETE';
const GROUP_HEADERS = 'Accept, Content-Type';
const SUBSCRIBER_HEADERS =
  'If-None-Match, If-Modified-Since, Content-Type, Cache-Control, X-EventSource-Event';

/** The methods that a location takes, as Allow names them. */
export function allowedMethods({ settings }: Handoff): string {
  if (settings.groupAccess !== '') return GROUP_METHODS;
  return settings.publisher.includes('http') ? PUBLISHER_METHODS : SUBSCRIBER_METHODS;
}

/** OPTIONS, preflight or not (spec/http-protocol.md §7). The gateway has refused locations that do not answer it. */
export function optionsReply(handoff: Handoff): Reply {
  const { settings, origin } = handoff;
  const methods = allowedMethods(handoff);
  const headers: [string, string][] = [['Allow', methods]];
  if (origin !== undefined) {
    const allowed =
      settings.groupAccess !== ''
        ? GROUP_HEADERS
        : settings.subscriber.length > 0
          ? SUBSCRIBER_HEADERS
          : 'Content-Type';
    const hasToken = settings.tokenMode !== 'off' && settings.tokenFrom.includes('header');
    headers.push(
      ['Access-Control-Allow-Headers', hasToken ? `${allowed}, Authorization` : allowed],
      ['Access-Control-Allow-Methods', methods],
    );
  }
  return { status: 200, headers: [...headers, ...(corsHeaders(handoff) as HeaderList)] };
}

/**
 * Reads a request's body.
 * @returns undefined when it has more than `maxBytes`; the rest is then discarded.
 */
function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  // By events: an iterator over the request takes a tenth of the time that a message takes.
  return new Promise((resolve, reject) => {
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= maxBytes) parts.push(part);
      else parts.length = 0;
    });
    request.on('end', () => resolve(length > maxBytes ? undefined : ownBytes(parts)));
    request.on('error', reject);
  });
}

/** The answers of the polling transports: messages, and what there is to say when there are none. */
import type { ServerResponse } from 'node:http';
import { corsHeaders, exposedHeaders, VARY_HEADERS } from '../../handoff/cors.ts';
import { formatHttpDate } from '../../handoff/http-date.ts';
import { formatTags } from '../../handoff/message-id.ts';
import type { SubscriberTransport } from '../../handoff/settings.ts';
import type { Handoff } from '../handoff.ts';
import { type HeaderList, refusalReply, sendReply } from '../reply.ts';
import { reportHeaders } from '../report.ts';
import { statistics } from '../statistics/statistics.ts';
import { type Delivery, formatSubscriptionId, type SubscriptionId } from '../store/message.ts';
import { MULTIPART_CONTENT_TYPE, multipartBody } from './multipart.ts';

/** Statuses with which a poll ends without a message. */
export type EmptyStatus = 304 | 408 | 410;

/** The id that the client sent, as a subscription's. */
function requestedId({ messageId }: Handoff): SubscriptionId | undefined {
  return messageId && { time: messageId.time, tags: formatTags(messageId) };
}

function etagName({ settings }: Handoff): string {
  return settings.customEtagHeader || 'Etag';
}

/** Last-Modified and Etag, or what the location has in their place. */
function idHeaders(id: SubscriptionId, handoff: Handoff): HeaderList {
  if (handoff.settings.compoundEtag) return [[etagName(handoff), formatSubscriptionId(id)]];
  return [
    ['Last-Modified', formatHttpDate(id.time)],
    [etagName(handoff), id.tags],
  ];
}

/** @param messages in the body */
function send(
  response: ServerResponse,
  handoff: Handoff,
  status: number,
  headers: HeaderList,
  body?: Buffer,
  messages = 1,
): void {
  if (body) statistics.delivered[handoff.transport as SubscriberTransport].add(messages, body.length);
  sendReply(response, {
    status,
    headers: [...headers, ...exposedHeaders(handoff), ...VARY_HEADERS, ...corsHeaders(handoff)],
    body,
  });
}

/** Answers with one message, or with several in the way that the location asks for. The id is that of the last. */
export function answerMessages(
  response: ServerResponse,
  handoff: Handoff,
  first: Delivery,
  ...more: readonly Delivery[]
): void {
  const last = more[more.length - 1];
  const report = reportHeaders(handoff, { messageId: formatSubscriptionId((last ?? first).id) });
  if (!last) {
    const { contentType, data } = first.message;
    const type: HeaderList = contentType === '' ? [] : [['Content-Type', contentType]];
    send(response, handoff, 200, [...type, ...idHeaders(first.id, handoff), ...report], data);
    return;
  }
  const deliveries = [first, ...more];
  if (handoff.settings.longpollMultipart === 'raw') {
    const separator = Buffer.from(handoff.settings.rawStreamSeparator);
    const body = Buffer.concat(deliveries.flatMap(({ message }) => [message.data, separator]));
    send(response, handoff, 200, [...idHeaders(last.id, handoff), ...report], body, deliveries.length);
    return;
  }
  const type: HeaderList = [['Content-Type', MULTIPART_CONTENT_TYPE]];
  send(
    response,
    handoff,
    200,
    [...type, ...idHeaders(last.id, handoff), ...report],
    multipartBody(deliveries),
    deliveries.length,
  );
}

/** Answers without a message. A client that sent an id gets it back, where the status says that it goes on from there. */
export function answerEmpty(response: ServerResponse, handoff: Handoff, status: EmptyStatus): void {
  const id = requestedId(handoff);
  let headers: HeaderList = [];
  if (id && status === 304) headers = idHeaders(id, handoff);
  // The others come without Last-Modified: the client goes on with the one it has.
  if (id && status !== 304) headers = idHeaders(id, handoff).filter(([name]) => name !== 'Last-Modified');
  send(response, handoff, status, headers);
}

/** Answers a poll whose token has expired while it waited. */
export function answerExpired(response: ServerResponse, handoff: Handoff): void {
  sendReply(
    response,
    refusalReply('token_expired', handoff.nginx, [...VARY_HEADERS, ...corsHeaders(handoff)]),
  );
}

/**
 * Accepts the gateway's requests and gives each to what serves it. Streaming transports arrive as upgrades, whatever
 * they are on the client's side: that hands over the bare connection and frees Node's HTTP machinery.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { formatTags } from '../handoff/message-id.ts';
import type { RefusalName } from '../handoff/refusals.ts';
import type { SubscriberTransport } from '../handoff/settings.ts';
import { reportFault, type ServerContext } from './context.ts';
import { type Handoff, HandoffError, readHandoff } from './handoff.ts';
import {
  allowedMethods,
  deleteRequest,
  infoRequest,
  optionsReply,
  type PublisherAnswer,
  publishRequest,
} from './publisher/http.ts';
import { redisStatsReply } from './redis-stats.ts';
import {
  corsHeaders,
  type HeaderList,
  type Reply,
  refusalReply,
  sendRawReply,
  sendReply,
  VARY,
} from './reply.ts';
import { serveStream } from './subscriber/stream.ts';
import { POLLS, STREAMS } from './subscriber/transports.ts';
import { serveWebSocket } from './subscriber/websocket.ts';

/** Room for 255 channel ids of the default length, percent-encoded, and the settings. */
const MAX_HEADER_BYTES = 1024 * 1024;

/** Longer than nginx keeps an idle connection to us (60 s), so that nginx never reuses one that we just closed. */
const KEEP_ALIVE_MS = 75_000;

/** The sidecar's HTTP server, not yet listening. */
export function createSidecarServer(context: ServerContext): Server {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 0, // nginx has the whole body before it asks us
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    serveRequest(context, request, response).catch((error: unknown) => {
      context.log.error({ err: error }, 'an answer failed');
      response.destroy();
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, early: Buffer) => {
    serveUpgrade(context, request, socket, early);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // ECONNRESET: nginx dropped a kept connection, as it may.
    if (error.code !== 'ECONNRESET')
      context.log.warn(`closed a connection from nginx: ${error.code ?? error.message}`);
    socket.destroy();
  });
  server.on('error', (error) => context.log.error({ err: error }, 'the server socket failed'));
  return server;
}

/** A request that is no hand-off: somebody else has found the socket, or the gateway is of another version. */
function notAHandoff(context: ServerContext, error: unknown): Reply {
  if (!(error instanceof HandoffError)) throw error;
  context.log.warn(`refused a request that is no hand-off of this gateway: ${error.message}`);
  return { status: 400, headers: [['Content-Type', 'text/plain']], body: 'not a hand-off\n' };
}

async function serveRequest(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let handoff: Handoff;
  try {
    handoff = readHandoff(request.headers, context.secret);
  } catch (error) {
    request.resume();
    sendReply(response, notAHandoff(context, error));
    return;
  }
  try {
    // A body that nobody wants must still be read: with it unread, Node would not see nginx close the connection.
    if (handoff.action !== 'publish') request.resume();
    const poll = handoff.action === 'subscribe' ? POLLS[handoff.transport as SubscriberTransport] : undefined;
    if (poll) {
      const store = context.stores.of(handoff.settings);
      if (!store.available) sendReply(response, refuse('redis_unavailable', handoff));
      else await poll(response, handoff, store);
      return;
    }
    const answer = await answerFor(context, handoff, request);
    sendReply(response, 'refusal' in answer ? refuse(answer.refusal, handoff) : answer);
  } catch (error) {
    if (request.errored) return; // the body was cut off: nobody waits for an answer
    sendReply(response, refuse(reportFault(context, handoff, error), handoff));
  }
}

function answerFor(
  context: ServerContext,
  handoff: Handoff,
  request: IncomingMessage,
): Promise<PublisherAnswer> | PublisherAnswer {
  const store = context.stores.of(handoff.settings);
  switch (handoff.action) {
    case 'publish':
      return publishRequest(store, handoff, request, context.limits().messageBytes);
    case 'info':
      return infoRequest(store, handoff, request);
    case 'delete':
      return deleteRequest(store, handoff, request);
    case 'options':
      return optionsReply(handoff);
    case 'redis_stats':
      return redisStatsReply(handoff.redisUpstream, context.stores.upstreamStats(handoff.redisUpstream));
    default:
      return { refusal: handoff.refusal ?? 'internal_error' };
  }
}

function serveUpgrade(context: ServerContext, request: IncomingMessage, socket: Socket, early: Buffer): void {
  socket.on('error', () => socket.destroy());
  let handoff: Handoff;
  try {
    handoff = readHandoff(request.headers, context.secret);
  } catch (error) {
    sendRawReply(socket, notAHandoff(context, error));
    return;
  }
  try {
    const stream = STREAMS[handoff.transport as SubscriberTransport];
    if (stream) {
      const store = context.stores.of(handoff.settings);
      if (!store.available) sendRawReply(socket, refuse('redis_unavailable', handoff));
      else serveStream(socket, handoff, store, stream);
      return;
    }
    const refusal = serveWebSocket(request, socket, early, handoff, context);
    if (refusal) sendRawReply(socket, refuse(refusal, handoff));
  } catch (error) {
    reportFault(context, handoff, error);
    socket.destroy();
  }
}

function refuse(refusal: RefusalName, handoff: Handoff): Reply {
  const polls = handoff.transport === 'longpoll' || handoff.transport === 'intervalpoll';
  const id = handoff.messageId;
  const polling: HeaderList =
    polls && refusal === 'message_id_tag_count' && id
      ? [...(id.tags.length > handoff.channels.length ? [['Etag', formatTags(id)] as const] : []), ...VARY]
      : [];
  const allow: HeaderList =
    refusal === 'method_not_allowed' ? [['Allow', `${allowedMethods(handoff)}, OPTIONS`]] : [];
  return refusalReply(refusal, handoff.nginx, [...allow, ...polling, ...corsHeaders(handoff.origin)]);
}

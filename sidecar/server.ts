/**
 * Accepts the gateway's requests and gives each to what serves it. Streaming transports arrive as upgrades, whatever
 * they are on the client's side: that hands over the bare connection and frees Node's HTTP machinery.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RefusalName } from '../handoff/refusals.ts';
import type { SubscriberTransport } from '../handoff/settings.ts';
import { reportFault, type ServerContext } from './context.ts';
import { groupRequest } from './group/http.ts';
import { setGroupLimits } from './group/limits.ts';
import { type Handoff, KEEP_ALIVE_MS, MAX_HEADER_BYTES, readHandoff } from './handoff.ts';
import { PEER_IS_GONE } from './peer-is-gone.ts';
import { DirectConnection } from './publisher/direct-connection.ts';
import {
  deleteRequest,
  infoRequest,
  optionsReply,
  type PublisherAnswer,
  publishRequest,
} from './publisher/http.ts';
import { logRecurringFault } from './recurring-fault.ts';
import { redisStatsReply } from './redis-stats.ts';
import { notAHandoff, refuse } from './refusal-reply.ts';
import { sendRawReply, sendReply } from './reply.ts';
import { figuresReply } from './statistics/figures.ts';
import { admitSubscriber } from './subscriber/admission.ts';
import type { SubscriberObserver } from './subscriber/observer.ts';
import { serveStream } from './subscriber/stream.ts';
import { POLLS, STREAMS } from './subscriber/transports.ts';
import { watchedBy } from './subscriber/watched.ts';
import { serveWebSocket } from './subscriber/websocket.ts';

/** The sidecar's HTTP server, not yet listening. */
export function createSidecarServer(context: ServerContext): Server {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: 0, // nginx has the whole body before it asks us
  });
  // Node would drop those beyond the 2,000th; their size is limited anyway.
  server.maxHeadersCount = 0;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    serveRequest(context, request, response).catch((error: unknown) => {
      logRecurringFault(context.log, 'NJ-ANSWER-FAILED', String(error), 'an answer failed', { err: error });
      response.destroy();
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, early: Buffer) => {
    serveUpgrade(context, request, socket, early);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // nginx drops kept connections, and the ones of clients that leave while they are written to.
    if (!PEER_IS_GONE.has(error.code)) {
      const why = error.code ?? error.message;
      const message = `closed a connection from nginx: ${why}`;
      logRecurringFault(context.log, 'NJ-NGINX-CONNECTION', why, message);
    }
    socket.destroy();
  });
  serveDirectly(server, context);
  server.on('error', (error) => {
    logRecurringFault(context.log, 'NJ-SERVER-SOCKET', '', 'the server socket failed', { err: error });
  });
  return server;
}

/** Lets connections with messages that pass by the gateway also pass by Node's HTTP machinery. */
function serveDirectly(server: Server, context: ServerContext): void {
  const [takeOver] = server.listeners('connection') as ((socket: Socket) => void)[];
  if (!takeOver) throw new Error('the HTTP server does not listen for connections');
  const connections = new Set<DirectConnection>();
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const connection = new DirectConnection(socket, context, {
      otherwise: () => takeOver.call(server, socket),
      left: () => connections.delete(connection),
    });
    connections.add(connection);
  });
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    closeIdle();
    for (const connection of connections) connection.closeWhenIdle();
  };
}

async function serveRequest(
  context: ServerContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let handoff: Handoff;
  try {
    handoff = readHandoff(request.headers, context.secret, request.rawHeaders);
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
      const refused = (refusal: RefusalName) => sendReply(response, refuse(refusal, handoff));
      if (!store.available) refused('redis_unavailable');
      else {
        setGroupLimits(store, handoff);
        const serve = () => poll(response, handoff, store, watchedBy(context, handoff, store, false));
        await admitSubscriber(store, handoff, serve, refused);
      }
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
  setGroupLimits(store, handoff);
  switch (handoff.action) {
    case 'publish':
      return publishRequest(context, handoff, request);
    case 'info':
      return infoRequest(store, handoff, request);
    case 'delete':
      return deleteRequest(context, store, handoff, request);
    case 'options':
      return optionsReply(handoff);
    case 'figures':
      return figuresReply(context, handoff, request.headers.accept);
    case 'group_info':
    case 'group_set':
    case 'group_delete':
      return groupRequest(context.stores, handoff, request.headers);
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
    handoff = readHandoff(request.headers, context.secret, request.rawHeaders);
  } catch (error) {
    sendRawReply(socket, notAHandoff(context, error));
    return;
  }
  const refused = (refusal: RefusalName) => sendRawReply(socket, refuse(refusal, handoff));
  const failed = (error: unknown) => {
    reportFault(context, handoff, error);
    socket.destroy();
  };
  const serve = (own = handoff, observer?: SubscriberObserver) => {
    // While channels were looked up, the other side may have failed; what it closed in order is still to be read.
    if (socket.destroyed) return;
    try {
      serveUpgraded(context, own, request, socket, early, observer);
    } catch (error) {
      failed(error);
    }
  };
  try {
    const store = context.stores.of(handoff.settings);
    if (handoff.action !== 'refuse') setGroupLimits(store, handoff);
    if (handoff.action === 'refuse') refused(handoff.refusal ?? 'internal_error');
    else if (handoff.action !== 'subscribe') serve();
    else if (!store.available) refused('redis_unavailable');
    else {
      const admitted = handoff.settings.subscriberInfo
        ? context.subscriberInfo
            .request(handoff, store, failed)
            .then(({ handoff: own, observer }) => serve(own, observer))
        : admitSubscriber(store, handoff, () => serve(), refused);
      admitted?.catch((error: unknown) => refused(reportFault(context, handoff, error)));
    }
  } catch (error) {
    failed(error);
  }
}

function serveUpgraded(
  context: ServerContext,
  handoff: Handoff,
  request: IncomingMessage,
  socket: Socket,
  early: Buffer,
  observer: SubscriberObserver | undefined,
): void {
  const stream = STREAMS[handoff.transport as SubscriberTransport];
  const store = context.stores.of(handoff.settings);
  const watched = observer ? { observer } : watchedBy(context, handoff, store, true);
  if (stream) {
    serveStream(socket, handoff, store, stream, watched);
    return;
  }
  const refusal = serveWebSocket(request, socket, early, handoff, context, watched);
  if (refusal) sendRawReply(socket, refuse(refusal, handoff));
}

/** WebSocket connections: subscribers, publishers and both at once (spec/http-protocol.md §§3 and 5.7). */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { corsHeaders } from '../../handoff/cors.ts';
import type { RefusalName } from '../../handoff/refusals.ts';
import type { ServerContext } from '../context.ts';
import type { Handoff } from '../handoff.ts';
import { contentTypeTooLong } from '../publisher/publish.ts';
import { WebSocketPublisher } from '../publisher/websocket.ts';
import { WebSocketConnection } from '../websocket/connection.ts';
import { webSocketFormat } from '../websocket/formats.ts';
import { acceptHandshake } from '../websocket/handshake.ts';
import { heartbeatOf } from '../websocket/heartbeat.ts';
import { Pinger } from '../websocket/pinger.ts';
import { atExpiry } from './expiry.ts';
import { StreamingSubscriber, type Wire } from './streaming.ts';
import type { EndStatus } from './subscriber.ts';
import type { Watched } from './watched.ts';

/** Close code and reason for each end of a subscription. */
const CLOSE: Record<EndStatus, readonly [code: number, reason: string]> = {
  401: [1008, '401 Unauthorized'],
  408: [1000, '408 Request Timeout'],
  410: [1001, '410 Gone'],
};

/** Enough for a client's control frames; anything it publishes is refused whatever its size. */
const SUBSCRIBER_MESSAGE_BYTES = 1024 * 1024;

/**
 * Serves a WebSocket whose location is a subscriber, a publisher or both. Returns a refusal when the handshake is not
 * one; the connection is then still to be answered.
 * @param watched what is to be known of the subscriber, if it is one
 */
export function serveWebSocket(
  request: IncomingMessage,
  socket: Socket,
  early: Buffer,
  handoff: Handoff,
  context: ServerContext,
  watched: Watched,
): RefusalName | undefined {
  const accepted = acceptHandshake(request.headers, corsHeaders(handoff), handoff.settings);
  if ('refusal' in accepted) return accepted.refusal;
  const subscribes = handoff.action === 'subscribe';
  const store = context.stores.of(handoff.settings);
  if (!store.available) return 'redis_unavailable';
  const publishes = handoff.settings.publisher.includes('websocket') && !handoff.readOnly;
  if (publishes && contentTypeTooLong(request.headers)) return 'content_type_too_long';

  socket.write(accepted.head);
  const heartbeat = heartbeatOf(handoff.settings);
  let subscriber: StreamingSubscriber | undefined;
  let pinger: Pinger | undefined;
  let forgetExpiry: (() => void) | undefined;
  const connection = new WebSocketConnection(
    socket,
    early,
    {
      maxMessageBytes: publishes ? context.limits().websocketMessageBytes : SUBSCRIBER_MESSAGE_BYTES,
      deflate: accepted.deflate,
      publishes,
    },
    {
      message(data, binary) {
        if (heartbeat?.message.equals(data)) connection.answer(heartbeat.answer);
        else if (publisher) publisher.message(data, binary);
        else connection.close(1008, 'Publishing is not allowed here');
      },
      pong: () => pinger?.answered(),
      drained: () => subscriber?.drained(),
      closed: () => {
        pinger?.stop();
        forgetExpiry?.();
        subscriber?.closed();
      },
    },
  );
  // A subscriber gets its own messages back, so only a publisher that is nothing else is told about each one.
  const publisher = publishes
    ? new WebSocketPublisher(connection, socket, request.headers, handoff, context, !subscribes)
    : undefined;
  const { websocketPingInterval } = handoff.settings;
  if (websocketPingInterval > 0) pinger = new Pinger(connection, websocketPingInterval);
  if (subscribes) {
    const wire: Wire = {
      write: (bytes) => connection.write(bytes),
      finish: (status) => connection.close(...CLOSE[status]),
      destroy: () => connection.destroy(),
    };
    const format = webSocketFormat(accepted.meta, accepted.deflate?.serverWindow);
    subscriber = new StreamingSubscriber(wire, format, handoff, watched);
    subscriber.start(store, handoff);
  } else {
    forgetExpiry = atExpiry(handoff, () => connection.close(...CLOSE[401]));
  }
  return undefined;
}

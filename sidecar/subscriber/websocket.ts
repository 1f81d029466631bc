/** WebSocket connections: subscribers, publishers and both at once (spec/http-protocol.md §§3 and 5.7). */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RefusalName } from '../../handoff/refusals.ts';
import type { ServerContext } from '../context.ts';
import type { Handoff } from '../handoff.ts';
import { WebSocketPublisher } from '../publisher/websocket.ts';
import { corsHeaders } from '../reply.ts';
import { WebSocketConnection } from '../websocket/connection.ts';
import { acceptHandshake } from '../websocket/handshake.ts';
import { WEBSOCKET_FORMAT, WEBSOCKET_META_FORMAT } from './formats.ts';
import { StreamingSubscriber, type Wire } from './streaming.ts';
import type { EndStatus } from './subscriber.ts';

/** Close code and reason for each end of a subscription. */
const CLOSE: Record<EndStatus, readonly [code: number, reason: string]> = {
  408: [1000, '408 Request Timeout'],
  410: [1001, '410 Gone'],
};

/** Enough for a client's control frames; anything it publishes is refused whatever its size. */
const SUBSCRIBER_MESSAGE_BYTES = 1024 * 1024;

/**
 * Serves a WebSocket whose location is a subscriber, a publisher or both. Returns a refusal when the handshake is not
 * one; the connection is then still to be answered.
 */
export function serveWebSocket(
  request: IncomingMessage,
  socket: Socket,
  early: Buffer,
  handoff: Handoff,
  context: ServerContext,
): RefusalName | undefined {
  const accepted = acceptHandshake(request.headers, corsHeaders(handoff.origin));
  if ('refusal' in accepted) return accepted.refusal;
  const subscribes = handoff.action === 'subscribe';
  const publishes = handoff.settings.publisher.includes('websocket');

  socket.write(accepted.head);
  let subscriber: StreamingSubscriber | undefined;
  const connection = new WebSocketConnection(
    socket,
    early,
    publishes ? context.limits().websocketMessageBytes : SUBSCRIBER_MESSAGE_BYTES,
    {
      message(data, binary) {
        if (publisher) publisher.message(data, binary);
        else connection.close(1008, 'Publishing is not allowed here');
      },
      drained: () => subscriber?.drained(),
      closed: () => subscriber?.closed(),
    },
  );
  // A subscriber gets its own messages back, so only a publisher that is nothing else is told about each one.
  const publisher = publishes
    ? new WebSocketPublisher(connection, request.headers, handoff, context, !subscribes)
    : undefined;
  if (subscribes) {
    const wire: Wire = {
      write: (bytes) => connection.write(bytes),
      finish: (status) => connection.close(...CLOSE[status]),
      destroy: () => connection.destroy(),
    };
    subscriber = new StreamingSubscriber(
      wire,
      accepted.meta ? WEBSOCKET_META_FORMAT : WEBSOCKET_FORMAT,
      handoff,
    );
    subscriber.start(context.store, handoff);
  }
  return undefined;
}

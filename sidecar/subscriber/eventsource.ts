/** EventSource, or server-sent events (spec/http-protocol.md §5.4). */
import type { Socket } from 'node:net';
import type { Handoff } from '../handoff.ts';
import { corsHeaders, responseHead } from '../reply.ts';
import type { Store } from '../store/store.ts';
import { EVENTSOURCE_FORMAT } from './formats.ts';
import { rawWire } from './raw-wire.ts';
import { StreamingSubscriber } from './streaming.ts';

const GREETING = Buffer.from(': hi\n\n');

/** Serves a connection whose HTTP request is over: the answer ends when the connection does. */
export function serveEventSource(socket: Socket, handoff: Handoff, store: Store): void {
  const head = responseHead(200, [
    ['Content-Type', 'text/event-stream; charset=utf-8'],
    ['Connection', 'close'],
    ...corsHeaders(handoff.origin),
  ]);
  const wire = rawWire(socket, { 408: ':408: 408 Request Timeout\n\n', 410: ':410: 410 Gone\n\n' });
  const subscriber = new StreamingSubscriber(wire, EVENTSOURCE_FORMAT, handoff);
  wire.attach(subscriber);
  wire.write(Buffer.concat([head, GREETING]));
  subscriber.start(store, handoff);
}

/** What the HTTP streams have in common: a head, a beginning, messages one after the other, and an end. */
import type { Socket } from 'node:net';
import { corsHeaders } from '../../handoff/cors.ts';
import type { MessageFormat } from '../fanout/format.ts';
import type { Handoff } from '../handoff.ts';
import { type HeaderList, responseHead } from '../reply.ts';
import type { Store } from '../store/store.ts';
import { rawWire } from './raw-wire.ts';
import { StreamingSubscriber } from './streaming.ts';
import type { EndStatus } from './subscriber.ts';
import type { Watched } from './watched.ts';

/** One HTTP streaming transport. */
export interface StreamTransport {
  /** Headers of its own, in front of the common ones. */
  readonly headers: HeaderList;
  /** Sent with the head, before any message. */
  readonly preamble: string;
  /** What it sends before it closes, for each status. */
  readonly farewells: Readonly<Record<EndStatus, string>>;
  format(handoff: Handoff): MessageFormat;
  /** Bytes sent every `intervalSeconds`, where the location asks for it. */
  ping?(handoff: Handoff): { readonly bytes: Buffer; readonly intervalSeconds: number } | undefined;
}

/** Serves a connection whose request is over: the answer ends when the connection does. */
export function serveStream(
  socket: Socket,
  handoff: Handoff,
  store: Store,
  transport: StreamTransport,
  watched: Watched,
): void {
  const head = responseHead(200, [...transport.headers, ['Connection', 'close'], ...corsHeaders(handoff)]);
  const wire = rawWire(socket, transport.farewells);
  const subscriber = new StreamingSubscriber(wire, transport.format(handoff), handoff, watched);
  wire.attach(subscriber);
  wire.write(Buffer.concat([head, Buffer.from(transport.preamble)]));
  const ping = transport.ping?.(handoff);
  if (ping) subscriber.every(ping.intervalSeconds, () => void wire.write(ping.bytes));
  subscriber.start(store, handoff);
}

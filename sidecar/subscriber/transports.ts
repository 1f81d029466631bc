/** What serves each transport of a hand-off: those over a bare connection, and those that answer a request. */
import type { ServerResponse } from 'node:http';
import type { SubscriberTransport } from '../../handoff/settings.ts';
import type { Handoff } from '../handoff.ts';
import type { Store } from '../store/store.ts';
import { CHUNKED } from './chunked.ts';
import { EVENTSOURCE } from './eventsource.ts';
import { serveIntervalpoll } from './intervalpoll.ts';
import { serveLongpoll } from './longpoll.ts';
import { MULTIPART } from './multipart.ts';
import { RAW_STREAM } from './raw-stream.ts';
import type { StreamTransport } from './stream.ts';
import type { Watched } from './watched.ts';

/** HTTP streams; WebSocket, which also publishes, is served by websocket.ts. */
export const STREAMS: Partial<Record<SubscriberTransport, StreamTransport>> = {
  eventsource: EVENTSOURCE,
  'http-chunked': CHUNKED,
  'http-multipart': MULTIPART,
  'http-raw-stream': RAW_STREAM,
};

export const POLLS: Partial<
  Record<
    SubscriberTransport,
    (response: ServerResponse, handoff: Handoff, store: Store, watched: Watched) => Promise<void>
  >
> = {
  longpoll: serveLongpoll,
  intervalpoll: serveIntervalpoll,
};

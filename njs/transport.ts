/** Which transport and action a request asks for, given what its location allows (spec/http-protocol.md §§1 and 4). */
import type { Action } from '../handoff/headers.ts';
import type { RefusalName } from '../handoff/refusals.ts';
import type { LocationSettings, PublisherTransport, SubscriberTransport } from '../handoff/settings.ts';

export type Choice =
  | { action: 'refuse'; refusal: RefusalName }
  | { action: 'options' }
  | { action: Exclude<Action, 'refuse' | 'options'>; transport: SubscriberTransport | PublisherTransport };

/** Transports for which the sidecar takes over the bare connection. */
export const UPGRADED: readonly SubscriberTransport[] = ['websocket', 'eventsource'];

/** Subscriber transports of a GET that is no WebSocket handshake: the first that is allowed and asked for is taken. */
const BY_GET: readonly { transport: SubscriberTransport; asked(r: NginxHTTPRequest): boolean }[] = [
  {
    transport: 'eventsource',
    asked: (r) => (r.headersIn.Accept || '').indexOf('text/event-stream') >= 0,
  },
  { transport: 'longpoll', asked: () => true },
];

/** Transports with which a subscriber location answers OPTIONS. */
const OPTIONS_TRANSPORTS: readonly SubscriberTransport[] = [
  'websocket',
  'eventsource',
  'longpoll',
  'intervalpoll',
];

const NOT_ALLOWED: Choice = { action: 'refuse', refusal: 'transport_not_allowed' };

/** `Connection` may hold other tokens beside `upgrade`; `Upgrade` must be `websocket` alone. */
function isWebSocketHandshake(r: NginxHTTPRequest): boolean {
  const connection = (r.headersIn.Connection || '').toLowerCase();
  return connection.indexOf('upgrade') >= 0 && (r.headersIn.Upgrade || '').toLowerCase() === 'websocket';
}

/** Chooses what to do with a request. */
export function chooseTransport(r: NginxHTTPRequest, settings: LocationSettings): Choice {
  const publishes = (transport: PublisherTransport): boolean => settings.publisher.indexOf(transport) >= 0;
  const serves = (transport: SubscriberTransport): boolean => settings.subscriber.indexOf(transport) >= 0;

  if (isWebSocketHandshake(r)) {
    if (serves('websocket')) return { action: 'subscribe', transport: 'websocket' };
    return publishes('websocket') ? { action: 'publish', transport: 'websocket' } : NOT_ALLOWED;
  }
  switch (r.method) {
    case 'GET':
      for (let i = 0; i < BY_GET.length; i++) {
        const { transport, asked } = BY_GET[i] as (typeof BY_GET)[number];
        if (serves(transport) && asked(r)) return { action: 'subscribe', transport };
      }
      return publishes('http') ? { action: 'info', transport: 'http' } : NOT_ALLOWED;
    case 'POST':
    case 'PUT':
      return publishes('http') ? { action: 'publish', transport: 'http' } : NOT_ALLOWED;
    case 'DELETE':
      return publishes('http') ? { action: 'delete', transport: 'http' } : NOT_ALLOWED;
    case 'OPTIONS':
      return publishes('http') || OPTIONS_TRANSPORTS.some(serves) ? { action: 'options' } : NOT_ALLOWED;
    default:
      return { action: 'refuse', refusal: 'method_not_allowed' };
  }
}

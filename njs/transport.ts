/** Which transport and action a request asks for, given what its location allows (spec/http-protocol.md §§1 and 4). */
import type { Action } from '../handoff/headers.ts';
import type { RefusalName } from '../handoff/refusals.ts';
import type { LocationSettings, PublisherTransport, SubscriberTransport } from '../handoff/settings.ts';

export type Choice =
  | { action: 'refuse'; refusal: RefusalName }
  | { action: 'options' }
  | { action: Exclude<Action, 'refuse' | 'options'>; transport: SubscriberTransport | PublisherTransport };

/** Transports for which the sidecar takes over the bare connection: those that stream. */
export const UPGRADED: readonly SubscriberTransport[] = [
  'websocket',
  'eventsource',
  'http-chunked',
  'http-multipart',
  'http-raw-stream',
];

/**
 * Subscriber transports of a GET that is no WebSocket handshake: the first that is allowed and asked for is taken. So
 * the interval-poll hides the two below it, and the raw stream the long-poll.
 */
const BY_GET: readonly { transport: SubscriberTransport; asked(r: NginxHTTPRequest): boolean }[] = [
  { transport: 'eventsource', asked: (r) => accepts(r, 'text/event-stream') },
  { transport: 'http-chunked', asked: takesChunks },
  { transport: 'http-multipart', asked: (r) => accepts(r, 'multipart/mixed') },
  { transport: 'intervalpoll', asked: () => true },
  { transport: 'http-raw-stream', asked: () => true },
  { transport: 'longpoll', asked: () => true },
];

/** What may follow `chunked` in TE: nothing, a blank, or a weight of two characters or more. */
const AFTER_CHUNKED = /^(?: |$(?!\n)|;q=(?=..)(\d*\.?\d{0,2})$(?!\n))/;

/**
 * A header as nginx's own variables have it, which decide where requests pass by the gateway: of several lines the first
 * one counts, as with Nchan. `headersIn` joins them.
 */
function header(r: NginxHTTPRequest, name: 'accept' | 'te' | 'connection' | 'upgrade'): string {
  return r.variables[`http_${name}`] || '';
}

/** True for a request that has a type in Accept; a type of other case is none, and weights do not matter. */
function accepts(r: NginxHTTPRequest, type: string): boolean {
  return header(r, 'accept').indexOf(type) >= 0;
}

/**
 * True for a request whose TE asks for chunks, by Nchan's rule (spec/http-protocol.md §4). Only HTTP/1.1 has
 * Transfer-Encoding: in HTTP/2 and 3 it is malformed (RFC 9113 §8.2.2).
 */
function takesChunks(r: NginxHTTPRequest): boolean {
  if (r.httpVersion.charAt(0) > '1') return false;
  const te = header(r, 'te');
  const at = te.toLowerCase().indexOf('chunked');
  if (at < 0) return false;
  const after = AFTER_CHUNKED.exec(te.slice(at + 'chunked'.length));
  return after !== null && (after[1] === undefined || Number(after[1]) > 0);
}

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
  return (
    header(r, 'connection').toLowerCase().indexOf('upgrade') >= 0 &&
    header(r, 'upgrade').toLowerCase() === 'websocket'
  );
}

/** What a request line begins with. */
const METHOD = /^[A-Z]+/;

/**
 * The client's own method: nginx makes a GET of a request that an application sent here by X-Accel-Redirect. One that
 * `error_page` sent here is a GET, for Nchan too.
 */
export function methodOf(r: NginxHTTPRequest): string {
  if (r.method !== 'GET' || !r.variables.upstream_http_x_accel_redirect) return r.method;
  const method = METHOD.exec(r.variables.request || '');
  return method ? method[0] : r.method;
}

/** Chooses what to do with a request. */
export function chooseTransport(r: NginxHTTPRequest, settings: LocationSettings): Choice {
  const method = methodOf(r);
  const publishes = (transport: PublisherTransport): boolean => settings.publisher.indexOf(transport) >= 0;
  const serves = (transport: SubscriberTransport): boolean => settings.subscriber.indexOf(transport) >= 0;

  if (method === 'GET' && isWebSocketHandshake(r)) {
    // RFC 6455 §4.1
    if (serves('websocket')) return { action: 'subscribe', transport: 'websocket' };
    return publishes('websocket') ? { action: 'publish', transport: 'websocket' } : NOT_ALLOWED;
  }
  switch (method) {
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

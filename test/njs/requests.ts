/** What a request wants, by its method and headers, and values of the location that count for any. */
import { EVERY_TRANSPORT, type GatewayCase, refused, settings } from './cases.ts';

/** Measured with Nchan 1.3.6. */
const TE_OF_CHUNKED = [
  'chunked',
  'Chunked',
  'trailers, chunked',
  'xchunked',
  'chunked x',
  'chunked ;q=0',
  'chunked;q=0.5',
  'chunked;q=.5',
  'chunked;q=1.',
  'chunked;q=10',
  'chunked;q=01',
  'gzip;q=0.3, chunked',
];
const TE_OF_OTHERS = [
  'trailers',
  'chunkedfoo',
  'chunkedfoo, chunked',
  'chunked,gzip',
  'chunked\tx',
  'chunked; q=0.5',
  'chunked;Q=0.5',
  'chunked;q=1',
  'chunked;q=0',
  'chunked;q=0.0',
  'chunked;q=00',
  'chunked;q=0.001',
  'chunked;q=1.234',
  'chunked;q=0.5,gzip',
  'chunked;q=.',
  'chunked;q=..',
  'chunked;q=5.5.',
  'chunked;q=',
];

const HANDSHAKE = { Connection: 'keep-alive, Upgrade', Upgrade: 'WebSocket' };

export const REQUEST_CASES: readonly GatewayCase[] = [
  // Methods (spec/http-protocol.md §1)
  { name: 'GET subscribes', expected: { action: 'subscribe', transport: 'longpoll', channels: '/foo' } },
  { name: 'POST publishes', method: 'POST', expected: { action: 'publish', transport: 'http' } },
  { name: 'PUT publishes', method: 'PUT', expected: { action: 'publish', transport: 'http' } },
  { name: 'DELETE deletes', method: 'DELETE', expected: { action: 'delete', transport: 'http' } },
  { name: 'OPTIONS is answered', method: 'OPTIONS', expected: { action: 'options' } },
  { name: 'PATCH is refused', method: 'PATCH', expected: refused('method_not_allowed') },
  { name: 'HEAD is refused', method: 'HEAD', expected: refused('method_not_allowed') },
  {
    name: 'GET of a location that tells who subscribes, by hand, with tokens',
    variables: {
      njchan_settings: JSON.stringify({
        subscriber: ['http-raw-stream'],
        subscriberInfo: true,
        tokenMode: 'optional',
      }),
    },
    expected: refused('token_right_missing'),
  },
  {
    name: 'GET of a publisher asks for the figures',
    variables: settings(['http'], []),
    expected: { action: 'info', transport: 'http' },
  },
  {
    name: 'GET of a websocket-only publisher is refused',
    variables: settings(['websocket'], []),
    expected: refused('transport_not_allowed'),
  },
  {
    name: 'OPTIONS of a websocket-only publisher is refused',
    method: 'OPTIONS',
    variables: settings(['websocket'], []),
    expected: refused('transport_not_allowed'),
  },
  {
    name: 'POST to a subscriber is refused',
    method: 'POST',
    variables: settings([], ['longpoll']),
    expected: refused('transport_not_allowed'),
  },
  // Transports (spec/http-protocol.md §4)
  {
    name: 'a handshake gets a websocket subscriber',
    headers: HANDSHAKE,
    expected: { action: 'subscribe', transport: 'websocket', connection: 'upgrade', upgrade: 'websocket' },
  },
  {
    name: 'a handshake at a publisher gets a websocket publisher',
    headers: HANDSHAKE,
    variables: settings(['http', 'websocket'], []),
    expected: { action: 'publish', transport: 'websocket', connection: 'upgrade' },
  },
  {
    name: 'a handshake at an http-only publisher is refused',
    headers: HANDSHAKE,
    variables: settings(['http'], ['longpoll']),
    expected: refused('transport_not_allowed'),
  },
  {
    name: 'an Upgrade with more than websocket is no handshake',
    headers: { Connection: 'upgrade', Upgrade: 'websocket, foo' },
    expected: { transport: 'longpoll', connection: '' },
  },
  {
    name: 'EventSource by Accept',
    headers: { Accept: 'text/html, text/event-stream' },
    expected: { transport: 'eventsource', connection: 'upgrade', upgrade: 'eventsource' },
  },
  {
    name: 'Accept is case-sensitive',
    headers: { Accept: 'Text/Event-Stream' },
    expected: { transport: 'longpoll' },
  },
  {
    name: 'EventSource falls through where it is not enabled',
    headers: { Accept: 'text/event-stream' },
    variables: settings([], ['longpoll']),
    expected: { transport: 'longpoll' },
  },
  // The order of GET's transports, and what each asks for
  ...['text/event-stream', 'multipart/mixed', ''].flatMap((accept): GatewayCase[] =>
    ['chunked', ''].map((te) => ({
      name: `Accept "${accept}" and TE "${te}" where everything is served`,
      headers: { ...(accept ? { Accept: accept } : {}), ...(te ? { TE: te } : {}) },
      variables: settings([], EVERY_TRANSPORT),
      expected: {
        transport:
          accept === 'text/event-stream'
            ? 'eventsource'
            : te
              ? 'http-chunked'
              : accept
                ? 'http-multipart'
                : 'intervalpoll',
      },
    })),
  ),
  {
    name: 'the interval-poll hides the raw stream and the long-poll',
    variables: settings([], ['longpoll', 'http-raw-stream', 'intervalpoll']),
    expected: { transport: 'intervalpoll', connection: '' },
  },
  {
    name: 'the raw stream hides the long-poll',
    variables: settings([], ['longpoll', 'http-raw-stream']),
    expected: { transport: 'http-raw-stream', upgrade: 'http-raw-stream', transfer_encoding: '' },
  },
  {
    name: 'the chunked transport is announced by Transfer-Encoding',
    headers: { TE: 'chunked' },
    variables: settings([], ['longpoll', 'http-chunked']),
    expected: { transport: 'http-chunked', connection: 'upgrade', transfer_encoding: 'chunked' },
  },
  {
    name: 'multipart/mixed',
    headers: { Accept: 'x, multipart/mixed' },
    variables: settings([], ['longpoll', 'http-multipart']),
    expected: { transport: 'http-multipart', upgrade: 'http-multipart', transfer_encoding: '' },
  },
  {
    name: 'multipart falls through to the figures of a publisher',
    headers: { Accept: 'text/html' },
    variables: settings(['http'], ['http-multipart']),
    expected: { action: 'info', transport: 'http' },
  },
  {
    name: 'a stream that nobody asks for is refused where there is nothing else',
    variables: settings([], ['http-multipart', 'http-chunked', 'eventsource', 'websocket']),
    expected: refused('transport_not_allowed'),
  },
  {
    name: 'a refused request for chunks is not announced as chunked',
    headers: { TE: 'chunked' },
    variables: { ...settings([], ['http-chunked'], { maxChannelIdLength: 1 }) },
    expected: { ...refused('channel_id_refused'), transport: 'http-chunked', transfer_encoding: '' },
  },
  ...TE_OF_CHUNKED.map(
    (te): GatewayCase => ({
      name: `TE: "${te}" gets chunks`,
      headers: { TE: te },
      variables: settings([], ['longpoll', 'http-chunked']),
      expected: { transport: 'http-chunked' },
    }),
  ),
  ...TE_OF_OTHERS.map(
    (te): GatewayCase => ({
      name: `TE: "${te}" gets none`,
      headers: { TE: te },
      variables: settings([], ['longpoll', 'http-chunked']),
      expected: { transport: 'longpoll', transfer_encoding: '' },
    }),
  ),
  ...['2.0', '3.0'].map(
    (httpVersion): GatewayCase => ({
      name: `HTTP/${httpVersion} has no chunks`,
      httpVersion,
      headers: { TE: 'chunked' },
      variables: settings([], ['longpoll', 'http-chunked']),
      expected: { transport: 'longpoll', transfer_encoding: '' },
    }),
  ),
  {
    name: 'HTTP/1.0 has chunks, as with Nchan',
    httpVersion: '1.0',
    headers: { TE: 'chunked' },
    variables: settings([], ['longpoll', 'http-chunked']),
    expected: { transport: 'http-chunked' },
  },
  ...['http-raw-stream', 'http-chunked', 'http-multipart'].map(
    (transport): GatewayCase => ({
      name: `OPTIONS of a subscriber by ${transport} alone is refused`,
      method: 'OPTIONS',
      variables: settings([], [transport]),
      expected: refused('transport_not_allowed'),
    }),
  ),
  ...['websocket', 'eventsource', 'longpoll', 'intervalpoll'].map(
    (transport): GatewayCase => ({
      name: `OPTIONS of a subscriber by ${transport} is answered`,
      method: 'OPTIONS',
      variables: settings([], ['http-raw-stream', transport]),
      expected: { action: 'options' },
    }),
  ),
  // Values given by variables (spec/directives.md §4)
  {
    name: 'a timeout and a length of the request',
    method: 'POST',
    variables: {
      njchan_1_message_timeout_expression: '1m30s',
      njchan_1_message_buffer_length_expression: '7',
    },
    expected: { message_timeout: '90', message_buffer_length: '7' },
  },
  {
    name: 'an empty timeout',
    variables: { njchan_1_message_timeout_expression: '' },
    expected: refused('message_timeout_missing'),
  },
  {
    name: 'a timeout that is none, refused before the method is looked at',
    method: 'PATCH',
    variables: { njchan_1_message_timeout_expression: '5x' },
    expected: refused('message_timeout_invalid'),
  },
  {
    name: 'an empty length',
    variables: { njchan_1_message_buffer_length_expression: '' },
    expected: refused('message_buffer_length_missing'),
  },
  {
    name: 'a length that is none',
    variables: { njchan_1_message_buffer_length_expression: '-1' },
    expected: refused('message_buffer_length_invalid'),
  },
  {
    name: 'neither matters where nobody publishes',
    variables: { ...settings([], ['longpoll']), njchan_1_message_timeout_expression: '5x' },
    expected: { action: 'subscribe', message_timeout: '' },
  },
  // By hand, without compiled settings
  {
    name: 'by hand: role and id are enough',
    role: 'publisher',
    without: ['njchan_location', 'njchan_settings'],
    variables: { njchan_channel_id: 'mine' },
    expected: {
      action: 'info',
      channels: '/mine',
      settings: '{"publisher":["http","websocket"],"subscriber":[]}',
    },
  },
  {
    name: 'by hand: a subscriber does not publish',
    role: 'subscriber',
    method: 'POST',
    without: ['njchan_location', 'njchan_settings'],
    variables: { njchan_channel_id: 'mine' },
    expected: refused('transport_not_allowed'),
  },
  {
    name: 'by hand: what another location sets is empty here, and counts as not given',
    role: 'publisher',
    method: 'POST',
    without: ['njchan_location', 'njchan_settings'],
    variables: {
      njchan_channel_id: 'mine',
      njchan_channel_id_2: '',
      njchan_publisher_channel_id: '',
      njchan_message_timeout_expression: '',
    },
    expected: { action: 'publish', channels: '/mine' },
  },
  {
    name: 'by hand: several channels',
    without: ['njchan_location', 'njchan_settings'],
    variables: { njchan_channel_id: 'a', njchan_channel_id_2: 'b' },
    expected: { channels: '/a,/b' },
  },
  // Figures about a Redis upstream
  ...['GET', 'POST', 'HEAD', 'PROPFIND'].map(
    (method): GatewayCase => ({
      name: `${method} for the figures of an upstream`,
      role: 'redisStats',
      method,
      variables: { njchan_1_redis_upstream_expression: 'main' },
      expected: {
        action: 'redis_stats',
        redis_upstream: 'main',
        channels: '',
        transport: '',
        connection: '',
      },
    }),
  ),
  {
    name: 'an upstream of any name',
    role: 'redisStats',
    bytes: { njchan_1_redis_upstream_expression: '0d0ac3a92022ff' },
    expected: { action: 'redis_stats', redis_upstream: '%0D%0A%C3%A9%20%22%FF' },
  },
  {
    name: 'an upstream without a name',
    role: 'redisStats',
    variables: { njchan_1_redis_upstream_expression: '' },
    expected: { action: 'redis_stats', redis_upstream: '' },
  },
  {
    name: 'publishing does not name an upstream',
    method: 'POST',
    variables: { njchan_1_redis_upstream_expression: 'main' },
    expected: { action: 'publish', redis_upstream: '' },
  },

  // X-Accel-Redirect (spec/hooks.md §4)
  ...(['POST', 'PUT', 'DELETE', 'GET', 'OPTIONS', 'PATCH'] as const).map(
    (method): GatewayCase => ({
      name: `what was ${method} before X-Accel-Redirect is ${method}`,
      variables: { request: `${method} /x HTTP/1.1`, upstream_http_x_accel_redirect: '/in' },
      expected: {
        action: {
          POST: 'publish',
          PUT: 'publish',
          DELETE: 'delete',
          GET: 'subscribe',
          OPTIONS: 'options',
          PATCH: 'refuse',
        }[method],
      },
    }),
  ),
  {
    name: 'a handshake is one after X-Accel-Redirect, too',
    headers: HANDSHAKE,
    variables: { request: 'GET /x HTTP/1.1', upstream_http_x_accel_redirect: '/in' },
    expected: { action: 'subscribe', transport: 'websocket' },
  },
  {
    name: 'a POST with the headers of a handshake is none after X-Accel-Redirect, either',
    headers: HANDSHAKE,
    variables: { request: 'POST /x HTTP/1.1', upstream_http_x_accel_redirect: '/in' },
    expected: { action: 'publish', transport: 'http' },
  },
  {
    name: 'what error_page sends is a GET',
    variables: { request: 'POST /x HTTP/1.1', upstream_http_x_accel_redirect: '' },
    expected: { action: 'subscribe' },
  },
];

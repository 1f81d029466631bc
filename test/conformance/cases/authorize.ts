/** `nchan_authorize_request`: what the application is asked, and what becomes of its answer (spec/hooks.md §1). */
import type { Area, Case } from '../case.ts';
import {
  application,
  call,
  close,
  del,
  feed,
  frame,
  get,
  HANDSHAKE,
  head,
  options,
  post,
  publish,
  response,
  sendText,
  subscribe,
  subscribers,
  through,
  websocket,
} from '../steps.ts';
import { CHUNKED, EVENTSOURCE, MULTIPART } from './common.ts';

const ORIGIN = 'Origin: http://o.com';

/** What the application is told of Nchan's variables. */
const TOLD = [
  ...['channel_id', 'channel_id1', 'channel_id2', 'subscriber_type', 'publisher_type', 'message_id'],
  'prev_message_id',
]
  .map((name) => `proxy_set_header X-${name.replaceAll('_', '-')} $nchan_${name};`)
  .join(' ');
const PROXY = `proxy_pass http://application; proxy_read_timeout 1s; ${TOLD} proxy_set_header X-URI $request_uri;`;
const NO_BODY = 'proxy_pass_request_body off; proxy_set_header Content-Length "";';

const STATUSES = [200, 201, 204, 298, 299, 301, 302, 400, 401, 403, 404, 410, 500, 502, 503, 504];

const publisherStatuses: readonly Case[] = STATUSES.map((status) => ({
  name: `a publisher, ${status}`,
  steps: [
    post(`/auth-pub/{c}?status=${status}&body=no&header=X-Mine:1`, 'message'),
    application(1),
    get('/info/{c}'),
  ],
}));

const subscriberStatuses: readonly Case[] = STATUSES.flatMap((status) => [
  {
    name: `a long-poll, ${status}`,
    steps: [
      feed('message'),
      get(`/auth-sub/{c}?status=${status}&body=no&header=X-Mine:1&header=Location:/there`),
      application(1),
    ],
  },
  {
    name: `an EventSource, ${status} without a body`,
    steps: [
      feed('message'),
      subscribe('s', `/auth-sub/{c}?status=${status}`, EVENTSOURCE),
      head('s'),
      application(1),
    ],
    ...(status >= 299 && status < 400 ? { differs: 'authorize-stream' } : {}),
  },
]);

/** Every transport, let in and refused. */
const TRANSPORTS: Readonly<Record<string, readonly [location: string, headers: readonly string[]]>> = {
  'a WebSocket': ['auth-sub', [...HANDSHAKE]],
  'an EventSource': ['auth-sub', EVENTSOURCE],
  'a chunked stream': ['auth-sub', CHUNKED],
  'a multipart stream': ['auth-sub', MULTIPART],
  'a raw stream': ['auth-raw', []],
  'a long-poll': ['auth-sub', []],
  'an interval-poll': ['auth-poll', []],
  'a WebSocket of both': ['auth-pubsub', [...HANDSHAKE]],
};
const transports: readonly Case[] = Object.entries(TRANSPORTS).flatMap(([name, [location, headers]]) => [
  {
    name: `${name} that is let in`,
    steps: [
      feed('message'),
      subscribe('s', `/${location}/{c}?a=b`, headers),
      through('s', 'HTTP/1.1'),
      application(1),
    ],
  },
  {
    name: `${name} that is refused`,
    steps: [
      feed('message'),
      get(`/${location}/{c}?status=403&body=no&header=Content-Type:text/x-no&header=Set-Cookie:a=b`, headers),
      application(1),
    ],
  },
  {
    name: `${name} that is refused, from another origin`,
    steps: [get(`/${location}/{c}?status=401&body=no`, [ORIGIN, ...headers]), application(1)],
  },
]);

const refused = '?status=403';

const publisherRequests: readonly Case[] = [
  { name: 'PUT', steps: [call('PUT', '/auth-pub/{c}'), application(1)] },
  { name: 'PUT refused', steps: [call('PUT', `/auth-pub/{c}${refused}`), application(1)] },
  { name: 'GET of figures', steps: [feed('a'), get('/auth-pub/{c}'), application(1)] },
  { name: 'GET of figures refused', steps: [feed('a'), get(`/auth-pub/{c}${refused}`), application(1)] },
  { name: 'DELETE', steps: [feed('a'), del('/auth-pub/{c}'), application(1), get('/info/{c}')] },
  {
    name: 'DELETE refused',
    steps: [feed('a'), del(`/auth-pub/{c}${refused}`), application(1), get('/sub/{c}')],
  },
  {
    name: 'OPTIONS asks nobody',
    steps: [options(`/auth-pub/{c}${refused}`, [ORIGIN]), post('/auth-pub/{c}', ''), application(1)],
  },
  {
    name: 'a refused publisher from another origin',
    steps: [post(`/auth-pub/{c}${refused}`, 'x', { headers: [ORIGIN] }), application(1)],
  },
  {
    name: 'a refused publisher on a connection that stays open',
    steps: [
      subscribe('p', `/auth-pub/{c}${refused}`),
      response('p'),
      subscribe('p', '/auth-pub/{c}'),
      response('p'),
      application(2),
    ],
  },
  {
    name: 'a publisher of both, with a body that the target does not leave out',
    steps: [
      post('/auth-plain/{c}', 'message', { headers: ['Content-Type: text/x'] }),
      application(1),
      get('/sub/{c}'),
    ],
  },
  {
    name: 'a large body is kept for the message',
    steps: [post('/auth-plain/{c}', 'x'.repeat(50_000)), application(1), get('/sub/{c}')],
  },
  {
    name: 'a body in chunks',
    steps: [
      post('/auth-plain/{c}', '3\r\nabc\r\n0\r\n\r\n', { headers: ['Transfer-Encoding: chunked'] }),
      application(1),
      get('/sub/{c}'),
    ],
  },
  {
    name: 'a WebSocket of both publishes without further questions',
    steps: [
      ...websocket('w', '/auth-pubsub/{c}'),
      sendText('w', 'a'),
      frame('w'),
      sendText('w', 'b'),
      frame('w'),
      application(1),
    ],
  },
  {
    name: 'a WebSocket publisher',
    differs: 'websocket-authorization',
    steps: [...websocket('w', `/auth-pub/{c}${refused}`)],
  },
  {
    name: 'an application that drops the connection to a publisher’s question',
    steps: [post('/auth-pub/{c}?drop=', 'x'), application(1)],
  },
  {
    name: 'an application that does not answer a publisher’s question',
    steps: [post('/auth-pub/{c}?never=', 'x'), application(1)],
  },
  { name: 'a refusing page of one’s own', steps: [post(`/auth-page/{c}${refused}`, 'x'), application(1)] },
];

const subscriberRequests: readonly Case[] = [
  {
    name: 'the id of the last message',
    steps: [
      publish('a', 'first'),
      publish('b'),
      get('/auth-sub/{c}', ['If-Modified-Since: {first.date}', 'If-None-Match: {first.tag}']),
      application(1),
    ],
  },
  {
    name: 'an id in the query',
    steps: [
      publish('a', 'first'),
      publish('b'),
      get('/auth-sub/{c}?last_event_id={first.encoded}'),
      application(1),
    ],
  },
  {
    name: 'headers of the client',
    steps: [
      feed('a'),
      get('/auth-sub/{c}', ['Cookie: a=b; c=d', 'Authorization: Bearer x', 'X-Twice: 1', 'X-Twice: 2']),
      application(1),
    ],
  },
  {
    name: 'several headers of the refusal',
    steps: [
      get(
        '/auth-sub/{c}?status=403&body=no&header=Set-Cookie:a=b&header=Set-Cookie:c=d&header=X-One:1&header=X-One:2' +
          '&header=Cache-Control:no-store&header=WWW-Authenticate:Basic',
      ),
      application(1),
    ],
  },
  {
    name: 'a refusal in a chunk',
    steps: [get('/auth-sub/{c}?status=403&chunked=chunky&header=Content-Type:text/x'), application(1)],
  },
  {
    name: 'a refusal with Vary',
    steps: [get('/auth-sub/{c}?status=403&header=Vary:Cookie'), application(1)],
  },
  {
    name: 'a refusal with headers in lower case',
    steps: [
      get('/auth-sub/{c}?status=403&header=set-cookie:a=b&header=set-cookie:c=d&header=x-own:1', [ORIGIN]),
      application(1),
    ],
  },
  {
    name: 'a refusal with an Etag',
    steps: [get('/auth-sub/{c}?status=403&header=Etag:x&header=Expires:0'), application(1)],
  },
  {
    name: 'a refusal on a connection that stays open',
    steps: [
      feed('a'),
      subscribe('s', '/auth-sub/{c}?status=403&body=no'),
      response('s'),
      subscribe('s', '/auth-sub/{c}'),
      response('s'),
      application(2),
    ],
  },
  {
    name: 'headers of an answer that lets in are dropped',
    steps: [
      feed('a'),
      get('/auth-sub/{c}?body=yes&header=Set-Cookie:a=b&header=X-One:1&header=Content-Type:text/x'),
      application(1),
    ],
  },
  {
    name: 'every long-poll asks',
    steps: [
      publish('a', 'first'),
      publish('b'),
      get('/auth-sub/{c}'),
      get('/auth-sub/{c}', ['If-Modified-Since: {first.date}', 'If-None-Match: {first.tag}']),
      application(2),
    ],
  },
  {
    name: 'a subscriber that is let in late',
    steps: [
      subscribe('s', '/auth-sub/{c}?delay=300'),
      application(1),
      subscribers(1),
      publish('a'),
      response('s'),
    ],
  },
  {
    name: 'a client that leaves while the application thinks',
    steps: [subscribe('s', '/auth-sub/{c}?delay=300'), application(1), close('s'), get('/info/{c}')],
  },
  {
    name: 'an application that drops the connection to a subscriber’s question',
    steps: [get('/auth-sub/{c}?drop='), application(1)],
  },
  {
    name: 'an application that does not answer a subscriber’s question',
    steps: [get('/auth-sub/{c}?never=', EVENTSOURCE), application(1)],
  },
  {
    name: 'a WebSocket, 302',
    steps: [...websocket('w', '/auth-sub/{c}?status=302&header=Location:/x'), application(1)],
  },
  {
    name: 'an EventSource, 302 with a body',
    steps: [subscribe('s', '/auth-sub/{c}?status=302&body=no', EVENTSOURCE), head('s'), application(1)],
    differs: 'authorize-stream',
  },
  { name: 'an interval-poll, 404', differs: 'authorize-poll-404', steps: [get('/auth-poll/{c}?status=404')] },
];

const order: readonly Case[] = [
  {
    name: 'an unreadable message id comes first',
    steps: [get(`/auth-sub/{c}${refused}`, ['If-None-Match: x:y'])],
  },
  { name: 'a transport that is not there comes first', steps: [post(`/auth-sub/{c}${refused}`, 'x')] },
  { name: 'a missing channel id comes first', steps: [get(`/auth-none/{c}${refused}`)] },
  { name: 'a channel id that is too long comes first', steps: [get(`/auth-short/{c}${refused}`)] },
];

const targets: readonly Case[] = [
  { name: 'several channels are one question', steps: [post('/auth-list/{c},b,c', 'x'), application(1)] },
  { name: 'several channels of a subscriber', steps: [feed('a'), get('/auth-list/{c},b'), application(1)] },
  {
    name: 'a URI with variables',
    steps: [post('/auth-variables/{c}?code=status=403', 'x'), application(1)],
  },
  { name: 'a URI with a capture', steps: [post('/auth-capture/{c}', 'x'), application(1)] },
  {
    name: 'a URI with bytes to be escaped',
    steps: [post('/auth-capture/{c}/%20%C3%A9%25%23', 'x'), application(1)],
  },
  { name: 'an internal location', steps: [post('/auth-internal-pub/{c}', 'x'), application(1)] },
  {
    name: 'a question mark in a capture',
    steps: [post('/auth-capture/{c}%3fstatus=403', 'x'), application(1)],
  },
  { name: 'an inherited question', steps: [post('/auth-nested/{c}/status=403', 'x'), application(1)] },
  { name: 'no query', steps: [post('/auth-pub/{c}', 'x'), application(1)] },
  { name: 'an empty query', steps: [post('/auth-pub/{c}?', 'x'), application(1)] },
];

export const authorize: Area = {
  title: 'authorization',
  plainLocations: {
    'location /auth/': `${PROXY} ${NO_BODY}`,
    'location /auth-with-body/': PROXY,
    'location /auth-target/': `internal; ${PROXY} ${NO_BODY}`,
    'location = /refused': 'return 403 "a page of my own";',
  },
  locations: {
    'auth-pub': 'nchan_publisher; nchan_channel_id $1; nchan_authorize_request /auth/ask;',
    'auth-sub': 'nchan_subscriber; nchan_channel_id $1; nchan_authorize_request /auth/ask;',
    'auth-raw': 'nchan_subscriber http-raw-stream; nchan_channel_id $1; nchan_authorize_request /auth/ask;',
    'auth-poll': 'nchan_subscriber poll; nchan_channel_id $1; nchan_authorize_request /auth/ask;',
    'auth-pubsub': 'nchan_pubsub; nchan_channel_id $1; nchan_authorize_request /auth/ask;',
    'auth-plain': 'nchan_publisher; nchan_channel_id $1; nchan_authorize_request /auth-with-body/ask;',
    'auth-page':
      'nchan_publisher; nchan_channel_id $1; nchan_authorize_request /auth/ask; error_page 403 /refused;',
    'auth-none': 'nchan_subscriber; nchan_authorize_request /auth/ask;',
    'auth-short':
      'nchan_subscriber; nchan_channel_id $1; nchan_max_channel_id_length 3; nchan_authorize_request /auth/ask;',
    'auth-list':
      'nchan_pubsub; nchan_channel_id $1; nchan_channel_id_split_delimiter ,; nchan_authorize_request /auth/ask;',
    'auth-variables':
      'nchan_publisher; nchan_channel_id $1; nchan_authorize_request /auth/$arg_code/$nchan_channel_id;',
    'auth-capture': 'nchan_publisher; nchan_channel_id $1; nchan_authorize_request /auth/$1;',
    'auth-internal-pub': 'nchan_publisher; nchan_channel_id $1; nchan_authorize_request /auth-target/ask;',
    'auth-nested':
      'nchan_authorize_request /auth/$1; location ~ ^/auth-nested/(.*)$ { nchan_publisher; nchan_channel_id $1; }',
  },
  cases: [
    ...publisherStatuses,
    ...subscriberStatuses,
    ...transports,
    ...publisherRequests,
    ...subscriberRequests,
    ...order,
    ...targets,
  ],
};

/** What is refused before anything is done, and in which order (spec §§1, 9). */
import type { Area, Case } from '../case.ts';
import { call, del, end, get, HANDSHAKE, options, post, publish, send } from '../steps.ts';
import { CHUNKED, EVENTSOURCE, MULTIPART } from './common.ts';

const BAD_ID = 'If-None-Match: abc:0';

/** Requests as which each refusal is tried. */
const KINDS: readonly (readonly [string, string, readonly string[]])[] = [
  ['a GET', 'GET', []],
  ['a POST', 'POST', ['Content-Length: 0']],
  ['a DELETE', 'DELETE', []],
  ['a WebSocket', 'GET', HANDSHAKE],
  ['an EventSource', 'GET', EVENTSOURCE],
  ['a chunked stream', 'GET', CHUNKED],
  ['a multipart stream', 'GET', MULTIPART],
];

const everyKind = (what: string, target: string, further: readonly string[] = []): readonly Case[] =>
  KINDS.map(([kind, method, headers]) => ({
    name: `${what}: ${kind}`,
    steps: [call(method, target, { headers: [...headers, ...further] })],
  }));

const METHODS = ['HEAD', 'PATCH', 'PROPFIND', 'MKCOL', 'COPY', 'FOO'];

const methods: readonly Case[] = [
  ...['pub', 'sub', 'pubsub'].flatMap((location) =>
    METHODS.map((method) => ({
      name: `${method} at /${location}/`,
      differs: 'methods',
      steps: [call(method, `/${location}/{c}`)],
    })),
  ),
  { name: 'TRACE is answered by nginx', steps: [call('TRACE', '/pub/{c}')] },
  {
    name: 'after a method that is not known the connection goes on',
    differs: 'methods',
    steps: [
      send('a', 'FOO /pub/{c} HTTP/1.1\r\nHost: x\r\n\r\n'),
      send('a', 'GET /pub/{c} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      end('a'),
    ],
  },
];

/** What is allowed where: method by location. */
const ALLOWED_AT = [
  'pub',
  'sub',
  'pubsub',
  'info',
  'ws-publisher',
  'ws',
  'lp',
  'pubsub-http',
  'pubsub-ws',
  'pubsub-longpoll',
  'pubsub-es-http',
  'pubsub-many',
  'pubsub-off',
];
const allowed: readonly Case[] = ALLOWED_AT.flatMap((location) => [
  { name: `POST at /${location}/`, steps: [post(`/${location}/{c}`, 'x'), get('/info/{c}')] },
  {
    name: `DELETE at /${location}/`,
    steps: [publish('x'), del(`/${location}/{c}`), get('/poll/{c}')],
  },
  { name: `a buffered message read at /${location}/`, steps: [publish('x'), get(`/${location}/{c}`)] },
  { name: `a WebSocket at /${location}/`, steps: [get(`/${location}/{c}`, HANDSHAKE)] },
]);

const ORDER: readonly Case[] = [
  {
    name: 'the origin is checked before the message id',
    steps: [get('/one-origin/{c}', ['Origin: http://other.com', BAD_ID])],
  },
  {
    name: 'the origin is checked before OPTIONS',
    steps: [options('/one-origin/{c}', ['Origin: http://other.com'])],
  },
  {
    name: 'the message id is checked before the channel id',
    steps: [get('/no-id/x', [BAD_ID]), post('/no-id/x', '', { headers: [BAD_ID] })],
  },
  {
    name: 'the message id is checked before the method',
    steps: [post('/sub/{c}', '', { headers: [BAD_ID] })],
  },
  {
    name: 'the message id is checked before the dynamic limits',
    steps: [get('/dynamic/{c}?timeout=x&length=1', [BAD_ID])],
  },
  {
    name: 'the dynamic limits are checked before the channel id',
    steps: [get('/dynamic-no-id/x?timeout=x&length=1')],
  },
  { name: 'the method is checked before the channel id', steps: [get('/ws-publisher-no-id/x')] },
  { name: 'the length of the id is checked at publishing', steps: [post('/brief/123456789', 'x')] },
  { name: 'an id as long as is allowed', steps: [post('/brief/12345678', 'x'), get('/brief/12345678')] },
];

/** Dynamic nchan_message_timeout and nchan_message_buffer_length. */
const LIMITS = [
  'timeout=1&length=1',
  'timeout=1h&length=10',
  'timeout=1m30s&length=0',
  'timeout=&length=1',
  'timeout=abc&length=1',
  'timeout=-1&length=1',
  'timeout=0&length=1',
  'timeout=1&length=',
  'timeout=1&length=abc',
  'timeout=1&length=-1',
  'timeout=x&length=x',
  '',
];
const limits: readonly Case[] = LIMITS.flatMap((query) => [
  {
    name: `publishing with the dynamic limits ${query}`,
    steps: [post(`/dynamic/{c}?${query}`, 'x'), get('/info/{c}')],
  },
  { name: `information with the dynamic limits ${query}`, steps: [get(`/dynamic/{c}?${query}`)] },
]);

const GROUPS: readonly Case[] = [
  ...['m', 'a/b', 'meta', '', 'x'].flatMap((group) => [
    { name: `publishing to group "${group}"`, steps: [post(`/grouped/{c}?group=${group}`, 'x')] },
    { name: `subscribing in group "${group}"`, steps: [get(`/grouped-poll/{c}?group=${group}`)] },
  ]),
  {
    name: 'equal ids in different groups are different channels',
    steps: [
      post('/grouped/{c}?group=a', 'x'),
      get('/grouped-poll/{c}?group=b'),
      get('/grouped-poll/{c}?group=a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'an empty id is a channel',
    steps: [post('/grouped/?group={c}', 'x'), get('/grouped-poll/?group={c}')],
  },
];

export const refusals: Area = {
  title: 'refusals',
  locations: {
    'no-id': 'nchan_pubsub;',
    'no-id-poll': 'nchan_subscriber poll;',
    'no-id-raw': 'nchan_subscriber http-raw-stream;',
    brief:
      'nchan_pubsub http; nchan_publisher websocket; nchan_subscriber; nchan_max_channel_id_length 8; nchan_channel_id $1;',
    'ws-publisher': 'nchan_publisher websocket; nchan_channel_id $1;',
    'ws-publisher-no-id': 'nchan_publisher websocket;',
    'pubsub-http': 'nchan_pubsub http; nchan_channel_id $1;',
    'pubsub-ws': 'nchan_pubsub websocket; nchan_channel_id $1;',
    'pubsub-longpoll': 'nchan_pubsub longpoll; nchan_channel_id $1;',
    'pubsub-es-http': 'nchan_pubsub eventsource http; nchan_channel_id $1;',
    'pubsub-many': 'nchan_pubsub http longpoll eventsource; nchan_channel_id $1;',
    'pubsub-off': 'nchan_pubsub off; nchan_channel_id $1;',
    dynamic:
      'nchan_publisher http; nchan_message_timeout $arg_timeout; nchan_message_buffer_length $arg_length; nchan_channel_id $1;',
    'dynamic-no-id':
      'nchan_publisher http; nchan_message_timeout $arg_timeout; nchan_message_buffer_length $arg_length;',
    grouped: 'nchan_publisher http; nchan_channel_group $arg_group; nchan_channel_id $1;',
    'grouped-poll': 'nchan_subscriber poll; nchan_channel_group $arg_group; nchan_channel_id $1;',
  },
  cases: [
    ...everyKind('a message id that cannot be read', '/pubsub/{c}', [BAD_ID]),
    ...everyKind('no channel id', '/no-id/x'),
    { name: 'no channel id: an interval-poll', steps: [get('/no-id-poll/x')] },
    { name: 'no channel id: a raw stream', steps: [get('/no-id-raw/x')] },
    ...everyKind('an id that is too long', '/brief/123456789'),
    ...methods,
    ...allowed,
    ...ORDER,
    ...limits,
    ...GROUPS,
  ],
};

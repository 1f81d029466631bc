/** Origins and OPTIONS (spec §§2.4, 7). */
import type { Area, Case } from '../case.ts';
import { call, end, get, HANDSHAKE, head, options, post, publish, subscribe } from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

const ORIGIN = 'Origin: http://o.com';

/** Locations of every kind, asked with OPTIONS. */
const OPTIONS_AT = [
  'pub',
  'info',
  'sub',
  'pubsub',
  'ws-publisher',
  'lp',
  'poll',
  'es',
  'ws',
  'raw',
  'chunked',
  'multipart',
  'pubsub-http',
  'pubsub-ws',
  'pubsub-off',
  'no-id',
];
const preflights: readonly Case[] = OPTIONS_AT.flatMap((location) => [
  { name: `OPTIONS at /${location}/`, steps: [options(`/${location}/{c}`)] },
  { name: `OPTIONS with an origin at /${location}/`, steps: [options(`/${location}/{c}`, [ORIGIN])] },
]);

/** Which origins are tried at which location. */
const ORIGINS: Readonly<Record<string, readonly string[]>> = {
  pubsub: ['http://o.com', 'null'],
  'any-origin': ['http://o.com', ''],
  'one-origin': ['http://a.com', 'http://b.com', 'HTTP://A.COM', 'http://a.com/', ''],
  'two-origins': ['http://a.com', 'http://b.com', 'http://a.com http://b.com', 'http://c.com'],
  'star-among-origins': ['http://a.com', 'http://c.com'],
  'variable-origin': ['http://a.com', 'http://c.com'],
  'no-credentials': ['http://o.com'],
};
const origins: readonly Case[] = Object.entries(ORIGINS).flatMap(([location, values]) =>
  values.map((origin) => ({
    name: `Origin: ${origin} at /${location}/`,
    ...(origin === '' && location !== 'variable-origin' ? { differs: 'empty-origin' } : {}),
    steps: [
      post(`/${location}/{c}?origins=http://a.com`, 'x', { headers: [`Origin: ${origin}`] }),
      get(`/${location}/{c}?origins=http://a.com`, [`Origin: ${origin}`]),
    ],
  })),
);

const EVERYWHERE: readonly Case[] = [
  {
    name: 'an empty origin',
    differs: 'empty-origin',
    steps: [post('/pubsub/{c}', 'x', { headers: ['Origin:'] })],
  },
  { name: 'no origin is never refused', steps: [post('/one-origin/{c}', 'x'), options('/one-origin/{c}')] },
  {
    name: 'an empty list of origins refuses',
    steps: [post('/variable-origin/{c}', 'x', { headers: [ORIGIN] })],
  },
  {
    name: 'an origin that is allowed in an if only',
    steps: [
      post('/origin-in-if/{c}?partner=1', 'x', { headers: [ORIGIN] }),
      post('/origin-in-if/{c}', 'x', { headers: [ORIGIN] }),
    ],
  },
  {
    name: 'origins between blanks',
    steps: [post('/origin-with-blanks/{c}', 'x', { headers: [ORIGIN] })],
  },
  {
    name: 'a refused origin with a message id that is none',
    steps: [get('/one-origin/{c}', [ORIGIN, 'If-None-Match: x:0'])],
  },
  {
    name: 'a refused origin, channel information',
    steps: [publish('x'), get('/one-origin-info/{c}', [ORIGIN])],
  },
  {
    name: 'a refused origin, a deletion is not done',
    steps: [
      publish('x'),
      call('DELETE', '/one-origin-info/{c}', { headers: [ORIGIN] }),
      get('/one-origin-info/{c}'),
    ],
  },
  {
    name: 'a refused origin, a message is not published',
    steps: [post('/one-origin-info/{c}', 'x', { headers: [ORIGIN] }), get('/one-origin-info/{c}')],
  },
  { name: 'OPTIONS where the origin is not allowed', steps: [options('/one-origin/{c}', [ORIGIN])] },
  { name: 'OPTIONS where every origin is allowed', steps: [options('/any-origin/{c}', [ORIGIN])] },
  { name: 'OPTIONS without credentials', steps: [options('/no-credentials/{c}', [ORIGIN])] },
  {
    name: 'a preflight’s questions change nothing',
    steps: [
      options('/pubsub/{c}', [
        ORIGIN,
        'Access-Control-Request-Method: PUT',
        'Access-Control-Request-Headers: X-Foo',
      ]),
    ],
  },
  { name: 'channel information', steps: [publish('x'), get('/pub/{c}', [ORIGIN])] },
  { name: 'a channel that does not exist', steps: [get('/pub/{c}', [ORIGIN])] },
  { name: 'a deletion', steps: [publish('x'), call('DELETE', '/pub/{c}', { headers: [ORIGIN] })] },
  { name: 'a long-poll', steps: [publish('x'), get('/lp/{c}', [ORIGIN])] },
  { name: 'an interval-poll with nothing new', steps: [get('/poll/{c}', [ORIGIN])] },
  { name: 'a long-poll that times out', steps: [get('/impatient/{c}', [ORIGIN])] },
  { name: 'a message id that cannot be read', steps: [get('/lp/{c}', [ORIGIN, 'If-None-Match: x:0'])] },
  {
    name: 'a message id with too many tags',
    steps: [get('/lp/{c}', [ORIGIN, 'If-None-Match: 1595000000:[0],0'])],
  },
  { name: 'a transport that is not served', steps: [get('/ws/{c}', [ORIGIN])] },
  { name: 'no channel id', steps: [get('/no-id/{c}', [ORIGIN])] },
  { name: 'an EventSource', steps: [subscribe('a', '/es/{c}', [...EVENTSOURCE, ORIGIN]), head('a')] },
  { name: 'a chunked stream', steps: [subscribe('a', '/chunked/{c}', ['TE: chunked', ORIGIN]), head('a')] },
  {
    name: 'a multipart stream',
    steps: [subscribe('a', '/multipart/{c}', ['Accept: multipart/mixed', ORIGIN]), head('a')],
  },
  { name: 'a raw stream', steps: [subscribe('a', '/impatient-raw/{c}', [ORIGIN]), end('a')] },
  { name: 'a WebSocket', steps: [subscribe('a', '/ws/{c}', [...HANDSHAKE, ORIGIN]), head('a')] },
  {
    name: 'a WebSocket from an origin that is not allowed',
    steps: [get('/one-origin/{c}', [...HANDSHAKE, ORIGIN])],
  },
  {
    name: 'an EventSource from an origin that is not allowed',
    steps: [get('/one-origin/{c}', [...EVENTSOURCE, ORIGIN])],
  },
];

export const cors: Area = {
  title: 'origins',
  locations: {
    'any-origin': 'nchan_pubsub; nchan_channel_id $1; nchan_access_control_allow_origin *;',
    'one-origin': 'nchan_pubsub; nchan_channel_id $1; nchan_access_control_allow_origin http://a.com;',
    'two-origins':
      'nchan_pubsub; nchan_channel_id $1; nchan_access_control_allow_origin "http://a.com http://b.com";',
    'star-among-origins':
      'nchan_pubsub; nchan_channel_id $1; nchan_access_control_allow_origin "http://a.com *";',
    'one-origin-info':
      'nchan_publisher; nchan_channel_id $1; nchan_access_control_allow_origin http://a.com;',
    'origin-in-if':
      'nchan_pubsub; nchan_channel_id $1; nchan_access_control_allow_origin http://a.com; ' +
      'if ($arg_partner) { nchan_access_control_allow_origin http://o.com; }',
    'origin-with-blanks':
      'nchan_pubsub; nchan_channel_id $1; nchan_access_control_allow_origin "  http://a.com   http://o.com ";',
    'variable-origin': 'nchan_pubsub; nchan_channel_id $1; nchan_access_control_allow_origin $arg_origins;',
    'no-credentials': 'nchan_pubsub; nchan_channel_id $1; nchan_access_control_allow_credentials off;',
  },
  cases: [...preflights, ...origins, ...EVERYWHERE],
};

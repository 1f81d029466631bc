/** Channel groups (spec/hooks.md §7). The group of every case is named like its channels; an id is in the query. */
import type { Area, Case, Step } from '../case.ts';
import {
  call,
  close,
  del,
  end,
  frame,
  get,
  HANDSHAKE,
  head,
  options,
  pause,
  post,
  sendText,
  subscribe,
  subscribers,
  through,
  websocket,
} from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

const ORIGIN = ['Origin: http://o.com'];
const ON = 'nchan_channel_group_accounting on;';
const CHANNEL = `nchan_channel_id $arg_id; nchan_channel_group $1; ${ON}`;
const LIMITS =
  'nchan_group_max_channels $arg_channels; nchan_group_max_subscribers $arg_subscribers; ' +
  'nchan_group_max_messages $arg_messages; nchan_group_max_messages_memory $arg_memory; ' +
  'nchan_group_max_messages_disk $arg_disk;';

/** Publishes to a channel of the group. */
const publish = (id: string, body = 'x'): Step => post(`/g-pub/{c}?id=${id}`, body);
/** What the group has. */
const figures = get('/group/{c}', ['Accept: text/json']);
const limit = (query: string): Step => post(`/group/{c}?${query}`, '');
const listen = (on: string, id: string): readonly Step[] => [
  subscribe(on, `/g-sub/{c}?id=${id}`, EVENTSOURCE),
  head(on),
];

const formats: readonly Case[] = [
  'text/plain',
  'text/json',
  'application/json',
  'application/x-json',
  'text/xml',
  'application/xml',
  'text/yaml',
  'application/x-yaml',
  'text/html',
  'text/html, application/json;q=0.1, text/xml',
].flatMap((accept) => [
  { name: `nothing, as ${accept}`, steps: [get('/group/{c}', [`Accept: ${accept}`])] },
  {
    name: `something, as ${accept}`,
    steps: [
      limit('channels=15&subscribers=1000&messages=7&memory=10k&disk=0.5g'),
      publish('a'),
      ...listen('s', 'a'),
      get('/group/{c}', [`Accept: ${accept}`]),
    ],
  },
]);

const counts: readonly Case[] = [
  { name: 'two messages on one channel', steps: [publish('a'), publish('a'), figures] },
  { name: 'a message on each of two channels', steps: [publish('a'), publish('b'), figures] },
  { name: 'a message to two channels at once', steps: [post('/g-list/{c}?id=a,b', 'x'), figures] },
  { name: 'an empty message', steps: [publish('a', ''), figures] },
  { name: 'a message that is not buffered', steps: [post('/g-unbuffered/{c}?id=a', 'x'), figures] },
  {
    name: 'messages that were trimmed',
    steps: [...[...'12345'].map((n) => post('/g-one/{c}?id=a', n)), figures],
  },
  { name: 'a subscriber', steps: [...listen('s', 'a'), figures] },
  {
    name: 'a subscriber that has left',
    steps: [publish('a'), ...listen('s', 'a'), close('s'), subscribers(0, '/g-pub/{c}?id=a'), figures],
  },
  {
    name: 'a subscriber to two channels counts once',
    steps: [subscribe('s', '/g-list/{c}?id=a,b', EVENTSOURCE), head('s'), figures],
  },
  {
    name: 'a subscriber to a channel twice counts once',
    steps: [subscribe('s', '/g-list/{c}?id=a,a', EVENTSOURCE), head('s'), figures],
  },
  {
    name: 'subscribers to a list and to one of its channels',
    steps: [
      subscribe('s', '/g-list/{c}?id=a,b', EVENTSOURCE),
      head('s'),
      subscribe('t', '/g-list/{c}?id=a,b', EVENTSOURCE),
      head('t'),
      ...listen('u', 'a'),
      figures,
    ],
  },
  { name: 'a WebSocket', steps: [...websocket('s', '/g-sub/{c}?id=a'), figures] },
  { name: 'an answered poll leaves no subscriber', steps: [publish('a'), get('/g-sub/{c}?id=a'), figures] },
  {
    name: 'a deleted channel has no messages and subscribers',
    steps: [publish('a'), ...listen('s', 'a'), del('/g-pub/{c}?id=a'), figures],
  },
  { name: 'other groups do not count', steps: [post('/g-pub/{c}-b?id=a', 'x'), figures] },
  {
    name: 'a channel that a location without accounting made is not counted by Nchan',
    differs: 'group-uncounted',
    steps: [post('/g-silent/{c}?id=a', 'x'), figures],
  },
  {
    name: 'a channel of the group counts whoever publishes to it',
    steps: [publish('a'), post('/g-silent/{c}?id=a', 'x'), figures],
  },
];

const requests: readonly Case[] = [
  { name: 'setting two limits', steps: [limit('channels=5&messages=7'), figures] },
  { name: 'with an origin', steps: [get('/group/{c}', ORIGIN)] },
  { name: 'setting one leaves the others', steps: [limit('channels=5'), limit('messages=7'), figures] },
  { name: 'taking one away', steps: [limit('channels=5&messages=7'), limit('channels=0'), figures] },
  { name: 'setting limits with an origin', steps: [post('/group/{c}?channels=5', '', { headers: ORIGIN })] },
  {
    name: 'GET and DELETE set no limits',
    steps: [get('/group/{c}?channels=5'), del('/group/{c}?channels=x'), figures],
  },
  { name: 'OPTIONS', steps: [options('/group/{c}')] },
  { name: 'OPTIONS with an origin', steps: [options('/group/{c}', ORIGIN)] },
  { name: 'OPTIONS where only GET is allowed', steps: [options('/group-get/{c}')] },
  { name: 'PUT', differs: 'methods', steps: [call('PUT', '/group/{c}'), figures] },
  { name: 'a message id is not looked at', steps: [get('/group/{c}', ['Last-Event-ID: x:y'])] },
  {
    name: 'a group with a slash in its name',
    steps: [post('/group/{c}/b?channels=5', ''), get('/group/{c}/b')],
  },
  { name: 'limits and no channels', steps: [limit('messages=1'), pause(1500), figures] },
  ...['', 'x', '-1', '1.5', '5k', '05', '+5', '0x5', '%205', '5%20', '99999999999999999999'].map(
    (value): Case => ({ name: `channels=${value}`, steps: [limit(`channels=${value}`), figures] }),
  ),
  ...[
    '5K',
    '0.5m',
    '.5k',
    '5.',
    '.',
    'k',
    '1.5G',
    '5kb',
    '1e3',
    '-1k',
    '1.5.5k',
    '0.5',
    '12345.6789k',
    '05k',
  ].map((value): Case => ({ name: `memory=${value}`, steps: [limit(`memory=${value}`), figures] })),
  ...['channels', 'subscribers', 'messages', 'memory', 'disk'].map(
    (name, at, names): Case => ({
      name: `the first limit that is none: ${name}`,
      steps: [
        post(`/group/{c}?${names.slice(at).join('=x&')}=x`, '', { headers: ORIGIN }),
        post(`/g-limits/{c}?id=a&${names.slice(at).join('=x&')}=x`, 'x', { headers: ORIGIN }),
        figures,
      ],
    }),
  ),
  {
    name: 'an origin that the location does not name',
    differs: 'group-access',
    steps: [get('/group-origin/{c}', ORIGIN)],
  },
  {
    name: 'an origin that the location names',
    steps: [get('/group-origin/{c}', ['Origin: http://a.com'])],
  },
  {
    name: 'an application that lets nobody in',
    differs: 'group-access',
    steps: [get('/group-denied/{c}')],
  },
  ...['GET', 'POST', 'DELETE', 'OPTIONS', 'PUT'].map(
    (method): Case => ({
      name: `${method} without accounting`,
      steps: [call(method, '/group-no/{c}', { headers: ORIGIN })],
    }),
  ),
];

const rights: readonly Case[] = [
  ...['get', 'set', 'delete', 'off'].map(
    (word): Case => ({
      name: `the word ${word}: GET and POST`,
      steps: [
        get(`/group-${word}/{c}`, ORIGIN),
        // A forbidden one would set the limit all the same.
        ...(word === 'set' ? [call('POST', `/group-${word}/{c}`), figures] : []),
      ],
    }),
  ),
  { name: 'the word get: POST', steps: [call('POST', '/group-get/{c}', { headers: ORIGIN })] },
  { name: 'the word delete: POST', steps: [call('POST', '/group-delete/{c}')] },
  { name: 'the word off: DELETE', steps: [call('DELETE', '/group-off/{c}')] },
  {
    name: 'a forbidden DELETE',
    differs: 'group-forbidden',
    steps: [publish('a'), del('/group-get/{c}'), figures],
  },
  {
    name: 'the word delete: DELETE',
    steps: [publish('a'), del('/group-delete/{c}'), figures],
  },
];

const deletion: readonly Case[] = [
  { name: 'of nothing', steps: [del('/group/{c}')] },
  {
    name: 'of messages, with an origin',
    steps: [limit('messages=9'), publish('a'), publish('b'), del('/group/{c}', ORIGIN), figures],
  },
  {
    name: 'of subscribers',
    steps: [...listen('s', 'a'), ...listen('t', 'b'), del('/group/{c}'), end('s'), end('t'), figures],
  },
  {
    name: 'of a WebSocket',
    steps: [...websocket('w', '/g-sub/{c}?id=a'), del('/group/{c}'), frame('w')],
  },
  {
    name: 'and a message afterwards',
    steps: [publish('a'), del('/group/{c}'), post('/g-pub/{c}?id=a', 'y', { unseen: true }), figures],
  },
  {
    name: 'leaves other groups alone',
    steps: [post('/g-pub/{c}-b?id=a', 'x'), del('/group/{c}'), get('/group/{c}-b', ['Accept: text/json'])],
  },
];

const limits: readonly Case[] = [
  {
    name: 'messages: one too many',
    steps: [limit('messages=1'), publish('a'), publish('a'), publish('b'), figures],
  },
  {
    name: 'messages: the answer with an origin, to whoever accepts JSON',
    steps: [
      limit('messages=1'),
      publish('a'),
      post('/g-pub/{c}?id=a', 'x', { headers: [...ORIGIN, 'Accept: text/json'] }),
    ],
  },
  {
    name: 'messages: a deletion makes room',
    steps: [
      limit('messages=1'),
      publish('a'),
      del('/g-pub/{c}?id=a'),
      post('/g-pub/{c}?id=a', 'y', { unseen: true }),
      figures,
    ],
  },
  {
    name: 'messages: a message that is not buffered is refused, too',
    steps: [limit('messages=1'), publish('a'), post('/g-unbuffered/{c}?id=a', 'x'), figures],
  },
  {
    name: 'messages: several channels at once, over the limit',
    steps: [limit('messages=2'), post('/g-list/{c}?id=a,b', 'x'), post('/g-list/{c}?id=a,b', 'x'), figures],
  },
  {
    name: 'messages: several channels at once, more than there is room for',
    differs: 'group-lists',
    steps: [limit('messages=1'), post('/g-list/{c}?id=a,b', 'x'), figures],
  },
  {
    name: 'messages: a limit below what there is removes nothing',
    steps: [publish('a'), publish('a'), limit('messages=1'), figures],
  },
  { name: 'memory: a small limit', steps: [limit('memory=10'), publish('a'), figures] },
  { name: 'memory: a large limit', steps: [limit('memory=1m'), publish('a'), figures] },
  {
    name: 'memory: a message that is not buffered is refused, too',
    steps: [limit('memory=10'), post('/g-unbuffered/{c}?id=a', 'x'), figures],
  },
  {
    name: 'messages before memory',
    steps: [publish('a'), limit('messages=1&memory=10'), publish('a')],
  },
  {
    name: 'memory before channels',
    steps: [publish('a'), limit('channels=1&memory=10'), publish('b')],
  },
  {
    name: 'messages before channels',
    steps: [publish('a'), limit('channels=1&messages=1'), publish('b')],
  },
  {
    name: 'disk',
    differs: 'group-disk',
    steps: [limit('disk=3'), publish('a', 'hello'), figures],
  },
  {
    name: 'channels: a new one at the limit',
    steps: [publish('a'), limit('channels=1'), publish('b'), figures],
  },
  {
    name: 'channels: publishing to one that exists, at the limit',
    differs: 'group-channels',
    steps: [publish('a'), limit('channels=1'), publish('a'), figures],
  },
  {
    name: 'channels: the first one with a limit of one',
    differs: 'group-channels',
    steps: [limit('channels=1'), publish('a'), figures],
  },
  {
    name: 'channels: a new one below the limit',
    steps: [publish('a'), limit('channels=3'), publish('b'), figures],
  },
  {
    name: 'channels: a long-poll to a new one at the limit',
    steps: [publish('a'), limit('channels=1'), get('/g-sub/{c}?id=b', ORIGIN), figures],
  },
  {
    name: 'channels: an EventSource to a new one at the limit',
    steps: [publish('a'), limit('channels=1'), get('/g-sub/{c}?id=b', [...ORIGIN, ...EVENTSOURCE])],
  },
  {
    name: 'channels: a WebSocket to a new one at the limit',
    steps: [publish('a'), limit('channels=1'), get('/g-sub/{c}?id=b', [...ORIGIN, ...HANDSHAKE])],
  },
  {
    name: 'channels: a subscriber to one that exists, at the limit',
    steps: [publish('a'), limit('channels=1'), get('/g-sub/{c}?id=a')],
  },
  {
    name: 'channels: a subscriber to the first one, with a limit of one',
    steps: [limit('channels=1'), ...listen('s', 'a'), figures],
  },
  {
    name: 'channels: a subscriber to two new ones, with a limit of one',
    differs: 'group-lists',
    steps: [limit('channels=1'), subscribe('s', '/g-list/{c}?id=a,b', EVENTSOURCE), head('s'), figures],
  },
  {
    name: 'subscribers: a long-poll too many',
    steps: [limit('subscribers=1'), ...listen('s', 'a'), get('/g-sub/{c}?id=a', ORIGIN), figures],
  },
  {
    name: 'subscribers: an EventSource too many',
    steps: [limit('subscribers=1'), ...listen('s', 'a'), get('/g-sub/{c}?id=a', [...ORIGIN, ...EVENTSOURCE])],
  },
  {
    name: 'subscribers: a WebSocket too many',
    steps: [limit('subscribers=1'), ...listen('s', 'a'), get('/g-sub/{c}?id=a', [...ORIGIN, ...HANDSHAKE])],
  },
  {
    name: 'subscribers: an interval-poll too many',
    steps: [limit('subscribers=1'), ...listen('s', 'a'), get('/g-poll/{c}?id=a')],
  },
  {
    name: 'subscribers: when one has left',
    steps: [
      limit('subscribers=1'),
      publish('a'),
      ...listen('s', 'a'),
      close('s'),
      subscribers(0, '/g-pub/{c}?id=a'),
      ...listen('t', 'a'),
      figures,
    ],
  },
  {
    name: 'subscribers: one who is there stays when there may be fewer',
    steps: [...listen('s', 'a'), ...listen('t', 'a'), limit('subscribers=1'), figures],
  },
  {
    name: 'a WebSocket publisher is not told of messages that are refused',
    steps: [
      limit('messages=1'),
      publish('a'),
      ...websocket('w', '/g-ws/{c}?id=a'),
      sendText('w', 'refused'),
      pause(300),
      limit('messages=0'),
      sendText('w', 'taken'),
      frame('w'),
      subscribe('s', '/g-sub/{c}?id=a', EVENTSOURCE),
      through('s', 'data: taken'),
    ],
  },
];

const atLocations: readonly Case[] = [
  {
    name: 'a publisher sets them',
    steps: [
      post('/g-limits/{c}?id=a&channels=100&subscribers=9&messages=7&memory=1m&disk=3.5k', 'x'),
      figures,
      post('/g-limits/{c}?id=a&messages=2', 'x'),
      figures,
    ],
  },
  {
    name: 'a subscriber sets them',
    steps: [subscribe('s', '/g-limits/{c}?id=a&messages=4', EVENTSOURCE), head('s'), figures],
  },
  {
    name: 'they hold for the request that sets them',
    steps: [post('/g-limits/{c}?id=a&memory=10', 'x'), figures],
  },
  {
    name: 'a subscriber whose own limit lets him in, and the next out',
    steps: [
      subscribe('s', '/g-limits/{c}?id=a&subscribers=1', EVENTSOURCE),
      head('s'),
      get('/g-limits/{c}?id=a&subscribers=1', EVENTSOURCE),
    ],
  },
  { name: 'DELETE sets them', steps: [del('/g-limits/{c}?id=a&messages=3'), figures] },
  ...['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'].map(
    (method): Case => ({
      name: `${method} with one that is none`,
      steps: [call(method, '/g-limits/{c}?id=a&memory=x', { headers: ORIGIN })],
    }),
  ),
  {
    name: 'a subscriber with one that is none',
    steps: [
      get('/g-limits/{c}?id=a&messages=x', EVENTSOURCE),
      get('/g-limits/{c}?id=a&messages=x', HANDSHAKE),
    ],
  },
  {
    name: 'a message id that is none comes first',
    steps: [get('/g-limits/{c}?id=a&messages=x', ['Last-Event-ID: x:y'])],
  },
  {
    name: 'one that is none, without accounting',
    steps: [post('/g-silent-limits/{c}?id=a&messages=x', 'x'), figures],
  },
  {
    name: 'without accounting they are not set',
    differs: 'group-uncounted',
    steps: [
      post('/g-silent-limits/{c}?id=a&messages=1', 'x'),
      post('/g-silent-limits/{c}?id=a&messages=1', 'x'),
      figures,
    ],
  },
];

const named = (title: string, cases: readonly Case[]): Case[] =>
  cases.map((one) => ({ ...one, name: `${title}: ${one.name}` }));

export const groups: Area = {
  title: 'groups',
  locations: {
    group: `nchan_group_location; nchan_channel_group $1; ${ON} ${LIMITS}`,
    'group-get': `nchan_group_location get; nchan_channel_group $1; ${ON}`,
    'group-set': `nchan_group_location set; nchan_channel_group $1; ${ON} nchan_group_max_channels 5;`,
    'group-delete': `nchan_group_location delete; nchan_channel_group $1; ${ON}`,
    'group-off': `nchan_group_location off; nchan_channel_group $1; ${ON}`,
    'group-no': 'nchan_group_location; nchan_channel_group $1;',
    'group-origin': `nchan_group_location; nchan_channel_group $1; ${ON} nchan_access_control_allow_origin http://a.com;`,
    'group-denied': `nchan_group_location; nchan_channel_group $1; ${ON} nchan_authorize_request /group-denial;`,
    'g-pub': `nchan_publisher http; ${CHANNEL}`,
    'g-ws': `nchan_publisher websocket; ${CHANNEL}`,
    'g-sub': `nchan_subscriber; ${CHANNEL}`,
    'g-poll': `nchan_subscriber poll; ${CHANNEL}`,
    'g-list': `nchan_pubsub; nchan_channel_id_split_delimiter ","; ${CHANNEL}`,
    'g-one': `nchan_publisher http; nchan_message_buffer_length 1; ${CHANNEL}`,
    'g-unbuffered': `nchan_publisher http; nchan_store_messages off; ${CHANNEL}`,
    'g-limits': `nchan_pubsub; ${CHANNEL} ${LIMITS}`,
    'g-silent': 'nchan_pubsub; nchan_channel_id $arg_id; nchan_channel_group $1;',
    'g-silent-limits': `nchan_pubsub; nchan_channel_id $arg_id; nchan_channel_group $1; ${LIMITS}`,
  },
  plainLocations: { 'location = /group-denial': 'return 403;' },
  cases: [
    ...named('figures', formats),
    ...named('counts', counts),
    ...named('requests', requests),
    ...named('rights', rights),
    ...named('deletion', deletion),
    ...named('limits', limits),
    ...named('limits at locations', atLocations),
  ],
};

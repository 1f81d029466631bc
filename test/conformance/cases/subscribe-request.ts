/** nchan_subscribe_request and nchan_unsubscribe_request: an application is told who comes and goes (spec/hooks.md §2). */
import type { Area, Case, Step } from '../case.ts';
import {
  application,
  close,
  del,
  end,
  feed,
  frame,
  get,
  HANDSHAKE,
  head,
  pause,
  sendClose,
  subscribe,
  subscribers,
  through,
} from '../steps.ts';
import { CHUNKED, EVENTSOURCE, MULTIPART } from './common.ts';

/** Transports that ask: where, and how a client wants them. */
const STREAMS: readonly { name: string; location: string; headers: readonly string[] }[] = [
  { name: 'EventSource', location: 'told', headers: EVENTSOURCE },
  { name: 'chunked', location: 'told', headers: CHUNKED },
  { name: 'multipart', location: 'told', headers: MULTIPART },
  { name: 'raw', location: 'told-raw', headers: [] },
  { name: 'WebSocket', location: 'told', headers: HANDSHAKE },
];

const LAST = 'last-message';
const last = (name: string): Step => (name === 'WebSocket' ? frame('a') : through('a', LAST));

const streams: readonly Case[] = STREAMS.flatMap(({ name, location, headers }) => {
  const target = `/${location}/{c}?x=1`;
  // Of raw streams Nchan does not say which message was the last.
  const withId = name === 'raw' ? { differs: 'hook-message-id' } : {};
  const impatient = `/${location}-impatient/{c}`;
  return [
    {
      name: `${name}: comes and goes without a message`,
      steps: [subscribe('a', target, headers), head('a'), application(1), close('a'), application(1)],
    },
    {
      name: `${name}: after a message from the buffer`,
      ...withId,
      steps: [
        feed(LAST),
        subscribe('a', target, headers),
        head('a'),
        last(name),
        application(1),
        close('a'),
        application(1),
      ],
    },
    {
      name: `${name}: after several from the buffer`,
      ...withId,
      steps: [
        feed('one'),
        feed('two'),
        feed(LAST),
        subscribe('a', target, headers),
        head('a'),
        ...(name === 'WebSocket' ? [frame('a'), frame('a')] : []),
        last(name),
        application(1),
        close('a'),
        application(1),
      ],
    },
    {
      name: `${name}: after a live message`,
      differs: 'hook-message-id',
      steps: [
        subscribe('a', target, headers),
        head('a'),
        application(1),
        feed(LAST),
        last(name),
        close('a'),
        application(1),
      ],
    },
    {
      name: `${name}: after messages from the buffer and live`,
      ...withId,
      steps: [
        feed('one'),
        subscribe('a', target, headers),
        head('a'),
        application(1),
        feed('two'),
        feed(LAST),
        ...(name === 'WebSocket' ? [frame('a'), frame('a')] : []),
        last(name),
        close('a'),
        application(1),
      ],
    },
    {
      name: `${name}: that resumes`,
      ...withId,
      steps: [
        feed('one', '{c}', 'm'),
        feed(LAST),
        subscribe('a', target, [...headers, 'Last-Event-ID: {m}']),
        head('a'),
        last(name),
        application(1),
        close('a'),
        application(1),
      ],
    },
    {
      name: `${name}: that resumes after the newest`,
      steps: [
        feed('one', '{c}', 'm'),
        subscribe('a', target, [...headers, 'Last-Event-ID: {m}']),
        head('a'),
        application(1),
        close('a'),
        application(1),
      ],
    },
    {
      name: `${name}: whose channel is deleted`,
      steps: [subscribe('a', target, headers), head('a'), application(1), del('/pub/{c}'), application(1)],
    },
    {
      name: `${name}: that times out`,
      steps: [subscribe('a', impatient, headers), head('a'), application(1), application(1)],
    },
    {
      name: `${name}: only told when one comes`,
      steps: [
        subscribe('a', `/${location}-coming/{c}`, headers),
        head('a'),
        application(1),
        close('a'),
        pause(200),
        application(0),
      ],
    },
    {
      name: `${name}: only told when one goes, after live messages`,
      ...withId,
      steps: [
        subscribe('a', `/${location}-going/{c}`, headers),
        head('a'),
        subscribers(1),
        feed('one'),
        feed(LAST),
        ...(name === 'WebSocket' ? [frame('a')] : []),
        last(name),
        close('a'),
        application(1),
      ],
    },
    {
      name: `${name}: only told when one goes`,
      steps: [
        subscribe('a', `/${location}-going/{c}`, headers),
        head('a'),
        subscribers(1),
        application(0),
        close('a'),
        application(1),
      ],
    },
  ] satisfies Case[];
});

const results: readonly Case[] = ['status=403', 'status=404&body=x', 'status=500', 'status=302', 'drop'].map(
  (query) => ({
    name: `the answer does not matter: ${query}`,
    // Nobody being there does.
    ...(query === 'drop' ? { differs: 'hook-again' } : {}),
    steps: [
      subscribe('a', `/told/{c}?${query}`, EVENTSOURCE),
      head('a'),
      application(1),
      subscribers(1),
      close('a'),
      application(1),
    ],
  }),
);

const others: readonly Case[] = [
  {
    name: 'the address of the subscriber',
    differs: 'hook-address',
    steps: [subscribe('a', '/told-address/{c}', EVENTSOURCE), head('a'), application(1)],
  },
  {
    name: 'a WebSocket’s close frame',
    steps: [
      subscribe('a', '/told/{c}', HANDSHAKE),
      head('a'),
      application(1),
      sendClose('a', 1000, 'bye'),
      frame('a'),
      application(1),
    ],
  },
  {
    name: 'long-polls ask nothing',
    steps: [
      feed('x'),
      get('/told-polls/{c}'),
      subscribe('a', '/told-polls/x{c}'),
      subscribers(1, '/info/x{c}'),
      close('a'),
      pause(300),
      application(0),
    ],
  },
  {
    name: 'interval-polls ask nothing',
    steps: [feed('x'), get('/told-poll/{c}'), pause(300), application(0)],
  },
  {
    name: 'a request that is refused asks nothing',
    steps: [get('/told/{c}', [...EVENTSOURCE, 'If-None-Match: 5:[0],1']), pause(300), application(0)],
  },
  {
    name: 'the headers of the subscriber',
    steps: [
      subscribe('a', '/told/{c}?a=%20b&c', [
        ...EVENTSOURCE,
        'Cookie: session=1',
        'Authorization: Basic eDp5',
        'X-Custom: a',
        'X-Custom: b',
        'User-Agent: ua/1',
        'Content-Type: a/b',
        'Origin: http://o',
        'If-Modified-Since: Sat, 21 Nov 2020 16:00:00 GMT',
        'If-None-Match: 0',
      ]),
      head('a'),
      application(1),
      close('a'),
      application(1),
    ],
  },
  {
    name: 'the headers of a WebSocket',
    steps: [
      subscribe('a', '/told/{c}', [
        ...HANDSHAKE,
        'Sec-WebSocket-Protocol: ws+meta.nchan',
        'Cookie: session=1',
      ]),
      head('a'),
      application(1),
      close('a'),
      application(1),
    ],
  },
  {
    name: 'several channels are told as one',
    steps: [
      feed('one', 'a{c}'),
      feed(LAST, 'b{c}'),
      subscribe('a', '/told-multi/a{c}/b{c}', EVENTSOURCE),
      through('a', LAST),
      application(1),
      close('a'),
      application(1),
    ],
  },
  {
    name: 'two subscribers are told of separately',
    steps: [
      subscribe('a', '/told/{c}?n=1', EVENTSOURCE),
      head('a'),
      application(1),
      subscribe('b', '/told/{c}?n=2', CHUNKED),
      head('b'),
      application(1),
      close('b'),
      application(1),
      close('a'),
      application(1),
    ],
  },
  {
    name: 'over HTTP/1.0',
    steps: [
      {
        do: 'send',
        on: 'a',
        bytes: 'GET /told/{c} HTTP/1.0\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n',
      },
      head('a'),
      application(1),
      del('/pub/{c}'),
      end('a'),
      application(1),
    ],
  },
];

const VARIABLES =
  'proxy_set_header X-Variables "$nchan_channel_id|$nchan_channel_id1|$nchan_channel_id2|$nchan_channel_id3|' +
  '$nchan_subscriber_type|$nchan_publisher_type|$nchan_message_id|$nchan_prev_message_id|$request_uri|' +
  '$request_method|$arg_x|$http_x_custom|$cookie_session";';
const BOTH = 'nchan_subscribe_request /told-of/come/$1; nchan_unsubscribe_request /told-of/go/$1;';
const RAW = 'nchan_subscriber http-raw-stream; nchan_channel_id $1;';
const ANY = 'nchan_subscriber; nchan_channel_id $1;';

export const subscribeRequests: Area = {
  title: 'subscribe and unsubscribe requests',
  locations: {
    told: `${ANY} ${BOTH}`,
    'told-raw': `${RAW} ${BOTH}`,
    'told-impatient': `${ANY} ${BOTH} nchan_subscriber_timeout 1;`,
    'told-raw-impatient': `${RAW} ${BOTH} nchan_subscriber_timeout 1;`,
    'told-coming': `${ANY} nchan_subscribe_request /told-of/come/$1;`,
    'told-raw-coming': `${RAW} nchan_subscribe_request /told-of/come/$1;`,
    'told-going': `${ANY} nchan_unsubscribe_request /told-of/go/$1;`,
    'told-raw-going': `${RAW} nchan_unsubscribe_request /told-of/go/$1;`,
    'told-polls': `nchan_subscriber longpoll; nchan_channel_id $1; ${BOTH}`,
    'told-poll': `nchan_subscriber poll; nchan_channel_id $1; ${BOTH}`,
    'told-address': `${ANY} nchan_subscribe_request /address/$1; nchan_unsubscribe_request /address/$1;`,
    'told-multi': `${ANY} nchan_channel_id_split_delimiter "/"; ${BOTH}`,
  },
  plainLocations: {
    'location /told-of/': `internal; ${VARIABLES} proxy_ignore_client_abort on; proxy_pass http://application;`,
  },
  cases: [...streams, ...results, ...others],
};

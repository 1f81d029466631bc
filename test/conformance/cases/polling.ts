/** Long-poll, its multipart answers, and interval-poll (spec §§5.1 to 5.3). */
import type { Area, Case, Step } from '../case.ts';
import {
  close,
  del,
  feed,
  get,
  pause,
  post,
  publish,
  response,
  send,
  subscribe,
  subscribers,
} from '../steps.ts';

const AFTER = (id: string): readonly string[] => [
  `If-Modified-Since: {${id}.date}`,
  `If-None-Match: {${id}.tag}`,
];
const typed = (body: string, type: string): Step =>
  post('/pub/{c}', body, { headers: [`Content-Type: ${type}`] });

const LONGPOLL: readonly Case[] = [
  {
    name: 'walks through the messages and then waits',
    steps: [
      publish('a'),
      publish('b'),
      subscribe('a', '/lp/{c}'),
      response('a', 'one'),
      subscribe('a', '/lp/{c}', AFTER('one')),
      response('a', 'two'),
      subscribe('a', '/lp/{c}', AFTER('two')),
      subscribers(1),
      publish('c'),
      response('a'),
    ],
  },
  {
    name: 'a live message with a content type',
    steps: [subscribe('a', '/lp/{c}'), subscribers(1), typed('x', 'text/foo; charset=x'), response('a')],
  },
  {
    name: 'one message for everyone who waits',
    steps: [
      subscribe('a', '/lp/{c}'),
      subscribe('b', '/lp/{c}'),
      subscribe('c', '/sub/{c}'),
      subscribers(3),
      publish('x'),
      response('a'),
      response('b'),
      response('c'),
    ],
  },
  {
    name: 'deleted while waiting',
    steps: [subscribe('a', '/lp/{c}'), subscribers(1), del('/pub/{c}'), response('a')],
  },
  {
    name: 'deleted while waiting with an id',
    steps: [
      publish('x', 'm'),
      subscribe('a', '/lp/{c}', AFTER('m')),
      subscribers(1),
      del('/pub/{c}'),
      response('a'),
    ],
  },
  { name: 'a timeout without an id', steps: [get('/impatient/{c}')] },
  { name: 'a timeout with an id', steps: [publish('x', 'm'), get('/impatient/{c}', AFTER('m'))] },
  {
    name: 'a timeout keeps the connection',
    steps: [
      subscribe('a', '/impatient/{c}'),
      response('a'),
      publish('x'),
      subscribe('a', '/impatient/{c}'),
      response('a'),
    ],
  },
  {
    name: 'more bytes from a client that waits',
    differs: 'pipelining',
    steps: [
      subscribe('a', '/lp/{c}'),
      subscribers(1),
      send('a', 'GET /info/{c} HTTP/1.1\r\nHost: x\r\n\r\n'),
      pause(200),
      publish('x'),
      response('a'),
      response('a'),
    ],
  },
  {
    name: 'a client that leaves is forgotten',
    steps: [subscribe('a', '/lp/{c}'), subscribers(1), close('a'), subscribers(0), publish('x')],
  },
  { name: 'HTTP/1.0', steps: [publish('x'), get('/lp/{c}', [], { version: '1.0' })] },
  {
    name: 'HTTP/1.0 with keep-alive',
    steps: [publish('x'), get('/lp/{c}', ['Connection: keep-alive'], { version: '1.0' })],
  },
  { name: 'too many tags in the id', steps: [get('/lp/{c}', ['If-None-Match: 5:[0],1'])] },
];

/** What is waiting, by name; every multipart answer is tried with each. */
const WAITING: Readonly<Record<string, readonly Step[]>> = {
  'one message': [publish('m0')],
  'three messages': [publish('m0'), publish('m1'), publish('m2')],
  'messages with content types': [typed('m0', 'text/a'), publish('m1'), typed('m2', 'b/c; d=e')],
  'empty messages': [publish(''), publish('m1'), publish('')],
  'only empty messages': [publish(''), publish('')],
  'messages of several lines': [publish('a\nb\n'), publish('\r\n--x\r\n')],
};
const AT_ONCE = ['lp-on', 'lp-raw', 'lp-raw-separator'];
const multipart: readonly Case[] = AT_ONCE.flatMap((location) => [
  ...Object.entries(WAITING).map(([what, steps]) => ({
    name: `${what} at /${location}/`,
    steps: [...steps, get(`/${location}/{c}`)],
  })),
  {
    name: `messages after an id at /${location}/`,
    steps: [
      publish('m0'),
      publish('m1', 'm'),
      publish('m2'),
      publish('m3'),
      get(`/${location}/{c}`, AFTER('m')),
    ],
  },
  {
    name: `two messages, then none, then one at /${location}/`,
    steps: [
      publish('m0'),
      publish('m1'),
      get(`/${location}/{c}`, [], { as: 'm' }),
      publish('m2'),
      get(`/${location}/{c}`, AFTER('m')),
    ],
  },
]);
const MULTIPART_POLL: readonly Case[] = ['poll-on', 'poll-raw'].map((location) => ({
  name: `at an interval-poll, /${location}/`,
  differs: 'poll-multipart',
  steps: [publish('m0'), publish('m1'), get(`/${location}/{c}`)],
}));
const MULTIPART_LIVE: readonly Case[] = ['lp-on', 'lp-raw'].map((location) => ({
  name: `a live message comes alone at /${location}/`,
  steps: [subscribe('a', `/${location}/{c}`), subscribers(1), publish('m0'), publish('m1'), response('a')],
}));
const MULTIPART_ORIGIN: readonly Case[] = ['lp-on', 'lp-raw'].map((location) => ({
  name: `with an origin at /${location}/`,
  steps: [publish('m0'), publish('m1'), get(`/${location}/{c}`, ['Origin: http://o.com'])],
}));

const INTERVAL: readonly Case[] = [
  { name: 'a channel that does not exist', steps: [get('/poll/{c}')] },
  { name: 'a message', steps: [typed('x', 'a/b'), get('/poll/{c}')] },
  {
    name: 'nothing new: the client’s id',
    steps: [publish('x', 'm'), get('/poll/{c}', AFTER('m')), publish('y'), get('/poll/{c}', AFTER('m'))],
  },
  {
    name: 'nothing new: the client’s id from Last-Event-ID',
    steps: [publish('x', 'm'), get('/poll/{c}', ['Last-Event-ID: {m}'])],
  },
  {
    name: 'a poll leaves no channel behind',
    differs: 'poll-creates',
    steps: [get('/poll/{c}'), get('/info/{c}')],
  },
  {
    name: 'polls on one connection',
    steps: [
      subscribe('a', '/poll/{c}'),
      response('a'),
      feed('x'),
      subscribe('a', '/poll/{c}'),
      response('a', 'm'),
      subscribe('a', '/poll/{c}', AFTER('m')),
      response('a'),
    ],
  },
  { name: 'an interval-poll has no timeout', steps: [get('/poll-impatient/{c}')] },
  { name: 'an empty message', steps: [publish(''), get('/poll/{c}')] },
  { name: 'HTTP/1.0', steps: [publish('x', 'm'), get('/poll/{c}', AFTER('m'), { version: '1.0' })] },
  { name: 'too many tags in the id', steps: [get('/poll/{c}', ['If-None-Match: 5:[0],1'])] },
  { name: 'from the newest', steps: [publish('x'), get('/poll-newest/{c}')] },
];

const prefixed = (what: string, cases: readonly Case[]): readonly Case[] =>
  cases.map((one) => ({ ...one, name: `${what}: ${one.name}` }));

export const polling: Area = {
  title: 'polling',
  locations: {
    'lp-on': 'nchan_subscriber longpoll; nchan_longpoll_multipart_response on; nchan_channel_id $1;',
    'lp-raw': 'nchan_subscriber longpoll; nchan_longpoll_multipart_response raw; nchan_channel_id $1;',
    'lp-raw-separator':
      'nchan_subscriber longpoll; nchan_longpoll_multipart_response raw; nchan_subscriber_http_raw_stream_separator "==="; nchan_channel_id $1;',
    'poll-on': 'nchan_subscriber poll; nchan_longpoll_multipart_response on; nchan_channel_id $1;',
    'poll-raw': 'nchan_subscriber poll; nchan_longpoll_multipart_response raw; nchan_channel_id $1;',
    'poll-impatient': 'nchan_subscriber poll; nchan_subscriber_timeout 1; nchan_channel_id $1;',
    'poll-newest': 'nchan_subscriber poll; nchan_subscriber_first_message newest; nchan_channel_id $1;',
  },
  cases: [
    ...prefixed('long-poll', LONGPOLL),
    ...prefixed('several at once', [...multipart, ...MULTIPART_LIVE, ...MULTIPART_POLL, ...MULTIPART_ORIGIN]),
    ...prefixed('interval-poll', INTERVAL),
  ],
};

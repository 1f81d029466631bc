/**
 * `nchan_stub_status` (spec/hooks.md §8). The figures are those of a whole server, so the cases are played one after the
 * other, on servers of their own: by status.test.ts.
 */
import { STUB_FIGURES, type StubFigure } from '../../../handoff/nchan-variables.ts';
import type { Area, Case, Step } from '../case.ts';
import {
  call,
  close,
  del,
  end,
  feed,
  frame,
  get,
  options,
  pause,
  post,
  publish,
  response,
  send,
  sendText,
  subscribe,
  subscribers,
  through,
  websocket,
} from '../steps.ts';
import { CHUNKED, COMMON_LOCATIONS, EVENTSOURCE } from './common.ts';

/** What is another figure in another program. */
const UNLIKE: ReadonlySet<StubFigure> = new Set(['shared_memory_used']);

const status = get('/status/');
/** What a channel that only subscribers know would be counted for differs in time: so each has a message. */
const known = (channel = '{c}'): Step => feed('x', channel);

const FIGURES: readonly Case[] = [
  { name: 'a server on which nothing happened', steps: [status] },
  {
    name: 'HTTP publishes',
    steps: [post('/pub/{c}', 'a'), post('/pub/{c}', 'b'), post('/pub/{c}-2', 'c'), status],
  },
  { name: 'a message to several channels', steps: [post('/list/{c},{c}-2,{c}-3', 'x'), status] },
  { name: 'a message to a channel twice', steps: [post('/list/{c},{c}', 'x'), status] },
  {
    name: 'messages beyond the buffer',
    steps: [...[1, 2, 3, 4, 5].map(() => post('/three/{c}', 'x')), status],
  },
  { name: 'an empty message', steps: [post('/pub/{c}', ''), status] },
  { name: 'a deletion', steps: [feed('a'), feed('b', '{c}-2'), del('/pub/{c}'), status] },
  { name: 'figures of a channel', steps: [known(), get('/pub/{c}'), get('/pub/{c}-none'), status] },
  { name: 'a refused message', steps: [post('/es/{c}', 'x'), status] },
  {
    name: 'a WebSocket that publishes',
    steps: [
      ...websocket('w', '/pub/{c}'),
      sendText('w', 'a'),
      frame('w'),
      sendText('w', 'b'),
      frame('w'),
      status,
    ],
  },
  {
    name: 'an EventSource',
    steps: [known(), subscribe('s', '/es/{c}', EVENTSOURCE), subscribers(1), status, close('s')],
  },
  {
    name: 'subscribers that left',
    steps: [
      known(),
      subscribe('s', '/es/{c}', EVENTSOURCE),
      subscribers(1),
      close('s'),
      subscribers(0),
      status,
    ],
  },
  {
    name: 'several transports',
    steps: [
      known(),
      subscribe('s', '/es/{c}', EVENTSOURCE),
      ...websocket('w', '/ws/{c}'),
      subscribe('h', '/chunked/{c}', CHUNKED),
      subscribe('r', '/raw/{c}'),
      subscribers(4),
      status,
      close('s'),
      close('w'),
      subscribers(2),
      status,
      close('h'),
      close('r'),
      subscribers(0),
      status,
    ],
  },
  {
    name: 'a long-poll that waits, and one that was answered',
    steps: [
      publish('x', 'a'),
      subscribe('s', '/lp/{c}', ['Last-Event-ID: {a}']),
      subscribers(1),
      status,
      publish('y'),
      response('s'),
      status,
    ],
  },
  { name: 'an interval-poll', steps: [known(), get('/poll/{c}'), status] },
];

const METHODS: readonly Case[] = ['POST', 'PUT', 'DELETE', 'BREW'].map((method) => ({
  name: method,
  steps: [call(method, '/status/')],
}));

const LOCATIONS: readonly Case[] = [
  { name: 'OPTIONS', steps: [options('/status/')] },
  {
    name: 'a preflight',
    steps: [options('/status/', ['Origin: http://a', 'Access-Control-Request-Method: GET'])],
  },
  { name: 'a page of another origin', steps: [get('/status/', ['Origin: http://a'])] },
  { name: 'a body', steps: [post('/status/', 'x')] },
  { name: 'HTTP 1.0', steps: [get('/status/', [], { version: '1.0' })] },
  {
    name: 'HEAD',
    steps: [send('h', 'HEAD /status/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), end('h')],
    differs: 'stub-status-head',
  },
  { name: 'a nested location', steps: [get('/status/nested/')] },
  { name: 'in front of it a publisher', steps: [post('/before/x', 'x'), get('/before/x')] },
  { name: 'behind it a publisher', steps: [post('/behind/x', 'x'), get('/behind/x'), status] },
  { name: 'where access is denied', steps: [get('/denied/x')] },
  { name: 'JSON', steps: [get('/status/', ['Accept: application/json'])], differs: 'stub-status-json' },
  // Ours are a second old at most.
  { name: 'variables', steps: [feed('x'), pause(1500), get('/variables/')] },
  { name: 'variables in a header and in a map', steps: [get('/header/x')] },
  { name: 'variables in an `if`', steps: [get('/if/x')] },
];

/** Played last: Nchan counts the list and the message for some time more. */
const LAST: readonly Case[] = [
  {
    name: 'a subscriber of several channels',
    steps: [
      known(),
      known('{c}-2'),
      subscribe('s', '/list/{c},{c}-2', EVENTSOURCE),
      through('s', 'x\n\n'),
      status,
      close('s'),
      subscribers(0),
    ],
  },
  {
    name: 'a message that is not kept',
    steps: [known(), post('/unbuffered/{c}', 'x'), status],
    differs: 'stub-status-unbuffered',
  },
];

export const stubStatus: Area = {
  title: 'nchan_stub_status',
  locations: {
    ...COMMON_LOCATIONS,
    status: 'nchan_stub_status; location ~ ^/status/nested/ { }',
    before: 'nchan_publisher; nchan_channel_id $1; nchan_stub_status;',
    behind: 'nchan_stub_status; nchan_publisher; nchan_channel_id $1;',
    denied: 'deny all; nchan_stub_status;',
    list: 'nchan_pubsub; nchan_channel_id $1; nchan_channel_id_split_delimiter ,;',
  },
  plainLocations: {
    'location /variables/': `return 200 "${STUB_FIGURES.filter((name) => !UNLIKE.has(name))
      .map((name) => `${name}=$nchan_stub_status_${name}\n`)
      .join('')}$nchan_version\n";`,
    'location /header/':
      'add_header X-Published $nchan_stub_status_total_published_messages; add_header X-Map $any; return 204;',
    'location /if/': 'if ($nchan_stub_status_stored_messages) { return 200 "some\n"; } return 204;',
  },
  http: 'map $nchan_stub_status_subscribers $any { 0 nobody; default somebody; }',
  cases: [...FIGURES, ...METHODS, ...LOCATIONS, ...LAST],
};

/** nchan_publisher_upstream_request: an application decides what becomes of a message (spec/hooks.md §3). */
import type { Area, Case, Step } from '../case.ts';
import {
  application,
  del,
  frame,
  get,
  pause,
  post,
  sendBinary,
  sendText,
  subscribe,
  through,
  websocket,
} from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

const STATUSES = [200, 201, 202, 203, 204, 206, 299, 302, 304, 400, 401, 403, 404, 500, 503];

/** A message, what it was asked, and what there is then. */
const published = (query: string, body: string, headers: readonly string[] = []): readonly Step[] => [
  post(`/up-pub/{c}?${query}`, body, { headers }),
  application(1),
  get('/poll/{c}'),
];

const byStatus: readonly Case[] = STATUSES.flatMap((status) => [
  {
    name: `HTTP: ${status} with a body`,
    steps: published(`status=${status}&body=theirs&header=Content-Type:x/y`, 'mine', ['Content-Type: a/b']),
  },
  {
    name: `WebSocket: ${status} with a body`,
    steps: [
      ...websocket('a', `/up-ws/{c}?status=${status}&body=theirs&header=Content-Type:x/y`, [
        'Content-Type: a/b',
      ]),
      sendText('a', 'mine'),
      application(1),
      ...(status === 204 ? [] : [frame('a')]),
      get('/poll/{c}'),
    ],
  },
]);

const answers: readonly Case[] = [
  { name: 'HTTP: an answer without a type', steps: published('body=theirs', 'mine', ['Content-Type: a/b']) },
  { name: 'HTTP: an empty answer', steps: published('status=200', 'mine', ['Content-Type: a/b']) },
  { name: 'HTTP: an empty answer 201', steps: published('status=201', 'mine') },
  { name: 'HTTP: an answer in chunks', steps: published('chunked=theirs', 'mine') },
  { name: 'HTTP: a large answer', differs: 'upstream-large-answer', steps: published('size=60000', 'mine') },
  { name: 'HTTP: no answer', steps: published('drop', 'mine') },
  {
    name: 'HTTP: a header of the answer',
    steps: published('body=x&header=X-Theirs:1&header=Set-Cookie:a=b', 'mine'),
  },
  { name: 'HTTP: headers of a refusal', steps: published('status=403&body=x&header=X-Theirs:1', 'mine') },
  {
    name: 'HTTP: an event in the answer',
    steps: published('body=x&header=X-EventSource-Event:theirs', 'mine'),
  },
  { name: 'HTTP: 304 for an empty message', steps: published('status=304', '') },
  { name: 'HTTP: 200 for an empty message', steps: published('body=theirs', '') },
  { name: 'HTTP: a backend that is not there', steps: [post('/up-nowhere/{c}', 'mine'), get('/poll/{c}')] },
  {
    name: 'HTTP: a location that is not there',
    differs: 'upstream-missing',
    steps: [post('/up-missing/{c}', 'mine'), get('/poll/{c}')],
  },
  {
    name: 'HTTP: a location that returns 200',
    differs: 'upstream-own-answer',
    steps: [post('/up-static/{c}', 'mine'), get('/poll/{c}')],
  },
  {
    name: 'HTTP: a location that returns 403',
    steps: [post('/up-static-403/{c}', 'mine'), get('/poll/{c}')],
  },
  { name: 'HTTP: the address of the publisher', steps: [post('/up-address/{c}', 'mine'), application(1)] },
  {
    name: 'WebSocket: the address of the publisher',
    differs: 'hook-address',
    steps: [...websocket('a', '/up-address/{c}'), sendText('a', 'mine'), application(1)],
  },
  {
    name: 'WebSocket: an answer without a type',
    steps: [
      ...websocket('a', '/up-ws/{c}?body=theirs'),
      sendText('a', 'mine'),
      application(1),
      frame('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'WebSocket: the type of a binary message stays',
    steps: [
      ...websocket('a', '/up-ws/{c}?body=theirs&header=Content-Type:x/y'),
      sendBinary('a', 'mine'),
      application(1),
      frame('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'WebSocket: an empty answer',
    steps: [
      ...websocket('a', '/up-ws/{c}'),
      sendText('a', 'mine'),
      application(1),
      frame('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'WebSocket: an empty message',
    steps: [
      ...websocket('a', '/up-ws/{c}?body=theirs'),
      sendText('a', ''),
      application(1),
      frame('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'WebSocket: an empty message and 304',
    steps: [
      ...websocket('a', '/up-ws/{c}?status=304'),
      sendText('a', ''),
      application(1),
      frame('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'WebSocket: a binary message and 304',
    steps: [
      ...websocket('a', '/up-ws/{c}?status=304'),
      sendBinary('a', Buffer.from([0, 255, 10])),
      application(1),
      frame('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'WebSocket: no answer',
    steps: [
      ...websocket('a', '/up-ws/{c}?drop'),
      sendText('a', 'mine'),
      application(1),
      frame('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'WebSocket: 204 and then nothing',
    steps: [
      ...websocket('a', '/up-ws/{c}?status=204'),
      sendText('a', 'one'),
      sendText('a', 'two'),
      application(2),
      get('/poll/{c}'),
    ],
  },
];

const requests: readonly Case[] = [
  {
    name: 'PUT is asked as POST',
    steps: [
      { ...post('/up-pub/{c}?body=x', 'mine'), method: 'PUT' } as Step,
      application(1),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'GET and DELETE ask nothing',
    steps: [get('/up-pub/{c}'), del('/up-pub/{c}'), pause(300), application(0)],
  },
  {
    name: 'the headers of the publisher',
    steps: published('status=304', 'mine', [
      'Content-Type: a/b; c=d',
      'X-EventSource-Event: news',
      'Cookie: session=1',
      'Authorization: Basic eDp5',
      'X-Custom: a',
      'X-Custom: b',
      'Accept: text/json',
      'User-Agent: ua/1',
      'Accept-Language: de',
      'Range: bytes=0-1',
      'If-Match: x',
    ]),
  },
  {
    name: 'the event of the publisher',
    steps: [
      post('/up-pub/{c}?body=theirs', 'mine', { headers: ['X-EventSource-Event: news'] }),
      application(1),
      subscribe('a', '/es/{c}', EVENTSOURCE),
      through('a', 'data: theirs\n\n'),
    ],
  },
  {
    name: 'a message in chunks',
    steps: [
      {
        ...post('/up-pub/{c}?status=304', '4\r\nmine\r\n0\r\n\r\n'),
        headers: ['Transfer-Encoding: chunked'],
      } as Step,
      application(1),
      get('/poll/{c}'),
    ],
  },
  { name: 'a message of 60,000 bytes', steps: published('status=304', 'y'.repeat(60_000)) },
  { name: 'bytes that are not text', steps: published('status=304', '\0\x01\xff\xfe\r\n') },
  { name: 'a query with encoded characters', steps: published('status=304&a=%20%2F%3F&b=+&c', 'mine') },
  {
    name: 'a publisher over HTTP/1.0',
    steps: [post('/up-pub/{c}?status=304', 'mine', { version: '1.0' }), application(1), get('/poll/{c}')],
  },
  {
    name: 'several channels are one question',
    steps: [
      post('/up-multi/{c}/x{c}?body=theirs', 'mine'),
      application(1),
      get('/poll/{c}'),
      get('/poll/x{c}'),
    ],
  },
  {
    name: 'variables in the URI',
    steps: [post('/up-variables/{c}?status=304&which=other', 'mine'), application(1), get('/poll/{c}')],
  },
  {
    name: 'a subscriber that is a publisher too',
    steps: [
      ...websocket('a', '/up-pubsub/{c}?body=theirs'),
      sendText('a', 'mine'),
      application(1),
      frame('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'a subscriber whose publisher’s channels are others',
    steps: [
      ...websocket('a', '/up-apart/{c}?body=theirs'),
      sendText('a', 'mine'),
      application(1),
      get('/lp/{c}-1'),
      get('/lp/{c}-2'),
      get('/info/{c}'),
    ],
  },
  {
    name: 'the messages of a WebSocket keep their order',
    steps: [
      ...websocket('a', '/up-ws/{c}?status=304&delay=30'),
      ...['one', 'two', 'three', 'four'].map((text) => sendText('a', text)),
      frame('a'),
      frame('a'),
      frame('a'),
      frame('a'),
      application(4),
      subscribe('b', '/es/{c}', EVENTSOURCE),
      through('b', 'data: four\n\n'),
    ],
  },
  {
    name: 'the headers of a WebSocket’s handshake',
    steps: [
      ...websocket('a', '/up-ws/{c}?status=304', ['Cookie: session=1', 'Content-Type: a/b', 'X-Custom: a']),
      sendText('a', 'mine'),
      application(1),
      frame('a'),
      sendBinary('a', 'mine'),
      application(1),
      frame('a'),
    ],
  },
];

const VARIABLES =
  'proxy_set_header X-Variables "$nchan_channel_id|$nchan_channel_id1|$nchan_channel_id2|$nchan_publisher_type|' +
  '$nchan_subscriber_type|$nchan_message_id|$nchan_prev_message_id|$request_uri|$request_method|' +
  '$arg_which|$http_x_custom|$cookie_session|$server_name|$host";';

export const upstreamRequests: Area = {
  title: 'upstream requests',
  locations: {
    'up-pub': 'nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /upstream/$1;',
    'up-ws': 'nchan_publisher websocket; nchan_channel_id $1; nchan_publisher_upstream_request /upstream/$1;',
    'up-pubsub': 'nchan_pubsub; nchan_channel_id $1; nchan_publisher_upstream_request /upstream/$1;',
    'up-apart':
      'nchan_pubsub; nchan_publisher_channel_id $1-1 $1-2; nchan_channel_id $1; nchan_publisher_upstream_request /upstream/$1;',
    'up-nowhere': 'nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /nowhere/$1;',
    'up-missing': 'nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /missing/$1;',
    'up-static': 'nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /static/$1;',
    'up-static-403': 'nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /static-403/$1;',
    'up-address': 'nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /address/$1;',
    'up-multi':
      'nchan_publisher; nchan_channel_id $1; nchan_channel_id_split_delimiter "/"; nchan_publisher_upstream_request /upstream/$1;',
    'up-variables':
      'nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /upstream/$nchan_channel_id/$arg_which;',
  },
  plainLocations: {
    'location /upstream/': `internal; ${VARIABLES} proxy_pass http://application;`,
    'location /nowhere/': 'proxy_pass http://127.0.0.1:9;',
    'location /static/': 'return 200 theirs;',
    'location /static-403/': 'return 403 theirs;',
    'location /address/': 'proxy_set_header X-Address $remote_addr; proxy_pass http://application;',
  },
  cases: [...byStatus, ...answers, ...requests],
};

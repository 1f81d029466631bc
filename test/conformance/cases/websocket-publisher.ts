/** Publishing over WebSocket (spec §3). */
import type { Area, Case } from '../case.ts';
import {
  close,
  del,
  frame,
  get,
  HANDSHAKE,
  pause,
  post,
  response,
  sendBinary,
  sendText,
  subscribe,
  subscribers,
  through,
  websocket,
} from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

const AT = '/ws-publisher/{c}';
const META = ['Sec-WebSocket-Protocol: ws+meta.nchan'];

const formats: readonly Case[] = ['text/plain', 'text/json', 'text/xml', 'text/yaml', 'x/y'].map(
  (format) => ({
    name: `the reply has the format of the handshake: Accept: ${format}`,
    steps: [
      ...websocket('a', AT, [`Accept: ${format}`]),
      sendText('a', 'one'),
      frame('a'),
      sendText('a', 'two'),
      frame('a'),
    ],
  }),
);

const MESSAGES: readonly Case[] = [
  {
    name: 'a text message has no content type',
    steps: [...websocket('a', AT), sendText('a', 'hello'), frame('a'), get('/lp/{c}')],
  },
  {
    name: 'a text message has the content type of the handshake',
    steps: [
      ...websocket('a', AT, ['Content-Type: a/b; c=d']),
      sendText('a', 'hello'),
      frame('a'),
      get('/lp/{c}'),
    ],
  },
  {
    name: 'a binary message is application/octet-stream',
    steps: [
      ...websocket('a', AT, ['Content-Type: a/b']),
      sendBinary('a', Buffer.from([0, 255, 10, 200])),
      frame('a'),
      get('/lp/{c}'),
    ],
  },
  {
    name: 'an empty message',
    steps: [...websocket('a', AT), sendText('a', ''), frame('a'), get('/lp/{c}')],
  },
  {
    name: 'the event of the handshake',
    differs: 'websocket-event',
    steps: [
      ...websocket('a', AT, ['X-EventSource-Event: news']),
      sendText('a', 'hello'),
      frame('a'),
      subscribe('b', '/es/{c}', EVENTSOURCE),
      through('b', 'data: hello\n\n'),
    ],
  },
  {
    name: 'a message of 126 bytes and one of 65,535',
    steps: [
      ...websocket('a', AT),
      sendText('a', 'x'.repeat(126)),
      frame('a'),
      sendText('a', 'y'.repeat(65_535)),
      frame('a'),
      subscribe('b', '/es/{c}', EVENTSOURCE),
      through('b', `${'y'.repeat(126)}\n\n`),
    ],
  },
  {
    name: 'a subscriber is counted in the reply',
    steps: [
      subscribe('b', '/lp/{c}'),
      subscribers(1),
      ...websocket('a', AT),
      sendText('a', 'x'),
      frame('a'),
      response('b'),
    ],
  },
  {
    name: 'a publisher-and-subscriber gets the message and no reply',
    steps: [
      ...websocket('a', '/pubsub/{c}'),
      sendText('a', 'one'),
      sendText('a', 'two'),
      frame('a'),
      frame('a'),
    ],
  },
  {
    name: 'a publisher-and-subscriber with the subprotocol',
    steps: [
      ...websocket('a', '/pubsub/{c}', META),
      sendText('a', 'one'),
      frame('a'),
      sendBinary('a', 'two'),
      frame('a'),
    ],
  },
  {
    name: 'two publisher-and-subscribers get each other’s messages',
    steps: [
      ...websocket('a', '/pubsub/{c}'),
      ...websocket('b', '/pubsub/{c}'),
      subscribers(2),
      sendText('a', 'one'),
      frame('a'),
      frame('b'),
      sendText('b', 'two'),
      frame('a'),
      frame('b'),
    ],
  },
  {
    name: 'without a buffer, subscribers at that time get it',
    differs: 'unbuffered-count',
    steps: [
      subscribe('b', '/lp/{c}'),
      subscribers(1),
      ...websocket('a', '/ws-unbuffered/{c}'),
      sendText('a', 'x'),
      frame('a'),
      response('b'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'the publisher goes on after the channel was deleted',
    steps: [
      ...websocket('a', AT),
      sendText('a', 'one'),
      frame('a'),
      del('/pub/{c}'),
      pause(1_100),
      sendText('a', 'two'),
      frame('a'),
      get('/lp/{c}'),
    ],
  },
];

/** The worker of Nchan crashes at a message whose channel is missing or refused, so nobody sends one. */
const APART: readonly Case[] = [
  {
    name: 'a publisher-and-subscriber publishes to the publisher’s channel',
    steps: [
      subscribe('b', '/lp/{c}-out'),
      subscribers(1, '/info/{c}-out'),
      ...websocket('a', '/ws-apart/{c}'),
      sendText('a', 'mine'),
      response('b'),
      get('/info/{c}-in'),
      post('/pub/{c}-in', 'theirs'),
      frame('a'),
    ],
  },
  {
    name: 'a publisher’s id stands for the common one',
    steps: [
      subscribe('b', '/lp/{c}-out'),
      subscribers(1, '/info/{c}-out'),
      ...websocket('a', '/ws-apart-out/{c}'),
      sendText('a', 'mine'),
      response('b'),
      get('/info/{c}'),
      post('/pub/{c}', 'theirs'),
      frame('a'),
    ],
  },
  {
    name: 'a subscriber’s id stands for the common one',
    steps: [
      subscribe('b', '/lp/{c}'),
      subscribers(1),
      ...websocket('a', '/ws-apart-in/{c}'),
      sendText('a', 'mine'),
      response('b'),
      get('/info/{c}-in'),
      post('/pub/{c}-in', 'theirs'),
      frame('a'),
    ],
  },
  {
    name: 'several channels of the publisher’s',
    steps: [
      subscribe('b', '/lp/{c}-1'),
      subscribe('c', '/lp/{c}-2'),
      subscribers(1, '/info/{c}-1'),
      subscribers(1, '/info/{c}-2'),
      ...websocket('a', '/ws-apart-several/{c}'),
      sendText('a', 'mine'),
      response('b'),
      response('c'),
      get('/info/{c}-in'),
      post('/pub/{c}-in', 'theirs'),
      frame('a'),
    ],
  },
  {
    name: 'one of the publisher’s channels is the subscriber’s',
    steps: [
      subscribe('b', '/lp/{c}-out'),
      subscribers(1, '/info/{c}-out'),
      ...websocket('a', '/ws-apart-both/{c}'),
      sendText('a', 'mine'),
      frame('a'),
      response('b'),
    ],
  },
  {
    name: 'the publisher’s id and the subscriber’s are the same',
    steps: [...websocket('a', '/ws-apart-same/{c}'), sendText('a', 'mine'), frame('a')],
  },
  {
    name: 'a publisher’s group is the subscriber’s',
    steps: [
      ...websocket('a', '/ws-apart-grouped/{c}'),
      sendText('a', 'mine'),
      subscribe('b', '/ws-apart-group/{c}-out'),
      response('b'),
    ],
  },
  ...[
    ['missing', 'ws-apart-missing'],
    ['too long', 'ws-apart-long'],
  ].map(([fault, path]) => ({
    name: `a subscriber opens where the publisher’s id is ${fault}`,
    steps: [...websocket('a', `/${path}/{c}`), post('/pub/{c}-in', 'theirs'), frame('a')],
  })),
  {
    name: 'a subscriber does not open where its own id is missing',
    steps: [subscribe('a', '/ws-apart-deaf/{c}', HANDSHAKE), response('a')],
  },
];

export const websocketPublisher: Area = {
  title: 'WebSocket publisher',
  locations: {
    'ws-unbuffered': 'nchan_publisher websocket; nchan_store_messages off; nchan_channel_id $1;',
    'ws-apart': 'nchan_pubsub; nchan_publisher_channel_id $1-out; nchan_subscriber_channel_id $1-in;',
    'ws-apart-out': 'nchan_pubsub; nchan_publisher_channel_id $1-out; nchan_channel_id $1;',
    'ws-apart-in': 'nchan_pubsub; nchan_subscriber_channel_id $1-in; nchan_channel_id $1;',
    'ws-apart-several':
      'nchan_pubsub; nchan_publisher_channel_id $1-1 $1-2; nchan_subscriber_channel_id $1-in;',
    'ws-apart-both': 'nchan_pubsub; nchan_publisher_channel_id $1 $1-out; nchan_subscriber_channel_id $1;',
    'ws-apart-same': 'nchan_pubsub; nchan_publisher_channel_id $1; nchan_subscriber_channel_id $1;',
    'ws-apart-grouped':
      'nchan_pubsub; nchan_channel_group g; nchan_publisher_channel_id $1-out; nchan_channel_id $1;',
    'ws-apart-group': 'nchan_subscriber longpoll; nchan_channel_group g; nchan_channel_id $1;',
    'ws-apart-missing': 'nchan_pubsub; nchan_subscriber_channel_id $1-in;',
    'ws-apart-long':
      'nchan_pubsub; nchan_max_channel_id_length 24; nchan_publisher_channel_id much-longer-than-24-bytes; nchan_subscriber_channel_id $1-in;',
    'ws-apart-deaf': 'nchan_pubsub; nchan_publisher_channel_id $1-out;',
  },
  cases: [
    ...formats,
    ...MESSAGES,
    ...APART,
    {
      name: 'a closed publisher leaves the channel as it is',
      steps: [...websocket('a', AT), sendText('a', 'x'), frame('a'), close('a'), post('/pub/{c}', 'y')],
    },
  ],
};

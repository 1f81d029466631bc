/** Publishing over WebSocket (spec §3). */
import type { Area, Case } from '../case.ts';
import {
  close,
  del,
  frame,
  get,
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

export const websocketPublisher: Area = {
  title: 'WebSocket publisher',
  locations: {
    'ws-unbuffered': 'nchan_publisher websocket; nchan_store_messages off; nchan_channel_id $1;',
  },
  cases: [
    ...formats,
    ...MESSAGES,
    {
      name: 'a closed publisher leaves the channel as it is',
      steps: [...websocket('a', AT), sendText('a', 'x'), frame('a'), close('a'), post('/pub/{c}', 'y')],
    },
  ],
};

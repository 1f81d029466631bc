/** Which message comes after an id, and what is delivered live (spec/message-ids.md §§1, 5, 6). */
import type { Area, Case } from '../case.ts';
import {
  del,
  get,
  nextSecond,
  pause,
  post,
  publish,
  response,
  subscribe,
  subscribers,
  through,
} from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

const trimmed: readonly Case[] = [0, 1, 2, 3, 4, 5].map((number) => ({
  name: `resumes after message ${number} of six when three are kept`,
  steps: [
    ...[0, 1, 2, 3, 4, 5].map((at) => post('/three/{c}', `m${at}`, { as: `m${at}` })),
    subscribe('s', '/es/{c}', [...EVENTSOURCE, `Last-Event-ID: {m${number}}`]),
    subscribers(1),
    publish('last'),
    through('s', 'last\n\n'),
  ],
}));

const LOOKUP: readonly Case[] = [
  {
    name: 'a message of the next second has tag 0',
    steps: [publish('a'), publish('b'), nextSecond, publish('c'), nextSecond, publish('d'), publish('e')],
  },
  {
    name: 'an id between two messages',
    steps: [publish('x', 'a'), nextSecond, publish('y'), get('/poll/{c}', ['Last-Event-ID: {a.time}:7'])],
  },
  {
    name: 'an id of a second without messages',
    steps: [
      publish('x', 'a'),
      nextSecond,
      nextSecond,
      publish('y'),
      get('/poll/{c}', ['Last-Event-ID: {a.time+1}:0']),
    ],
  },
  {
    name: 'an id on a channel that does not exist waits for the next message',
    steps: [
      subscribe('a', '/lp/{c}', ['Last-Event-ID: 1000000000:0']),
      subscribers(1),
      publish('x'),
      response('a'),
    ],
  },
  {
    name: 'an id of a message that expired',
    steps: [
      post('/short/{c}', 'x', { as: 'a' }),
      get('/poll/{c}'),
      pause(2_200),
      get('/poll/{c}'),
      get('/poll/{c}', ['Last-Event-ID: {a}']),
    ],
  },
  {
    name: 'a subscriber with the id of a message that expired gets the next',
    steps: [
      post('/short/{c}', 'x', { as: 'a' }),
      pause(2_200),
      subscribe('a', '/lp/{c}', ['Last-Event-ID: {a}']),
      subscribers(1),
      publish('y'),
      response('a'),
    ],
  },
  {
    name: 'a long-lived message keeps a short-lived one behind it',
    steps: [
      publish('x', 'a'),
      post('/short/{c}', 'y'),
      pause(2_200),
      get('/info/{c}'),
      get('/poll/{c}', ['Last-Event-ID: {a}']),
      get('/info/{c}'),
    ],
  },
  {
    name: 'an expired message is not counted in the information',
    steps: [post('/short/{c}', 'x'), pause(2_200), get('/info/{c}')],
  },
  {
    name: 'an expired message is not counted for the next publisher',
    steps: [post('/short/{c}', 'x'), pause(2_200), publish('y')],
  },
  {
    name: 'expired messages are not counted while somebody subscribes',
    steps: [
      subscribe('s', '/es/{c}', EVENTSOURCE),
      subscribers(1),
      post('/short/{c}', 'x'),
      post('/short/{c}', 'y'),
      pause(2_200),
      get('/info/{c}'),
    ],
  },
  {
    name: 'an expired message is not counted at its deletion',
    steps: [post('/short/{c}', 'x'), pause(2_200), del('/pub/{c}')],
  },
  {
    name: 'an id from the future',
    differs: 'future-ids',
    steps: [
      publish('old'),
      subscribe('a', '/impatient/{c}', ['Last-Event-ID: 2147483647:0']),
      subscribers(1),
      publish('x'),
      response('a'),
    ],
  },
  {
    name: 'an id from the future on an empty channel',
    steps: [
      subscribe('a', '/impatient/{c}', ['Last-Event-ID: 2147483647:0']),
      subscribers(1),
      publish('x'),
      response('a'),
    ],
  },
  {
    name: 'an id from the future has nothing in the buffer',
    steps: [publish('x'), get('/poll/{c}', ['Last-Event-ID: 2147483647:0'])],
  },
  {
    name: 'a tag beyond the newest of its second waits',
    steps: [publish('x', 'a'), get('/poll/{c}', ['Last-Event-ID: {a.time}:30000'])],
  },
  {
    name: 'messages with and without a buffer in one second',
    differs: 'ids-mixed-buffers',
    steps: [
      subscribe('s', '/es/{c}', EVENTSOURCE),
      subscribers(1),
      post('/unbuffered/{c}', 'u0'),
      publish('b0'),
      publish('b1'),
      post('/unbuffered/{c}', 'u1'),
      publish('b2'),
      nextSecond,
      publish('last'),
      through('s', 'last\n\n'),
    ],
  },
  {
    name: 'messages without a buffer, live',
    steps: [
      subscribe('s', '/es/{c}', EVENTSOURCE),
      subscribers(1),
      post('/unbuffered/{c}', 'u0'),
      post('/unbuffered/{c}', 'u1'),
      nextSecond,
      post('/unbuffered/{c}', 'last'),
      through('s', 'last\n\n'),
    ],
  },
  {
    name: 'a message without a buffer for a long-poll that waits',
    differs: 'unbuffered-count',
    steps: [
      subscribe('a', '/lp/{c}'),
      subscribers(1),
      post('/unbuffered/{c}', 'u0'),
      response('a'),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'a deleted channel starts anew',
    steps: [
      publish('x', 'a'),
      del('/pub/{c}'),
      nextSecond,
      publish('y'),
      get('/poll/{c}', ['Last-Event-ID: {a}']),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'a waiting subscriber is passed over by no message',
    steps: [
      publish('m0', 'a'),
      publish('m1', 'b'),
      subscribe('s', '/lp/{c}', ['Last-Event-ID: {b}']),
      subscribers(1),
      subscribe('t', '/es/{c}', [...EVENTSOURCE, 'Last-Event-ID: {a}']),
      subscribers(2),
      publish('last'),
      response('s'),
      through('t', 'last\n\n'),
    ],
  },
];

export const messageLookup: Area = {
  title: 'next message',
  locations: {
    short: 'nchan_publisher; nchan_message_timeout 1s; nchan_channel_id $1;',
  },
  cases: [...trimmed, ...LOOKUP],
};

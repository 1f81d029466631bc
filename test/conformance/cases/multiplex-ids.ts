/** Ids of several channels: their written forms, and how each transport shows them (spec/message-ids.md §2). */
import type { Area, Case, Step } from '../case.ts';
import { frame, get, head, response, subscribe, subscribers, through, websocket } from '../steps.ts';
import { CHUNKED, MULTIPART } from './common.ts';
import { LAST, on, sequence } from './multiplex-common.ts';

/** Tags of an id at the time of two messages in each of three channels; what comes next is compared. */
const TAGS = [
  '0',
  '[0]',
  '[0],-',
  '[0],-,-',
  '[0],-1,-1',
  ' [0], -, -',
  '[0',
  '',
  '[0],0,0',
  '[0],,',
  '[0],x,y',
  '[-],-,-',
  '[-1],0,0',
  '[1],-,-',
  '[1],1,-',
  '[1],1,0',
  '1,1,[0]',
  '1,1,[1]',
  '-,[0],-',
  '-,-,[1]',
  '0,0,0',
  '-,-,-',
  '[0],[0],0',
  '0]',
  '0,0],0',
  '[0],0,0,0',
  '"[0]",-,-',
  'W/"[0],-,-"',
  '[5],5,5',
];
const SIX: readonly Step[] = [
  on('a', 'a0', 'm'),
  on('b', 'b0'),
  on('c', 'c0'),
  on('a', 'a1'),
  on('b', 'b1'),
  on('c', 'c1'),
];
const tags: readonly Case[] = TAGS.flatMap((text) => [
  {
    name: `the tags ${text} in Last-Event-ID`,
    steps: [...SIX, get('/multi-poll/{c}', [`Last-Event-ID: {m.time}:${text}`])],
  },
  {
    name: `the tags ${text} in If-None-Match`,
    steps: [...SIX, get('/multi-poll/{c}', ['If-Modified-Since: {m.date}', `If-None-Match: ${text}`])],
  },
]);

/** Times of an id with tags. */
const IDS = [
  '0:0',
  '0:[0],0,0',
  '-1:[0],-,-',
  'abc:[0],-,-',
  '1:[0],-,-',
  '{m.time-1}:[5],5,5',
  '{m.time-1}:[0],-,-',
];
const ids: readonly Case[] = IDS.map((id) => ({
  name: `the id ${id}`,
  steps: [...SIX, get('/multi-poll/{c}', [`Last-Event-ID: ${id}`])],
}));

/** How each transport shows the id of a multiplexed message. */
const SHOWN: readonly Case[] = [
  {
    name: 'long-poll',
    steps: [
      ...sequence('ba'),
      get('/multi-sub/{c}', [], { as: 'm' }),
      get('/multi-sub/{c}', ['If-Modified-Since: {m.date}', 'If-None-Match: {m.tag}'], { as: 'n' }),
      subscribe('l', '/multi-sub/{c}', ['If-Modified-Since: {n.date}', 'If-None-Match: {n.tag}']),
      subscribers(1, '/multi-pub/{c}'),
      on('c', 'c'),
      response('l'),
    ],
  },
  {
    name: 'interval-poll with nothing new',
    steps: [
      ...sequence('b'),
      get('/multi-poll/{c}', [], { as: 'm' }),
      get('/multi-poll/{c}', ['Last-Event-ID: {m}']),
    ],
  },
  {
    name: 'multipart',
    differs: 'multiplexed-multipart',
    steps: [
      subscribe('s', '/multi-sub/{c}', MULTIPART),
      head('s'),
      subscribers(1, '/multi-pub/{c}'),
      ...sequence('bac'),
      on('a', LAST),
      through('s', LAST),
    ],
  },
  {
    name: 'chunked',
    steps: [...sequence('bac'), on('c', LAST), subscribe('s', '/multi-sub/{c}', CHUNKED), through('s', LAST)],
  },
  {
    name: 'WebSocket with the subprotocol',
    steps: [
      on('b', 'b'),
      ...websocket('s', '/multi-sub/{c}', ['Sec-WebSocket-Protocol: ws+meta.nchan']),
      frame('s'),
      subscribers(1, '/multi-pub/{c}'),
      on('a', 'a'),
      frame('s'),
      on('b', 'b'),
      frame('s'),
    ],
  },
  {
    name: 'compound Etag',
    steps: [
      ...sequence('ba'),
      get('/multi-compound/{c}', [], { as: 'm' }),
      get('/multi-compound/{c}', ['If-None-Match: {m}']),
    ],
  },
  {
    name: 'long-poll multipart',
    steps: [...sequence('bac|ab'), get('/multi-lp-on/{c}')],
  },
];

export const multiplexIds: Area = {
  title: 'several channels: ids',
  locations: {
    'multi-lp-on':
      'nchan_subscriber longpoll; nchan_longpoll_multipart_response on; nchan_channel_id $1-a $1-b $1-c;',
    'multi-compound':
      'nchan_subscriber; nchan_subscriber_compound_etag_message_id on; nchan_channel_id $1-a $1-b $1-c;',
  },
  cases: [...tags, ...ids, ...SHOWN.map((one) => ({ ...one, name: `the id in ${one.name}` }))],
};

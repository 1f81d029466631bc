/** Subscribing to several channels at once: starts, ends, unusual lists. */
import type { Area, Case, Step } from '../case.ts';
import { del, get, post, publish, response, subscribe, subscribers, through } from '../steps.ts';
import { EVENTSOURCE } from './common.ts';
import { event, LAST, MULTI_LOCATIONS, on, sequence } from './multiplex-common.ts';

/** Where a subscriber without an id starts; each channel gives its own Nth message. */
const STARTS = ['newest', '2', '3', '-1', '-2'];
const starts: readonly Case[] = STARTS.map((start) => ({
  name: `starts at ${start}`,
  differs: 'multiplexed-start',
  steps: [
    ...sequence('aaabbc'),
    subscribe('s', `/multi-from${start}/{c}`, EVENTSOURCE),
    subscribers(1, '/multi-pub/{c}'),
    on('b', LAST),
    through('s', `data: ${LAST}\n\n`),
  ],
}));

/** Polls again and again with the id of the answer before, which the first one remembered as `m0`. */
const pollOn = (times: number): readonly Step[] =>
  Array.from({ length: times }, (_, at) =>
    get('/multi-poll/{c}', [`Last-Event-ID: {m${at}}`], { as: `m${at + 1}` }),
  );
const polls: readonly Case[] = [
  ...STARTS.filter((start) => start !== 'newest').map((start) => ({
    name: `polls that start at ${start}`,
    differs: 'multiplexed-start',
    steps: [...sequence('aaabbc'), get(`/multi-pollfrom${start}/{c}`, [], { as: 'm0' }), ...pollOn(6)],
  })),
  {
    name: 'a poll after a long-poll that started at newest',
    differs: 'multiplexed-start',
    steps: [
      ...sequence('aaabbc'),
      subscribe('l', '/multi-fromnewest/{c}'),
      subscribers(1, '/multi-pub/{c}'),
      on('b', LAST),
      response('l', 'm0'),
      ...pollOn(1),
    ],
  },
  {
    // An id has one time: b's start, in the second after a's, is not in a's id.
    name: 'polls that start at 3, in different seconds',
    steps: [...sequence('aaa|bb'), get('/multi-pollfrom3/{c}', [], { as: 'm0' }), ...pollOn(3)],
  },
];

const EVENTS: readonly Case[] = [
  {
    name: 'starts at newest, on empty channels',
    steps: [
      subscribe('s', '/multi-fromnewest/{c}', EVENTSOURCE),
      subscribers(1, '/multi-pub/{c}'),
      ...sequence('ab'),
      on('c', LAST),
      through('s', `data: ${LAST}\n\n`),
    ],
  },
  {
    name: 'a subscriber counts in each channel',
    steps: [
      subscribe('s', '/multi-sub/{c}', EVENTSOURCE),
      subscribers(1, '/multi-pub/{c}'),
      on('b', 'x'),
      get('/multi-pub/{c}'),
    ],
  },
  {
    name: 'a subscriber counts as a request to each channel',
    differs: 'multiplexed-requests',
    steps: [
      subscribe('s', '/multi-sub/{c}', EVENTSOURCE),
      subscribers(1, '/multi-pub/{c}'),
      publish('x', undefined, '{c}-b'),
    ],
  },
  {
    name: 'one of the channels is deleted',
    steps: [
      subscribe('s', '/multi-sub/{c}', EVENTSOURCE),
      through('s', ': hi\n\n'),
      subscribers(1, '/multi-pub/{c}'),
      { ...del('/pub/{c}-b'), unseen: true },
      event('s'),
    ],
  },
  { name: 'a timeout', steps: [get('/multi-impatient/{c}')] },
  {
    name: 'a timeout with an id',
    steps: [
      ...sequence('b'),
      get('/multi-poll/{c}', [], { as: 'm' }),
      get('/multi-impatient/{c}', ['Last-Event-ID: {m}']),
    ],
  },
  {
    name: 'the same channel twice, from the buffer',
    steps: [
      on('a', '1'),
      on('a', LAST),
      subscribe('s', '/split-sub/{c}-a,{c}-a', EVENTSOURCE),
      through('s', `data: ${LAST}\n\n`),
      event('s'),
    ],
  },
  {
    name: 'four channels, live',
    steps: [
      subscribe('s', '/split-sub/{c}-a,{c}-b,{c}-c,{c}-d', EVENTSOURCE),
      through('s', ': hi\n\n'),
      subscribers(1, '/split/{c}-a,{c}-b,{c}-c,{c}-d'),
      ...['d', 'a', 'c', 'b', 'd'].flatMap((letter) => [on(letter, letter), event('s')]),
    ],
  },
  {
    name: 'subscribers to overlapping lists',
    steps: [
      subscribe('s', '/split-sub/{c}-a,{c}-b', EVENTSOURCE),
      through('s', ': hi\n\n'),
      subscribe('t', '/split-sub/{c}-b,{c}-a', EVENTSOURCE),
      through('t', ': hi\n\n'),
      subscribers(1, '/split/{c}-a,{c}-b'),
      subscribers(1, '/split/{c}-b,{c}-a'),
      ...['a', 'b', 'b'].flatMap((letter) => [on(letter, letter), event('s'), event('t')]),
    ],
  },
  {
    name: 'after a trimmed buffer it goes on with what is kept',
    steps: [
      ...['1', '2', '3', '4', '5'].map((body): Step => on('a', body)),
      get('/multi-poll/{c}', [], { as: 'm' }),
      ...['6', '7'].map((body): Step => post('/three/{c}-a', body, { unseen: true })),
      get('/multi-poll/{c}', ['Last-Event-ID: {m}']),
    ],
  },
];

export const multiplex: Area = {
  title: 'several channels: subscriber',
  locations: {
    ...MULTI_LOCATIONS,
    'multi-impatient': 'nchan_subscriber; nchan_subscriber_timeout 1; nchan_channel_id $1-a $1-b $1-c;',
    ...Object.fromEntries(
      STARTS.flatMap((start) => {
        const rest = `nchan_subscriber_first_message ${start}; nchan_channel_id $1-a $1-b $1-c;`;
        return [
          [`multi-from${start}`, `nchan_subscriber; ${rest}`],
          [`multi-pollfrom${start}`, `nchan_subscriber poll; ${rest}`],
        ];
      }),
    ),
  },
  cases: [...starts, ...polls, ...EVENTS],
};

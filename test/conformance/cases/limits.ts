/** Limits on subscribers and channels (spec §9). */
import type { Area, Case, Step } from '../case.ts';
import { close, get, HANDSHAKE, head, publish, subscribe, subscribers } from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

const KINDS: Readonly<Record<string, readonly string[]>> = {
  'a long-poll': [],
  'an EventSource': EVENTSOURCE,
  'a WebSocket': HANDSHAKE,
};

/** Two subscribers, once they are counted. */
const two = (at: string): readonly Step[] => [
  subscribe('a', at, EVENTSOURCE),
  subscribe('b', at, EVENTSOURCE),
  subscribers(2),
];

const perKind: readonly Case[] = Object.entries(KINDS).flatMap(([kind, headers]) => [
  {
    name: `existing channels only: ${kind} to one that does not exist`,
    steps: [get('/existing/{c}', headers)],
  },
  {
    name: `existing channels only: ${kind} with an origin`,
    steps: [get('/existing/{c}', [...headers, 'Origin: http://o.com'])],
  },
  {
    name: `two subscribers at most: ${kind} as the third`,
    steps: [...two('/two-subscribers/{c}'), get('/two-subscribers/{c}', headers)],
  },
]);

export const limits: Area = {
  title: 'limits',
  locations: {
    existing: 'nchan_subscriber; nchan_subscribe_existing_channels_only on; nchan_channel_id $1;',
    'existing-poll': 'nchan_subscriber poll; nchan_subscribe_existing_channels_only on; nchan_channel_id $1;',
    'existing-list':
      'nchan_subscriber; nchan_subscribe_existing_channels_only on; nchan_channel_id_split_delimiter ","; nchan_channel_id $1;',
    'two-in-list':
      'nchan_subscriber; nchan_max_channel_subscribers 2; nchan_channel_id_split_delimiter ","; nchan_channel_id $1;',
    'one-poller': 'nchan_subscriber poll; nchan_max_channel_subscribers 1; nchan_channel_id $1;',
    'two-subscribers': 'nchan_subscriber; nchan_max_channel_subscribers 2; nchan_channel_id $1;',
  },
  cases: [
    ...perKind,
    { name: 'existing channels only: an interval-poll', steps: [get('/existing-poll/{c}')] },
    {
      name: 'existing channels only: two, of which one does not exist',
      steps: [publish('x'), get('/existing-list/{c},{c}-b')],
    },
    {
      name: 'existing channels only: two that exist',
      differs: 'existing-lists',
      steps: [publish('x'), publish('y', undefined, '{c}-b'), get('/existing-list/{c},{c}-b')],
    },
    {
      name: 'existing channels only: one that only a subscriber made',
      steps: [
        subscribe('a', '/es/{c}', EVENTSOURCE),
        subscribers(1),
        subscribe('b', '/existing/{c}', EVENTSOURCE),
        head('b'),
      ],
    },
    {
      name: 'two subscribers at most: others count, too',
      steps: [...two('/es/{c}'), get('/two-subscribers/{c}', EVENTSOURCE)],
    },
    {
      name: 'two subscribers at most: those of a list count for its channels',
      steps: [...two('/two-in-list/{c},{c}-b'), get('/two-subscribers/{c}', EVENTSOURCE)],
    },
    {
      name: 'two subscribers at most: a third of a list',
      steps: [...two('/two-in-list/{c},{c}-b'), get('/two-in-list/{c},{c}-b', EVENTSOURCE)],
    },
    {
      name: 'two subscribers at most: those of a channel do not count for a list',
      steps: [
        ...two('/two-subscribers/{c}'),
        subscribe('c', '/two-in-list/{c},{c}-b', EVENTSOURCE),
        head('c'),
      ],
    },
    {
      name: 'one subscriber at most: an interval-poll counts as one',
      steps: [publish('x'), subscribe('a', '/es/{c}', EVENTSOURCE), subscribers(1), get('/one-poller/{c}')],
    },
    { name: 'existing channels only: one that exists', steps: [publish('x'), get('/existing/{c}')] },
    {
      name: 'two subscribers at most: the third when one has left',
      steps: [
        publish('x'),
        ...two('/two-subscribers/{c}'),
        close('a'),
        subscribers(1),
        get('/two-subscribers/{c}'),
      ],
    },
  ],
};

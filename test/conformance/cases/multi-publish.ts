/** Publishing to, asking about and deleting several channels at once (spec §2.5). */
import type { Area, Case } from '../case.ts';
import { del, get, head, options, post, publish, subscribe, subscribers } from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

const THREE = ['a', 'b', 'c'];
const all = THREE.map((name) => get(`/info/{c}-${name}`));

const formats: readonly Case[] = ['text/plain', 'text/json', 'text/xml', 'text/yaml'].flatMap((format) => {
  const headers = [`Accept: ${format}`];
  return [
    {
      name: `${format}: an answer to a publisher`,
      steps: [post('/multi-pub/{c}', 'x', { headers }), ...all],
    },
    { name: `${format}: a deletion of nothing`, steps: [del('/multi-pub/{c}', headers)] },
    {
      name: `${format}: a deletion`,
      differs: 'multi-delete-count',
      steps: [publish('x', undefined, '{c}-b'), del('/multi-pub/{c}', headers), get('/poll/{c}-b')],
    },
    {
      name: `${format}: channel information while somebody subscribes to the same list`,
      steps: [
        subscribe('a', '/multi-sub/{c}', EVENTSOURCE),
        head('a'),
        subscribers(1, '/multi-pub/{c}'),
        get('/multi-pub/{c}', headers),
      ],
    },
  ];
});

/** Lists at a location that splits at commas, with the channels to look at afterwards, in a group of their own. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  'p,q': ['p', 'q', 'p,q'],
  'p,': ['p', 'p,'],
  ',p': ['', 'p', ',p'],
  'p,,q': ['p', '', 'q'],
  'p,q,': ['p', 'q', 'q,'],
  ',': ['', ','],
  'p,p': ['p'],
  'p,p,p': ['p'],
};
const GROUP = '?group={c}';
const lists: readonly Case[] = Object.entries(LISTS).flatMap(([list, channels]) => [
  {
    name: `publishing to "${list}"`,
    steps: [
      post(`/split/${list}${GROUP}`, 'x'),
      ...channels.map((channel) => get(`/info-in/${channel}${GROUP}`)),
    ],
  },
  { name: `deleting "${list}"`, steps: [del(`/split/${list}${GROUP}`)] },
  { name: `information about "${list}"`, steps: [get(`/split/${list}${GROUP}`)] },
]);

const COUNTS: readonly Case[] = [
  {
    name: 'messages are the most of any channel',
    steps: [
      publish('x', undefined, '{c}-b'),
      publish('x', undefined, '{c}-b'),
      publish('x', undefined, '{c}-c'),
      post('/multi-pub/{c}', 'x'),
    ],
  },
  {
    name: 'subscribers are added up',
    steps: [
      subscribe('a', '/es/{c}-a', EVENTSOURCE),
      subscribe('b', '/es/{c}-b', EVENTSOURCE),
      subscribe('c', '/es/{c}-b', EVENTSOURCE),
      subscribers(1, '/info/{c}-a'),
      subscribers(2, '/info/{c}-b'),
      post('/multi-pub/{c}', 'x'),
    ],
  },
  {
    name: 'a deletion tells the subscribers before it',
    steps: [
      subscribe('a', '/lp/{c}-a'),
      subscribe('b', '/lp/{c}-b'),
      subscribers(1, '/info/{c}-a'),
      subscribers(1, '/info/{c}-b'),
      del('/multi-pub/{c}'),
    ],
  },
  {
    name: 'channel information without a subscriber to the list',
    steps: [post('/multi-pub/{c}', 'x'), get('/multi-pub/{c}')],
  },
  {
    name: 'channel information while somebody subscribes to the list in another order',
    steps: [
      subscribe('a', '/split-sub/{c}-b,{c}-a', EVENTSOURCE),
      subscribers(1, '/split/{c}-b,{c}-a'),
      get('/split/{c}-a,{c}-b'),
    ],
  },
  {
    name: 'OPTIONS',
    steps: [options('/multi-pub/{c}', ['Origin: http://o.com'])],
  },
  {
    name: 'arguments and a delimiter together',
    steps: [
      post('/arguments-and-split/{c}-p,{c}-q', 'x'),
      ...['{c}-p', '{c}-q', '{c}-p,{c}-q-z'].map((channel) => get(`/info/${channel}`)),
      get('/info/{c}-q-z'),
    ],
  },
  {
    name: 'seven channels',
    steps: [post('/seven/{c}', 'x'), ...['1', '4', '7'].map((n) => get(`/info/{c}-${n}`))],
  },
  {
    name: '255 channels',
    steps: [post(`/split/${Array.from({ length: 255 }, (_, at) => `{c}-${at}`).join(',')}`, 'x')],
  },
  {
    name: '256 channels',
    steps: [post(`/split/${Array.from({ length: 256 }, (_, at) => `{c}-${at}`).join(',')}`, 'x')],
  },
  { name: 'the length of an id counts before it is split', steps: [post('/brief-split/1234,6789', 'x')] },
  {
    name: 'other channels for publishers than for subscribers',
    steps: [post('/apart/{c}', 'x'), get('/info/{c}-p'), get('/info/{c}-s'), get('/apart/{c}', EVENTSOURCE)],
  },
];

export const multiPublish: Area = {
  title: 'several channels: publisher',
  locations: {
    split:
      'nchan_publisher http; nchan_channel_group $arg_group; nchan_channel_id $1; nchan_channel_id_split_delimiter ","; nchan_max_channel_id_length 8000;',
    'info-in': 'nchan_publisher http; nchan_channel_group $arg_group; nchan_channel_id $1;',
    'split-sub': 'nchan_subscriber; nchan_channel_id $1; nchan_channel_id_split_delimiter ",";',
    'brief-split':
      'nchan_publisher http; nchan_channel_id $1; nchan_channel_id_split_delimiter ","; nchan_max_channel_id_length 8;',
    'arguments-and-split':
      'nchan_publisher http; nchan_channel_id $1 $1-z; nchan_channel_id_split_delimiter ",";',
    seven: 'nchan_publisher http; nchan_channel_id $1-1 $1-2 $1-3 $1-4 $1-5 $1-6 $1-7;',
    apart:
      'nchan_publisher http; nchan_subscriber poll; nchan_publisher_channel_id $1-p; nchan_subscriber_channel_id $1-s; nchan_channel_id $1;',
  },
  cases: [...formats, ...lists, ...COUNTS],
};

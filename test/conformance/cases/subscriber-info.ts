/**
 * nchan_subscriber_info: who subscribes to a channel (spec/hooks.md §5). The area is not one of cases/index.ts: it is
 * played by itself, since it crashes Nchan now and then.
 */
import type { Area, Case, Step } from '../case.ts';
import {
  call,
  close,
  feed,
  frame,
  get,
  HANDSHAKE,
  head,
  options,
  pause,
  post,
  response,
  subscribe,
  subscribers,
  through,
  websocket,
} from '../steps.ts';
import { CHUNKED, EVENTSOURCE, MULTIPART } from './common.ts';

const SUBSCRIBERS: readonly { name: string; location: string; headers: readonly string[] }[] = [
  { name: 'EventSource', location: 'si-sub', headers: EVENTSOURCE },
  { name: 'chunked', location: 'si-sub', headers: CHUNKED },
  { name: 'multipart', location: 'si-sub', headers: MULTIPART },
  { name: 'raw', location: 'si-raw', headers: [] },
  { name: 'WebSocket', location: 'si-sub', headers: HANDSHAKE },
];

/** Somebody subscribes, and is counted. */
const SUBSCRIBER: readonly Step[] = [
  subscribe('a', '/si-sub/{c}?x=1', EVENTSOURCE),
  head('a'),
  subscribers(1),
];

const subscribed: readonly Case[] = [
  ...SUBSCRIBERS.map(
    ({ name, location, headers }): Case => ({
      name: `${name}: a subscriber is told of`,
      steps: [
        subscribe('a', `/${location}/{c}?x=y`, headers),
        head('a'),
        subscribers(1),
        subscribe('i', '/si/{c}'),
        through('i', 'x=y .\n'),
      ],
    }),
  ),
  {
    name: 'long-poll: a subscriber is told of, and waits on',
    steps: [
      subscribe('a', '/si-sub/{c}?x=y'),
      subscribers(1),
      subscribe('i', '/si/{c}'),
      through('i', 'x=y .\n'),
      feed('x'),
      response('a'),
    ],
  },
  {
    name: 'the latest comes first',
    steps: [
      ...['1', '2', '3'].flatMap((x, i): Step[] => [
        subscribe(x, `/si-sub/{c}?x=${x}`, EVENTSOURCE),
        head(x),
        subscribers(i + 1),
      ]),
      subscribe('i', '/si/{c}'),
      through('i', 'x=1 .\n'),
    ],
  },
  {
    name: 'who has left is not told of',
    steps: [
      ...SUBSCRIBER,
      subscribe('b', '/si-sub/{c}?x=2', EVENTSOURCE),
      head('b'),
      subscribers(2),
      close('b'),
      subscribers(1),
      subscribe('i', '/si/{c}'),
      through('i', 'x=1 .\n'),
    ],
  },
  {
    name: 'subscribers to several channels, one of which it is',
    steps: [
      subscribe('a', '/si-two/{c}', EVENTSOURCE),
      head('a'),
      subscribers(1, '/info/{c}-1'),
      subscribe('i', '/si/{c}-1'),
      through('i', '.\n'),
    ],
  },
  {
    name: 'several channels are asked about one after the other',
    steps: [
      subscribe('a', '/si-two/{c}', EVENTSOURCE),
      head('a'),
      subscribers(1, '/info/{c}-1'),
      subscribe('i', '/si-of-two/{c}'),
      through('i', '.\n'),
      through('i', '.\n'),
    ],
  },
  {
    name: 'several who ask have their own answers',
    steps: [
      ...SUBSCRIBER,
      subscribe('i', '/si/{c}'),
      through('i', 'x=1 .\n'),
      subscribe('j', '/si/{c}', EVENTSOURCE),
      through('j', 'x=1 .\n\n'),
      get('/info/{c}'),
    ],
  },
];

const answers: readonly Case[] = [
  {
    name: 'as an event stream',
    steps: [...SUBSCRIBER, subscribe('i', '/si/{c}', EVENTSOURCE), through('i', 'x=1 .\n\n')],
  },
  {
    name: 'in chunks',
    steps: [...SUBSCRIBER, subscribe('i', '/si/{c}', CHUNKED), through('i', 'x=1 .\r\n')],
  },
  {
    name: 'in parts, which have a content type',
    steps: [...SUBSCRIBER, subscribe('i', '/si/{c}', MULTIPART), through('i', 'x=1 .')],
  },
  {
    name: 'over a WebSocket',
    steps: [...SUBSCRIBER, ...websocket('i', '/si/{c}'), frame('i')],
  },
  {
    name: 'over a WebSocket, with ids and content types',
    steps: [
      ...SUBSCRIBER,
      ...websocket('i', '/si/{c}', ['Sec-WebSocket-Protocol: ws+meta.nchan']),
      frame('i'),
    ],
  },
  { name: 'of nobody: an open stream', steps: [subscribe('i', '/si/{c}'), head('i')] },
  {
    name: 'a message id in the request does not matter',
    steps: [subscribe('i', '/si/{c}?last_event_id=zzz', ['If-None-Match: 5']), head('i')],
  },
  {
    name: 'an origin',
    steps: [
      subscribe('i', '/si/{c}', ['Origin: http://a.com']),
      head('i'),
      options('/si-origin/{c}', ['Origin: http://b.com']),
    ],
  },
  { name: 'an origin that is refused', steps: [get('/si-origin/{c}', ['Origin: http://b.com'])] },
  { name: 'OPTIONS', steps: [options('/si/{c}')] },
  { name: 'POST', steps: [post('/si/{c}', 'x')] },
  { name: 'DELETE', steps: [call('DELETE', '/si/{c}')] },
  {
    name: 'a location that subscribes too',
    steps: [...SUBSCRIBER, subscribe('i', '/si-longpoll/{c}'), through('i', 'x=1 .\n')],
  },
  {
    name: 'a channel of a group',
    steps: [
      subscribe('a', '/si-group/{c}', EVENTSOURCE),
      head('a'),
      subscribers(1, '/si-group-info/{c}'),
      subscribe('i', '/si-of-group/{c}'),
      through('i', '.\n'),
    ],
  },
  {
    name: 'who asks makes no events',
    steps: [
      subscribe('m', '/ev-meta/{c}'),
      head('m'),
      subscribe('i', '/si-events/{c}'),
      head('i'),
      close('i'),
      pause(200),
      post('/ev/{c}', 'x', { unseen: true }),
      through('m', 'channel_publish {c}\n'),
    ],
  },
];

const texts: readonly Case[] = [
  {
    name: 'variables of the request',
    steps: [
      subscribe('a', '/si-request/{c}?x=%41', [...EVENTSOURCE, 'User-Agent: é "\\ $nchan_channel_id']),
      head('a'),
      subscribers(1),
      subscribe('i', '/si/{c}'),
      through('i', '.\n'),
    ],
  },
  {
    name: 'message ids before a message',
    steps: [
      subscribe('a', '/si-ids/{c}', EVENTSOURCE),
      head('a'),
      subscribers(1),
      subscribe('i', '/si/{c}'),
      through('i', '.\n'),
    ],
  },
  {
    name: 'message ids after messages',
    differs: 'event-message-id',
    steps: [
      subscribe('a', '/si-ids/{c}', EVENTSOURCE),
      head('a'),
      subscribers(1),
      // Nchan keeps for ever that there was none.
      subscribe('i', '/si/{c}'),
      through('i', '.\n'),
      feed('x'),
      feed('y'),
      through('a', 'data: y\n\n'),
      subscribe('j', '/si/{c}'),
      through('j', '.\n'),
    ],
  },
];

const STRING =
  'nchan_subscriber_info_string "$nchan_subscriber_type $nchan_channel_id $request_uri x=$arg_x .";';

export const subscriberInfo: Area = {
  title: 'subscriber information',
  locations: {
    si: 'nchan_subscriber_info; nchan_channel_id $1;',
    'si-sub': `nchan_pubsub; nchan_channel_id $1; ${STRING}`,
    'si-raw': `nchan_subscriber http-raw-stream; nchan_channel_id $1; ${STRING}`,
    'si-two': `nchan_pubsub; nchan_channel_id $1-1 $1-2; nchan_subscriber_info_string "$nchan_channel_id1 $nchan_channel_id2 .";`,
    'si-of-two': 'nchan_subscriber_info; nchan_channel_id $1-1 $1-2;',
    'si-origin':
      'nchan_subscriber_info; nchan_channel_id $1; nchan_access_control_allow_origin http://a.com;',
    'si-longpoll': 'nchan_subscriber longpoll; nchan_subscriber_info; nchan_channel_id $1;',
    'si-group': 'nchan_pubsub; nchan_channel_group g; nchan_channel_id $1; nchan_subscriber_info_string .;',
    'si-group-info': 'nchan_publisher; nchan_channel_group g; nchan_channel_id $1;',
    'si-of-group': 'nchan_subscriber_info; nchan_channel_group g; nchan_channel_id $1;',
    'si-events': 'nchan_subscriber_info; nchan_channel_id $1; nchan_channel_events_channel_id e$1;',
    'si-request':
      'nchan_pubsub; nchan_channel_id $1; nchan_subscriber_info_string "$request_method|$arg_x|$http_user_agent|${nchan_subscriber_type}$1|$server_protocol|$arg_none|.";',
    'si-ids':
      'nchan_pubsub; nchan_channel_id $1; nchan_subscriber_info_string "$nchan_message_id|$nchan_prev_message_id|.";',
  },
  cases: [...subscribed, ...answers, ...texts],
};

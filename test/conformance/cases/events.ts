/**
 * Channel events: messages about what publishers and subscribers do (spec/hooks.md §6). The area is not one of
 * cases/index.ts, for the reason that subscriber-info.ts has.
 */
import type { Area, Case, Step } from '../case.ts';
import {
  call,
  close,
  del,
  end,
  feed,
  frame,
  get,
  HANDSHAKE,
  head,
  options,
  pause,
  post,
  response,
  sendClose,
  sendText,
  subscribe,
  subscribers,
  through,
  websocket,
} from '../steps.ts';
import { CHUNKED, EVENTSOURCE, MULTIPART } from './common.ts';

/** Listens to the events about the case's channel. */
const listen: readonly Step[] = [subscribe('m', '/ev-meta/{c}'), head('m')];
/** Reads events, up to one of which this is the end. */
const events = (last: string): Step => through('m', `${last}\n`);

const STREAMS: readonly { name: string; location: string; headers: readonly string[] }[] = [
  { name: 'EventSource', location: 'ev', headers: EVENTSOURCE },
  { name: 'chunked', location: 'ev', headers: CHUNKED },
  { name: 'multipart', location: 'ev', headers: MULTIPART },
  { name: 'raw', location: 'ev-raw', headers: [] },
  { name: 'WebSocket', location: 'ev', headers: HANDSHAKE },
];

const streams: readonly Case[] = STREAMS.flatMap(({ name, location, headers }) => [
  {
    name: `${name}: a subscriber comes and goes`,
    steps: [
      ...listen,
      subscribe('a', `/${location}/{c}`, headers),
      head('a'),
      events('subscriber_enqueue {c}'),
      close('a'),
      events('subscriber_dequeue {c}'),
    ],
  },
  {
    name: `${name}: a subscriber is deleted with its channel`,
    steps: [
      ...listen,
      subscribe('a', `/${location}/{c}`, headers),
      head('a'),
      events('subscriber_enqueue {c}'),
      subscribers(1),
      del('/ev/{c}'),
      // Of a WebSocket it comes after the channel's own, of the others before.
      events(name === 'WebSocket' ? 'subscriber_dequeue {c}' : 'channel_delete {c}'),
    ],
  },
  {
    name: `${name}: a subscriber runs out of time`,
    steps: [
      ...listen,
      subscribe('a', `/${location}-impatient/{c}`, headers),
      head('a'),
      events('subscriber_dequeue {c}'),
    ],
  },
]);

const polls: readonly Case[] = [
  {
    name: 'a long-poll that waits for a message',
    steps: [
      ...listen,
      subscribe('a', '/ev/{c}'),
      events('subscriber_enqueue {c}'),
      subscribers(1),
      post('/ev/{c}', 'x', { unseen: true }),
      response('a'),
      events('channel_publish {c}'),
    ],
  },
  {
    name: 'a long-poll that has a message at once',
    steps: [feed('x'), ...listen, get('/ev/{c}'), events('subscriber_dequeue {c}')],
  },
  {
    name: 'a long-poll that is deleted with its channel',
    steps: [
      ...listen,
      subscribe('a', '/ev/{c}'),
      events('subscriber_enqueue {c}'),
      subscribers(1),
      del('/ev/{c}'),
      response('a'),
      events('channel_delete {c}'),
    ],
  },
  {
    name: 'a long-poll that runs out of time',
    steps: [...listen, get('/ev-impatient/{c}'), events('subscriber_dequeue {c}')],
  },
  {
    name: 'a long-poll whose client leaves',
    steps: [
      ...listen,
      subscribe('a', '/ev/{c}'),
      events('subscriber_enqueue {c}'),
      close('a'),
      events('subscriber_dequeue {c}'),
    ],
  },
  {
    name: 'a long-poll for all messages',
    steps: [
      feed('x'),
      feed('y'),
      ...listen,
      call('GET', '/ev-all/{c}', { unseen: true }),
      events('subscriber_dequeue {c}'),
    ],
  },
  {
    name: 'interval-polls, with a message and without',
    steps: [
      ...listen,
      get('/ev-poll/{c}'),
      events('subscriber_dequeue {c}'),
      feed('x'),
      get('/ev-poll/{c}'),
      events('subscriber_dequeue {c}'),
    ],
  },
];

const publishers: readonly Case[] = [
  { name: 'POST', steps: [...listen, post('/ev/{c}', 'x'), events('channel_publish {c}')] },
  {
    name: 'PUT, and nothing of GET',
    steps: [
      ...listen,
      get('/ev-pub/{c}'),
      options('/ev/{c}'),
      call('PUT', '/ev-pub/{c}'),
      events('channel_publish {c}'),
    ],
  },
  {
    name: 'DELETE of a channel, and of none',
    steps: [
      feed('x'),
      ...listen,
      del('/ev/{c}'),
      events('channel_delete {c}'),
      del('/ev/{c}-none'),
      subscribe('n', '/ev-meta/{c}-none'),
      through('n', 'channel_delete {c}-none\n'),
    ],
  },
  {
    name: 'a WebSocket that publishes and nothing else',
    steps: [
      ...listen,
      ...websocket('a', '/ev-pub/{c}'),
      sendText('a', 'x'),
      frame('a'),
      sendClose('a', 1000),
      post('/ev/{c}', 'x', { unseen: true }),
      events('channel_publish {c}'),
      events('channel_publish {c}'),
    ],
  },
  {
    name: 'a WebSocket that publishes and subscribes',
    steps: [
      ...listen,
      ...websocket('a', '/ev/{c}'),
      events('subscriber_enqueue {c}'),
      sendText('a', 'x'),
      frame('a'),
      events('channel_publish {c}'),
    ],
  },
  {
    name: 'several channels at once have one event',
    steps: [
      ...listen,
      subscribe('a', '/ev-multi/{c}', EVENTSOURCE),
      head('a'),
      events('subscriber_enqueue {c}-1 {c}-2'),
      post('/ev-multi/{c}', 'x', { unseen: true }),
      events('channel_publish {c}-1 {c}-2'),
      call('DELETE', '/ev-multi/{c}', { unseen: true }),
      events('channel_delete {c}-1 {c}-2'),
    ],
  },
  {
    name: 'what is refused has no event',
    steps: [
      ...listen,
      get('/ev-refused/{c}?status=403'),
      post('/ev-refused/{c}?status=403', 'x'),
      subscribe('a', '/ev-one/{c}'),
      events('subscriber_enqueue {c}'),
      subscribers(1),
      get('/ev-one/{c}'),
      close('a'),
      events('subscriber_dequeue {c}'),
    ],
  },
  {
    name: 'a message that an application drops has none, one that it changes has',
    steps: [
      ...listen,
      post('/ev-asked/{c}?status=204', 'x'),
      post('/ev-asked/{c}?status=304', 'x'),
      events('channel_publish {c}'),
      post('/ev-asked/{c}?status=403', 'x', { unseen: true }),
      post('/ev-asked/{c}', 'x'),
      events('channel_publish {c}'),
    ],
  },
];

const texts: readonly Case[] = [
  {
    name: 'variables of the request',
    steps: [
      ...listen,
      post('/ev-request/{c}?x=a%20b', 'x', {
        headers: ['X-A: é "\\ $nchan_channel_id', 'Content-Type: t/x'],
      }),
      events('.'),
    ],
  },
  {
    name: 'variables of a publisher',
    steps: [...listen, post('/ev-vars/{c}', 'x'), events('.'), del('/ev-vars/{c}'), events('.')],
  },
  {
    name: 'variables of a WebSocket publisher',
    differs: 'event-message-id',
    steps: [...listen, ...websocket('a', '/ev-vars-pub/{c}'), sendText('a', 'x'), events('.')],
  },
  {
    name: 'variables of a subscriber without messages',
    steps: [
      ...listen,
      subscribe('a', '/ev-vars/{c}', EVENTSOURCE),
      head('a'),
      events('.'),
      close('a'),
      events('.'),
    ],
  },
  {
    name: 'variables of a subscriber with messages',
    differs: 'event-message-id',
    steps: [
      feed('x'),
      feed('y'),
      ...listen,
      subscribe('a', '/ev-vars/{c}', EVENTSOURCE),
      through('a', 'data: y\n\n'),
      events('.'),
      close('a'),
      events('.'),
    ],
  },
  {
    name: 'variables of a subscriber that goes on after a message',
    steps: [
      post('/pub/{c}', 'x', { as: 'a' }),
      ...listen,
      subscribe('a', '/ev-vars/{c}?last_event_id={a}', EVENTSOURCE),
      head('a'),
      events('.'),
    ],
  },
  {
    name: 'figures of a channel in the text',
    differs: 'event-figures',
    steps: [feed('x'), ...listen, post('/ev-figures/{c}', 'y'), events('.')],
  },
  {
    name: 'figures of a channel that is deleted',
    steps: [feed('x'), feed('y'), ...listen, del('/ev-figures/{c}'), events('.')],
  },
  {
    name: "the channel's id may be that of the event",
    steps: [
      subscribe('m', '/ev-meta/{c}-channel_delete'),
      head('m'),
      post('/ev-id/{c}', 'x', { unseen: true }),
      del('/ev-id/{c}'),
      events('channel_delete {c}'),
    ],
  },
  {
    name: 'an empty text is an empty message',
    steps: [...listen, post('/ev-empty/{c}', 'x'), through('m', '\n')],
  },
  {
    name: 'a group does not show in the id',
    steps: [...listen, post('/ev-group/{c}', 'x'), events('channel_publish {c}')],
  },
  {
    name: 'an id with control characters and bytes that are no UTF-8',
    steps: [
      subscribe('m', '/ev-meta/{c}%01%ff%c3%28%22'),
      head('m'),
      post('/ev/{c}%01%ff%c3%28%22', 'x'),
      events('"'),
    ],
  },
];

const meta: readonly Case[] = [
  {
    name: 'events stay for a while',
    steps: [
      post('/ev/{c}', 'x', { unseen: true }),
      post('/ev/{c}', 'x', { unseen: true }),
      pause(100),
      subscribe('a', '/ev-meta-es/{c}', EVENTSOURCE),
      through('a', 'channel_publish {c}\n\n'),
      through('a', 'channel_publish {c}\n\n'),
    ],
  },
  {
    name: 'an event has no content type',
    steps: [
      post('/ev/{c}', 'x', { unseen: true }),
      pause(100),
      get('/ev-meta-poll/{c}'),
      get('/ev-meta-info/{c}', ['Accept: text/json']),
    ],
  },
  {
    name: 'whoever publishes by hand publishes an event',
    steps: [...listen, post('/ev-meta-info/{c}', 'by hand', { unseen: true }), events('by hand')],
  },
  {
    name: 'of those who subscribe in the group of events there are none, of publishers there are',
    steps: [
      subscribe('m', '/ev-meta/m{c}'),
      head('m'),
      subscribe('a', '/ev-of-meta/{c}', EVENTSOURCE),
      head('a'),
      subscribers(1, '/ev-meta-info/-{c}'),
      post('/ev-of-meta/{c}', 'x', { unseen: true }),
      events('channel_publish -{c}'),
      close('a'),
      subscribers(0, '/ev-meta-info/-{c}'),
      del('/ev-of-meta/{c}'),
      events('channel_delete -{c}'),
    ],
  },
  {
    name: 'a deleted channel of events ends those who listen, and goes on',
    steps: [
      ...listen,
      call('DELETE', '/ev-meta-info/{c}', { unseen: true }),
      end('m'),
      subscribe('n', '/ev-meta/{c}'),
      head('n'),
      post('/ev/{c}', 'x', { unseen: true }),
      through('n', 'channel_publish {c}\n'),
    ],
  },
];

const ON = 'nchan_channel_id $1; nchan_channel_events_channel_id e$1;';
const VARS =
  '"$nchan_channel_event|$nchan_channel_id|$nchan_channel_id1|$nchan_channel_id2|$nchan_subscriber_type|' +
  '$nchan_publisher_type|$nchan_message_id|$nchan_prev_message_id|."';
const FIGURES =
  '"$nchan_channel_event|$nchan_channel_subscriber_count|$nchan_channel_message_count|' +
  '$nchan_channel_subscriber_last_seen|."';

export const channelEvents: Area = {
  title: 'channel events',
  locations: {
    ev: `nchan_pubsub; ${ON}`,
    'ev-impatient': `nchan_pubsub; nchan_subscriber_timeout 1; ${ON}`,
    'ev-raw': `nchan_subscriber http-raw-stream; ${ON}`,
    'ev-raw-impatient': `nchan_subscriber http-raw-stream; nchan_subscriber_timeout 1; ${ON}`,
    'ev-poll': `nchan_subscriber poll; ${ON}`,
    'ev-all': `nchan_subscriber longpoll; nchan_longpoll_multipart_response on; ${ON}`,
    'ev-pub': `nchan_publisher; ${ON}`,
    'ev-one': `nchan_pubsub; nchan_max_channel_subscribers 1; ${ON}`,
    'ev-refused': `nchan_pubsub; nchan_authorize_request /auth/ask; ${ON}`,
    'ev-asked': `nchan_publisher; nchan_publisher_upstream_request /upstream/ask; ${ON}`,
    'ev-multi': `nchan_pubsub; nchan_channel_id $1-1 $1-2; nchan_channel_events_channel_id e$1; nchan_channel_event_string "$nchan_channel_event $nchan_channel_id1 $nchan_channel_id2";`,
    'ev-request': `nchan_pubsub; ${ON} nchan_channel_event_string '$nchan_channel_event|$request_method|$arg_x|$http_x_a|\${nchan_channel_id}x$1|$content_type|"\\\\|$args|$arg_none|.';`,
    'ev-vars': `nchan_pubsub; ${ON} nchan_channel_event_string ${VARS};`,
    'ev-vars-pub': `nchan_publisher; ${ON} nchan_channel_event_string ${VARS};`,
    'ev-figures': `nchan_pubsub; ${ON} nchan_channel_event_string ${FIGURES};`,
    'ev-id': 'nchan_pubsub; nchan_channel_id $1; nchan_channel_events_channel_id e$1-$nchan_channel_event;',
    'ev-empty': `nchan_pubsub; ${ON} nchan_channel_event_string "";`,
    'ev-group': `nchan_pubsub; nchan_channel_group g; ${ON}`,
    'ev-meta': 'nchan_subscriber http-raw-stream; nchan_channel_group meta; nchan_channel_id e$1;',
    'ev-meta-es': 'nchan_subscriber eventsource; nchan_channel_group meta; nchan_channel_id e$1;',
    'ev-meta-poll': 'nchan_subscriber poll; nchan_channel_group meta; nchan_channel_id e$1;',
    'ev-meta-info': 'nchan_publisher; nchan_channel_group meta; nchan_channel_id e$1;',
    'ev-of-meta':
      'nchan_pubsub; nchan_channel_group meta; nchan_channel_id e-$1; nchan_channel_events_channel_id em$1; nchan_channel_event_string "$nchan_channel_event -$1";',
  },
  cases: [...streams, ...polls, ...publishers, ...texts, ...meta],
};

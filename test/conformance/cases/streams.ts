/** EventSource, chunked, multipart/mixed and raw streams (spec §§5.4 to 5.6, 5.8). */
import type { Area, Case, Step } from '../case.ts';
import {
  close,
  del,
  end,
  get,
  head,
  pause,
  post,
  publish,
  send,
  subscribe,
  subscribers,
  through,
} from '../steps.ts';
import { CHUNKED, EVENTSOURCE, MULTIPART } from './common.ts';

/** The streaming transports: where, and how a client asks for them. */
const STREAMS: readonly { name: string; location: string; headers: readonly string[] }[] = [
  { name: 'EventSource', location: 'es', headers: EVENTSOURCE },
  { name: 'chunked', location: 'chunked', headers: CHUNKED },
  { name: 'multipart', location: 'multipart', headers: MULTIPART },
  { name: 'raw', location: 'raw', headers: [] },
];

const typed = (body: string, type: string): Step =>
  post('/pub/{c}', body, { headers: [`Content-Type: ${type}`] });
/** Publishes a message by which a reader recognises that all before it has come. */
const LAST = 'last-message';
const untilLast = (on: string): Step => through(on, LAST);

/** Messages that every stream is tried with. */
const MESSAGES: Readonly<Record<string, readonly Step[]>> = {
  'plain messages': [publish('one'), publish('two')],
  'a message of several lines': [publish('a\nb')],
  'a message that ends in a line end': [publish('a\n')],
  'a message with CRLF': [publish('a\r\nb\r\n')],
  'a message with empty lines': [publish('\na\n\n\nb\n\n')],
  'an empty message': [publish(''), publish('x')],
  'messages with content types': [typed('a', 'text/foo; charset=x'), typed('b', 'application/octet-stream')],
  'a message with an event': [
    post('/pub/{c}', 'x', { headers: ['X-EventSource-Event: news'] }),
    publish('no event'),
  ],
  'bytes that are not text': [publish('\0\x01\xff\xfe')],
  'a message that looks like a field': [publish('id: 5\nevent: x\n: y')],
};

const streams: readonly Case[] = STREAMS.flatMap(({ name, location, headers }) => {
  const target = `/${location}/{c}`;
  const impatient = location === 'raw' ? '/impatient-raw/{c}' : '/impatient/{c}';
  return [
    ...Object.entries(MESSAGES).flatMap(([what, steps]) => [
      {
        name: `${name}: ${what}, from the buffer`,
        steps: [...steps, publish(LAST), subscribe('a', target, headers), untilLast('a')],
      },
      {
        name: `${name}: ${what}, live`,
        steps: [
          subscribe('a', target, headers),
          head('a'),
          subscribers(1),
          ...steps,
          publish(LAST),
          untilLast('a'),
        ],
      },
    ]),
    {
      name: `${name}: several subscribers, live`,
      steps: [
        subscribe('a', target, headers),
        subscribe('b', target, headers),
        subscribers(2),
        publish('x'),
        publish(LAST),
        untilLast('a'),
        untilLast('b'),
      ],
    },
    {
      name: `${name}: resumes after an id, buffered and live`,
      steps: [
        publish('a'),
        publish('b', 'm'),
        publish('c'),
        subscribe('a', target, [...headers, 'Last-Event-ID: {m}']),
        subscribers(1),
        publish(LAST),
        untilLast('a'),
      ],
    },
    {
      name: `${name}: a timeout`,
      steps: [subscribe('a', impatient, headers), end('a')],
    },
    {
      name: `${name}: a timeout after messages`,
      steps: [publish('x'), publish(''), publish('y'), subscribe('a', impatient, headers), end('a')],
    },
    {
      name: `${name}: deleted`,
      steps: [subscribe('a', target, headers), subscribers(1), publish('x'), del('/pub/{c}'), end('a')],
    },
    {
      name: `${name}: the client sends more`,
      differs: 'pipelining',
      steps: [
        subscribe('a', target, headers),
        head('a'),
        subscribers(1),
        send('a', 'more'),
        pause(200),
        publish('x'),
        through('a', 'x'),
      ],
    },
    {
      name: `${name}: a client that leaves is forgotten`,
      steps: [subscribe('a', target, headers), subscribers(1), close('a'), subscribers(0), publish('x')],
    },
    {
      name: `${name}: HTTP/1.0`,
      steps: [
        publish('x'),
        send(
          'a',
          `GET ${target} HTTP/1.0\r\nHost: x\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`,
        ),
        subscribers(1),
        del('/pub/{c}'),
        end('a'),
      ],
    },
    {
      name: `${name}: an id of too many channels`,
      steps: [get(target, [...headers, 'If-None-Match: 5:[0],1'])],
    },
  ];
});

/** What an EventSource's pings look like, by location. */
const PINGS = ['ping', 'ping-comment', 'ping-data', 'ping-event', 'ping-all', 'ping-empty'];
const pings: readonly Case[] = PINGS.map((location) => ({
  name: `EventSource pings at /${location}/`,
  steps: [
    subscribe('a', `/${location}/{c}`, EVENTSOURCE),
    through('a', ': hi\n\n'),
    through('a', '\n\n'),
    through('a', '\n\n'),
  ],
}));

const everyHeader: readonly Case[] = STREAMS.filter(({ name }) => name !== 'raw').map(
  ({ name, location, headers }) => ({
    name: `${name}: every header`,
    differs: 'stream-connection',
    everyHeader: true,
    steps: [subscribe('a', `/${location}/{c}`, headers), head('a')],
  }),
);

const EVENTS: readonly Case[] = [
  {
    name: 'EventSource: the subscriber’s location names the event',
    steps: [
      publish('a'),
      post('/pub/{c}', 'b', { headers: ['X-EventSource-Event: mine'] }),
      publish(LAST),
      subscribe('a', '/es-event/{c}', EVENTSOURCE),
      untilLast('a'),
    ],
  },
  {
    name: 'EventSource: the publisher’s location names the event',
    steps: [
      post('/pub-event/{c}', 'a'),
      post('/pub-event/{c}', 'b', { headers: ['X-EventSource-Event: mine'] }),
      publish(LAST),
      subscribe('a', '/es/{c}', EVENTSOURCE),
      untilLast('a'),
    ],
  },
  {
    name: 'EventSource: a message of more than 16 KiB with indentation',
    differs: 'eventsource-large',
    steps: [
      publish(`${'p'.repeat(17_000)}\n\nA\n  B\n\n`),
      publish(LAST),
      subscribe('a', '/es/{c}', EVENTSOURCE),
      untilLast('a'),
    ],
  },
];

const SEPARATORS = ['raw-empty', 'raw-text', 'raw-newline'];
const separators: readonly Case[] = SEPARATORS.map((location) => ({
  name: `raw: the separator of /${location}/`,
  steps: [
    publish('a'),
    publish(''),
    publish('b'),
    publish(LAST),
    subscribe('a', `/${location}/{c}`),
    untilLast('a'),
    subscribers(1),
    del('/pub/{c}'),
    end('a'),
  ],
}));

export const streaming: Area = {
  title: 'streams',
  locations: {
    'es-event': 'nchan_subscriber eventsource; nchan_eventsource_event theirs; nchan_channel_id $1;',
    'pub-event': 'nchan_publisher; nchan_eventsource_event theirs; nchan_channel_id $1;',
    ping: 'nchan_subscriber eventsource; nchan_eventsource_ping_interval 1; nchan_channel_id $1;',
    'ping-comment':
      'nchan_subscriber eventsource; nchan_eventsource_ping_interval 1; nchan_eventsource_ping_comment "a comment"; nchan_channel_id $1;',
    'ping-data':
      'nchan_subscriber eventsource; nchan_eventsource_ping_interval 1; nchan_eventsource_ping_data "some data"; nchan_channel_id $1;',
    'ping-event':
      'nchan_subscriber eventsource; nchan_eventsource_ping_interval 1; nchan_eventsource_ping_event beat; nchan_channel_id $1;',
    'ping-all':
      'nchan_subscriber eventsource; nchan_eventsource_ping_interval 1; nchan_eventsource_ping_comment c; nchan_eventsource_ping_event e; nchan_eventsource_ping_data d; nchan_channel_id $1;',
    'ping-empty':
      'nchan_subscriber eventsource; nchan_eventsource_ping_interval 1; nchan_eventsource_ping_event ""; nchan_channel_id $1;',
    'raw-empty':
      'nchan_subscriber http-raw-stream; nchan_subscriber_http_raw_stream_separator ""; nchan_channel_id $1;',
    'raw-text':
      'nchan_subscriber http-raw-stream; nchan_subscriber_http_raw_stream_separator "===="; nchan_channel_id $1;',
    'raw-newline':
      'nchan_subscriber http-raw-stream; nchan_subscriber_http_raw_stream_separator "==\\n"; nchan_channel_id $1;',
  },
  cases: [...streams, ...everyHeader, ...pings, ...EVENTS, ...separators],
};

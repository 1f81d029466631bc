/** Which transport a subscriber gets (spec §4). */
import type { Area, Case } from '../case.ts';
import { get, HANDSHAKE, publish, subscribe, through, WEBSOCKET_KEY } from '../steps.ts';
import { CHUNKED, EVENTSOURCE, MULTIPART } from './common.ts';

/** A subscriber's answer, read as far as it goes: up to the message, whatever the transport. */
const ask = (name: string, target: string, headers: readonly string[]): Case => ({
  name,
  steps: [publish('message'), subscribe('a', target, headers), through('a', 'message')],
});

/** Values of TE, and whether each asks for the chunked transport. */
const TE = [
  'chunked',
  'Chunked',
  'CHUNKED',
  'trailers, chunked',
  'chunked ',
  'chunked;q=0.5',
  'chunked;q=1.0',
  'chunked;q=10',
  'gzip, chunked;q=0.2',
  'chunked,gzip',
  'chunked; q=0.5',
  'chunked;q=1',
  'chunked;q=0.001',
  'chunked;q=0',
  'chunked;q=0.0',
  'chunked;q=0.5,gzip',
  'chunkedfoo',
  'chunked foo',
  'trailers',
  '',
];

/** Headers in two lines. */
const LINES = [
  ['TE: trailers', 'TE: chunked'],
  ['TE: chunked', 'TE: trailers'],
  ['Accept: application/json', 'Accept: text/event-stream'],
  ['Accept: text/event-stream', 'Accept: application/json'],
];

/** Further headers that ask for each transport where all are served. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  nothing: [],
  eventsource: EVENTSOURCE,
  chunked: CHUNKED,
  multipart: MULTIPART,
  'eventsource and chunked': [...EVENTSOURCE, ...CHUNKED],
  'chunked and multipart': [...MULTIPART, ...CHUNKED],
  'eventsource and multipart': ['Accept: multipart/mixed, text/event-stream'],
};
/** Locations of several transports. */
const SEVERAL: Readonly<Record<string, string>> = {
  'every-transport':
    'nchan_subscriber websocket eventsource longpoll chunked multipart; nchan_subscriber poll http-raw-stream; nchan_channel_id $1;',
  'raw-and-longpoll': 'nchan_subscriber longpoll http-raw-stream; nchan_channel_id $1;',
  'es-and-raw': 'nchan_subscriber http-raw-stream eventsource; nchan_channel_id $1;',
};
const wanted: readonly Case[] = [...Object.keys(SEVERAL), 'sub', 'pubsub', 'lp'].flatMap((location) =>
  Object.entries(WANTED).map(([what, headers]) =>
    ask(`asked for ${what} at /${location}/`, `/${location}/{c}`, headers),
  ),
);

const ACCEPT = [
  'text/event-stream, */*',
  '*/*, text/event-stream;q=0.1',
  'xtext/event-streamx',
  'TEXT/EVENT-STREAM',
  'multipart/mixedx',
  'Multipart/Mixed',
  '*/*',
];

/** Variations of the handshake's two headers, at a location that long-polls otherwise. */
const HANDSHAKES: Readonly<Record<string, readonly string[]>> = {
  'in any case': ['Connection: UPGRADE', 'Upgrade: WebSocket'],
  'after keep-alive': ['Connection: keep-alive, Upgrade', 'Upgrade: websocket'],
  'within a word': ['Connection: notupgrader', 'Upgrade: websocket'],
  'without Connection: upgrade': ['Connection: close', 'Upgrade: websocket'],
  'without Upgrade': ['Connection: Upgrade'],
  'with two protocols in Upgrade': ['Connection: Upgrade', 'Upgrade: websocket, foo'],
  'with another protocol in a second line': ['Connection: Upgrade', 'Upgrade: websocket', 'Upgrade: h2c'],
  'with another protocol': ['Connection: Upgrade', 'Upgrade: h2c'],
};
const handshakes: readonly Case[] = Object.entries(HANDSHAKES).map(([what, headers]) => ({
  name: `a WebSocket handshake ${what}`,
  steps: [
    publish('message'),
    get('/sub/{c}', [...headers, 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`]),
  ],
}));

/** What is asked for, but not served. */
const MISSING: readonly Case[] = [
  { name: 'a plain GET where only WebSocket is served', steps: [get('/ws/{c}')] },
  { name: 'a plain GET where only EventSource is served', steps: [get('/es/{c}')] },
  { name: 'a plain GET where only chunked is served', steps: [get('/chunked/{c}')] },
  { name: 'a plain GET where only multipart is served', steps: [get('/multipart/{c}')] },
  { name: 'a WebSocket where only EventSource is served', steps: [get('/es/{c}', HANDSHAKE)] },
  { name: 'a WebSocket where only raw streams are served', steps: [get('/raw/{c}', HANDSHAKE)] },
  {
    name: 'an EventSource where only long-poll is served',
    steps: [publish('x'), get('/lp/{c}', EVENTSOURCE)],
  },
  {
    name: 'a subscriber at a publisher gets information',
    steps: [publish('x'), get('/pub/{c}', EVENTSOURCE)],
  },
];

export const transports: Area = {
  title: 'choice of the transport',
  locations: SEVERAL,
  cases: [
    ...TE.map((value) => ask(`TE: ${value}`, '/sub/{c}', [`TE: ${value}`])),
    ...LINES.map((headers) => ask(`the lines ${headers.join(' and ')}`, '/sub/{c}', headers)),
    ...wanted,
    ...ACCEPT.map((value) => ask(`Accept: ${value}`, '/sub/{c}', [`Accept: ${value}`])),
    ...handshakes,
    ...MISSING,
  ],
};

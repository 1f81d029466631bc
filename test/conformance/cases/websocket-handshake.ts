/** WebSocket handshakes: what is refused, subprotocols (spec §5.7). */
import type { Area, Case } from '../case.ts';
import { get, HANDSHAKE, WEBSOCKET_KEY, websocket } from '../steps.ts';

const BASE = ['Connection: Upgrade', 'Upgrade: websocket'];
const VERSION = 'Sec-WebSocket-Version: 13';
const KEY = `Sec-WebSocket-Key: ${WEBSOCKET_KEY}`;

/** Handshakes that are refused, or nearly. */
const HANDSHAKES: Readonly<Record<string, readonly string[]>> = {
  'a version and a key': [VERSION, KEY],
  'no version': [KEY],
  'version 8': ['Sec-WebSocket-Version: 8', KEY],
  'version 14': ['Sec-WebSocket-Version: 14', KEY],
  'version x': ['Sec-WebSocket-Version: x', KEY],
  'no key': [VERSION],
  'neither version nor key': [],
};
/** Keys that are none (RFC 6455 §4.2.1). */
const BAD_KEYS = [
  'short',
  'dGhlIHNhbXBsZSBub25jZQ',
  '!!!!!!!!!!!!!!!!!!!!!!==',
  'dGhlIHNhbXBsZSBub25jZTEyMzQ=',
];
const badKeys: readonly Case[] = BAD_KEYS.map((key) => ({
  name: `a handshake with the key ${key}`,
  differs: 'websocket-key',
  steps: [get('/ws/{c}', [...BASE, VERSION, `Sec-WebSocket-Key: ${key}`])],
}));
const handshakes: readonly Case[] = Object.entries(HANDSHAKES).flatMap(([what, headers]) => [
  { name: `a handshake with ${what}`, steps: [get('/ws/{c}', [...BASE, ...headers])] },
  { name: `a publisher’s handshake with ${what}`, steps: [get('/ws-publisher/{c}', [...BASE, ...headers])] },
]);

const PROTOCOLS: Readonly<Record<string, string | undefined>> = {
  'ws+meta.nchan': undefined,
  'ws+meta.nchan, foo': undefined,
  'foo, ws+meta.nchan': 'subprotocol',
  foo: 'subprotocol',
};
const protocols: readonly Case[] = Object.entries(PROTOCOLS).map(([value, differs]) => ({
  name: `Sec-WebSocket-Protocol: ${value}`,
  ...(differs === undefined ? {} : { differs }),
  steps: [get('/ws/{c}', [...HANDSHAKE, `Sec-WebSocket-Protocol: ${value}`])],
}));

export const websocketHandshakes: Area = {
  title: 'WebSocket handshake',
  locations: {},
  cases: [
    ...handshakes,
    ...badKeys,
    ...protocols,
    {
      name: 'every header of the handshake',
      differs: 'handshake-length',
      everyHeader: true,
      steps: [...websocket('a', '/ws/{c}')],
    },
  ],
};

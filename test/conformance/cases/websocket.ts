/** WebSocket subscribers (spec §5.7). */
import type { Area, Case, Step } from '../case.ts';
import {
  close,
  del,
  end,
  frame,
  get,
  HANDSHAKE,
  OPCODE,
  post,
  publish,
  sendBinary,
  sendClose,
  sendFrame,
  sendText,
  subscribers,
  websocket,
} from '../steps.ts';

const META = ['Sec-WebSocket-Protocol: ws+meta.nchan'];
const typed = (body: string, type: string): Step =>
  post('/pub/{c}', body, { headers: [`Content-Type: ${type}`] });
/** Messages, tried from the buffer and live, with and without the subprotocol. */
const MESSAGES: Readonly<Record<string, readonly Step[]>> = {
  'without a content type': [publish('x')],
  'of a content type': [typed('x', 'a/b')],
  'of application/octet-stream': [typed('\0\xff', 'application/octet-stream')],
  'of application/octet-stream with a parameter': [typed('x', 'application/octet-stream; a=b')],
  'that is empty': [publish('')],
  'of 125 bytes': [publish('x'.repeat(125))],
  'of 126 bytes': [publish('x'.repeat(126))],
  'of 65,535 bytes': [publish('x'.repeat(65_535))],
  'of 65,536 bytes': [publish('x'.repeat(65_536))],
};
const messages: readonly Case[] = Object.entries(MESSAGES).flatMap(([what, steps]) =>
  [[], META].flatMap((headers) => {
    const how = headers === META ? ' with the subprotocol' : '';
    return [
      {
        name: `a message ${what}, from the buffer${how}`,
        steps: [...steps, ...websocket('a', '/ws/{c}', headers), frame('a')],
      },
      {
        name: `a message ${what}, live${how}`,
        steps: [...websocket('a', '/ws/{c}', headers), subscribers(1), ...steps, frame('a')],
      },
    ];
  }),
);

/** Closes from the client: code, and the row of the difference if there is one. */
const CLOSES: readonly (readonly [number | undefined, string, string?])[] = [
  [1000, 'bye'],
  [1001, ''],
  [1011, 'reason'],
  [3000, ''],
  [4999, 'x'.repeat(100)],
  [undefined, ''],
];
const closes: readonly Case[] = CLOSES.map(([code, reason]) => ({
  name: `the client closes with ${code ?? 'nothing'} "${reason.slice(0, 8)}"`,
  steps: [...websocket('a', '/ws/{c}'), sendClose('a', code, reason), end('a'), subscribers(0)],
}));
const BAD_CLOSES = [0, 999, 1005, 1006, 5000];
const badCloses: readonly Case[] = BAD_CLOSES.map((code) => ({
  name: `the client closes with ${code}`,
  differs: 'close-codes',
  steps: [...websocket('a', '/ws/{c}'), sendClose('a', code), frame('a')],
}));

const CONTROL: readonly Case[] = [
  {
    name: 'a ping is answered with its payload',
    steps: [...websocket('a', '/ws/{c}'), sendFrame('a', 0x80 | OPCODE.ping, 'payload'), frame('a')],
  },
  {
    name: 'an empty ping is answered',
    steps: [...websocket('a', '/ws/{c}'), sendFrame('a', 0x80 | OPCODE.ping), frame('a')],
  },
  {
    name: 'a ping of 125 bytes is answered',
    steps: [...websocket('a', '/ws/{c}'), sendFrame('a', 0x80 | OPCODE.ping, 'p'.repeat(125)), frame('a')],
  },
  {
    name: 'a ping of 126 bytes',
    differs: 'frame-rules',
    steps: [...websocket('a', '/ws/{c}'), sendFrame('a', 0x80 | OPCODE.ping, 'p'.repeat(126)), frame('a')],
  },
  {
    name: 'a ping of 1,024 bytes',
    differs: 'frame-rules',
    steps: [...websocket('a', '/ws/{c}'), sendFrame('a', 0x80 | OPCODE.ping, 'p'.repeat(1024)), frame('a')],
  },
  {
    name: 'a pong is ignored',
    steps: [
      ...websocket('a', '/ws/{c}'),
      subscribers(1),
      sendFrame('a', 0x80 | OPCODE.pong, 'x'),
      sendFrame('a', 0x80 | OPCODE.ping, 'y'),
      frame('a'),
      publish('x'),
      frame('a'),
    ],
  },
  {
    name: 'an unknown opcode',
    differs: 'unknown-opcode',
    steps: [...websocket('a', '/ws/{c}'), sendFrame('a', 0x8b, 'x'), frame('a')],
  },
  {
    name: 'a text message where nobody may publish',
    differs: 'publish-reason',
    steps: [...websocket('a', '/ws/{c}'), sendText('a', 'x'), frame('a')],
  },
  {
    name: 'a binary message where nobody may publish',
    differs: 'publish-reason',
    steps: [...websocket('a', '/ws/{c}'), sendBinary('a', 'x'), frame('a')],
  },
  {
    name: 'a message where nobody may publish is not published',
    steps: [
      ...websocket('a', '/ws/{c}'),
      subscribers(1),
      sendText('a', 'x'),
      subscribers(0),
      get('/poll/{c}'),
    ],
  },
  {
    name: 'deleted',
    steps: [
      ...websocket('a', '/ws/{c}'),
      subscribers(1),
      del('/pub/{c}'),
      frame('a'),
      sendClose('a', 1001),
      end('a'),
    ],
  },
  {
    name: 'deleted, with a publisher in the same location',
    steps: [...websocket('a', '/pubsub/{c}'), subscribers(1), del('/pub/{c}'), frame('a')],
  },
  {
    name: 'a timeout',
    differs: 'timeout-reason',
    steps: [...websocket('a', '/impatient/{c}'), frame('a')],
  },
  {
    name: 'the server’s ping',
    steps: [...websocket('a', '/ws-ping/{c}'), frame('a'), sendFrame('a', 0x80 | OPCODE.pong), frame('a')],
  },
  {
    name: 'the server’s ping without a pong',
    differs: 'ping-reason',
    steps: [...websocket('a', '/ws-ping/{c}'), frame('a'), frame('a')],
  },
  {
    name: 'a client that leaves is forgotten',
    steps: [...websocket('a', '/ws/{c}'), subscribers(1), close('a'), subscribers(0)],
  },
];

const RESUMES: readonly Case[] = [
  {
    name: 'resumes by last_event_id',
    steps: [
      publish('a'),
      publish('b', 'm'),
      publish('c'),
      ...websocket('a', '/ws/{c}?last_event_id={m.encoded}', META),
      frame('a'),
      subscribers(1),
      publish('d'),
      frame('a'),
    ],
  },
  {
    name: 'a message id that cannot be read',
    steps: [get('/ws/{c}?last_event_id=x:1', HANDSHAKE)],
  },
  { name: 'an id of too many channels', steps: [get('/ws/{c}?last_event_id=5:[0],1', HANDSHAKE)] },
];

export const websockets: Area = {
  title: 'WebSocket',
  locations: {
    'ws-ping': 'nchan_subscriber websocket; nchan_websocket_ping_interval 1; nchan_channel_id $1;',
  },
  cases: [...messages, ...closes, ...badCloses, ...CONTROL, ...RESUMES],
};

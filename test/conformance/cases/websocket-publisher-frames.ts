/** What a WebSocket publisher may send beside whole messages: fragments, control frames, heartbeats (spec §§3, 5.7). */
import { deflated, FIN, RSV1 } from '../../support/raw-websocket.ts';
import type { Area, Case } from '../case.ts';
import { frame, get, OPCODE, sendBinary, sendClose, sendFrame, sendText, websocket } from '../steps.ts';

const AT = '/ws-publisher/{c}';

const FRAMES: readonly Case[] = [
  {
    name: 'a close is answered with its code and reason',
    steps: [...websocket('a', AT), sendClose('a', 1000, 'bye'), frame('a')],
  },
  { name: 'a close without a code', steps: [...websocket('a', AT), sendClose('a'), frame('a')] },
  {
    name: 'a ping is answered',
    steps: [...websocket('a', AT), sendFrame('a', FIN | OPCODE.ping, 'there?'), frame('a')],
  },
  {
    name: 'bad UTF-8',
    differs: 'utf8-reason',
    steps: [...websocket('a', AT), sendFrame('a', FIN | OPCODE.text, Buffer.from([0xc3, 0x28])), frame('a')],
  },
  {
    name: 'a message in fragments',
    differs: 'fragments',
    steps: [
      ...websocket('a', AT),
      sendFrame('a', OPCODE.text, 'one '),
      sendFrame('a', FIN | OPCODE.continuation, 'two'),
      frame('a'),
      get('/lp/{c}'),
    ],
  },
  {
    name: 'a reserved bit',
    differs: 'frame-rules',
    steps: [...websocket('a', AT), sendFrame('a', FIN | RSV1 | OPCODE.text, 'x'), frame('a')],
  },
  {
    name: 'a frame without a mask',
    differs: 'frame-rules',
    steps: [...websocket('a', AT), sendFrame('a', FIN | OPCODE.text, 'x', false), frame('a')],
  },
  {
    name: 'an unknown opcode',
    differs: 'unknown-opcode',
    steps: [...websocket('a', AT), sendFrame('a', 0x83, 'x'), frame('a')],
  },
];

const HEARTBEAT: readonly Case[] = [
  {
    name: 'a heartbeat is answered and not published',
    steps: [...websocket('a', '/heartbeat/{c}'), sendText('a', 'in?'), frame('a'), get('/poll/{c}')],
  },
  {
    name: 'a binary heartbeat is answered by text',
    steps: [...websocket('a', '/heartbeat/{c}'), sendBinary('a', 'in?'), frame('a'), get('/poll/{c}')],
  },
  {
    name: 'what is nearly a heartbeat is a message',
    steps: [...websocket('a', '/heartbeat/{c}'), sendText('a', 'in? '), frame('a'), get('/poll/{c}')],
  },
  {
    name: 'a publisher’s heartbeat',
    steps: [
      ...websocket('a', '/publisher-heartbeat/{c}'),
      sendText('a', 'in?'),
      frame('a'),
      sendText('a', 'message'),
      frame('a'),
    ],
  },
  {
    name: 'a subscriber’s heartbeat',
    differs: 'heartbeat',
    steps: [...websocket('a', '/subscriber-heartbeat/{c}'), sendText('a', 'in?'), frame('a')],
  },
];

const DEFLATE = ['Sec-WebSocket-Extensions: permessage-deflate'];
const COMPRESSED: readonly Case[] = [
  ...(['text', 'binary'] as const).map((kind) => ({
    name: `a compressed ${kind} message`,
    steps: [
      ...websocket('a', AT, DEFLATE),
      sendFrame('a', FIN | RSV1 | OPCODE[kind], deflated('compressed '.repeat(20))),
      frame('a'),
      get('/lp/{c}'),
    ],
  })),
  {
    name: 'a message that is not compressed though it may be',
    steps: [...websocket('a', AT, DEFLATE), sendText('a', 'plain'), frame('a'), get('/lp/{c}')],
  },
];

export const websocketPublisherFrames: Area = {
  title: 'WebSocket publisher: frames',
  locations: {
    heartbeat: 'nchan_pubsub; nchan_websocket_client_heartbeat in? out!; nchan_channel_id $1;',
    'publisher-heartbeat':
      'nchan_publisher websocket; nchan_websocket_client_heartbeat in? out!; nchan_channel_id $1;',
    'subscriber-heartbeat':
      'nchan_subscriber websocket; nchan_websocket_client_heartbeat in? out!; nchan_channel_id $1;',
  },
  cases: [...FRAMES, ...HEARTBEAT, ...COMPRESSED],
};

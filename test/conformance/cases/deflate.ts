/** permessage-deflate: negotiation and compressed messages (spec §5.7). */
import type { Area, Case, Step } from '../case.ts';
import { frame, get, HANDSHAKE, post, publish, subscribers, websocket } from '../steps.ts';

/** Offers of a client; those that Nchan refuses though they need not be are a documented difference. */
const OFFERS: readonly (readonly [string, string?])[] = [
  ['permessage-deflate'],
  ['permessage-deflate; client_max_window_bits'],
  ['permessage-deflate; client_max_window_bits=9'],
  ['permessage-deflate; client_max_window_bits=15'],
  ['permessage-deflate; client_max_window_bits="11"'],
  ['permessage-deflate; client_max_window_bits=8', 'deflate-offers'],
  ['permessage-deflate; client_max_window_bits=16', 'deflate-offers'],
  ['permessage-deflate; server_max_window_bits=10'],
  ['permessage-deflate; server_max_window_bits=15'],
  ['permessage-deflate; server_max_window_bits=9', 'deflate-offers'],
  ['permessage-deflate; server_max_window_bits=16', 'deflate-offers'],
  ['permessage-deflate; server_no_context_takeover'],
  ['permessage-deflate; client_no_context_takeover'],
  ['permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=12'],
  ['permessage-deflate; client_max_window_bits, permessage-deflate'],
  ['x-unknown, permessage-deflate'],
  ['permessage-deflate, x-webkit-deflate-frame'],
  ['x-webkit-deflate-frame'],
  ['x-webkit-deflate-frame; max_window_bits=15'],
  ['x-webkit-deflate-frame; max_window_bits=9', 'deflate-offers'],
  ['deflate-frame'],
  ['deflate-frame; no_context_takeover'],
  ['x-unknown'],
];
const offers: readonly Case[] = OFFERS.map(([offer, differs]) => ({
  name: `Sec-WebSocket-Extensions: ${offer}`,
  ...(differs === undefined ? {} : { differs }),
  steps: [get('/ws/{c}', [...HANDSHAKE, `Sec-WebSocket-Extensions: ${offer}`])],
}));

const DEFLATE = ['Sec-WebSocket-Extensions: permessage-deflate'];
const META = ['Sec-WebSocket-Protocol: ws+meta.nchan'];
const TEXT = 'compress me '.repeat(40);
const at = (location: string, body: string, headers: readonly string[] = []): Step =>
  post(`/${location}/{c}`, body, { headers });

/** What is published for subscribers with the extension, and the difference that they see. */
const MESSAGES: readonly { what: string; step: Step; differs?: string }[] = [
  { what: 'a message published for deflation', step: at('pub-deflate', TEXT) },
  { what: 'a message not published for deflation', step: publish(TEXT) },
  {
    what: 'a binary message published for deflation',
    step: at('pub-deflate', TEXT, ['Content-Type: application/octet-stream']),
  },
  {
    what: 'a message with a content type published for deflation',
    step: at('pub-deflate', TEXT, ['Content-Type: a/b']),
  },
  { what: 'a large message published for deflation', step: at('pub-deflate', TEXT.repeat(200)) },
  {
    what: 'a short message published for deflation',
    step: at('pub-deflate', 'hi'),
    differs: 'deflate-small',
  },
  { what: 'an empty message published for deflation', step: at('pub-deflate', ''), differs: 'deflate-small' },
];
/** With which headers a subscriber comes. */
const SUBSCRIBERS: readonly (readonly [string, readonly string[]])[] = [
  ['', DEFLATE],
  [' with the subprotocol', [...DEFLATE, ...META]],
  [' without the extension', []],
];
const messages: readonly Case[] = MESSAGES.flatMap(({ what, step, differs }) =>
  SUBSCRIBERS.flatMap(([how, headers]) => {
    const difference = differs !== undefined && headers.length > 0 ? { differs } : {};
    return [
      {
        name: `${what}, from the buffer${how}`,
        ...difference,
        steps: [step, ...websocket('a', '/ws/{c}', headers), frame('a')],
      },
      {
        name: `${what}, live${how}`,
        ...difference,
        steps: [...websocket('a', '/ws/{c}', headers), subscribers(1), step, frame('a')],
      },
    ];
  }),
);

export const deflate: Area = {
  title: 'permessage-deflate',
  locations: {
    'pub-deflate': 'nchan_publisher; nchan_deflate_message_for_websocket on; nchan_channel_id $1;',
  },
  cases: [...offers, ...messages],
};

/** Settings of WebSockets (spec/directives.md §6). */
import type { LocationSettings } from '../../../handoff/settings.ts';
import { onlyArgument, row, valid } from './row.ts';
import { numberBetween, seconds } from './values.ts';

type Strategy = LocationSettings['deflateStrategy'];
const STRATEGIES: readonly Strategy[] = ['default', 'filtered', 'huffman-only', 'rle', 'fixed'];

/** How messages are deflated is one setting for all: a message is deflated once, for subscribers of every location. */
const DEFLATE = { contexts: 'H', args: [1, 1], onDuplicate: 'last', inherit: 'nearest' } as const;

export const WEBSOCKET = [
  row({
    slot: 'websocketPingInterval',
    names: ['nchan_websocket_ping_interval'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`0`: never',
    doc: 'How often a WebSocket subscriber is sent a ping; one that has not answered by the next is closed.',
    parse: seconds,
  }),
  row({
    slot: 'websocketHeartbeat',
    names: ['nchan_websocket_client_heartbeat'],
    contexts: 'SLI',
    args: [2, 2],
    onDuplicate: 'last',
    inherit: 'nearest',
    default: 'none',
    doc: 'A message that clients may send at any time and the answer to it; such a message is not published.',
    parse: ({ args: [message, answer] }) => [message?.text ?? '', answer?.text ?? ''] as const,
  }),
  row({
    ...DEFLATE,
    slot: 'deflateLevel',
    names: ['nchan_permessage_deflate_compression_level'],
    default: '`6`',
    doc: 'How hard to compress, from 0 (not at all) to 9.',
    parse: numberBetween(0, 9),
  }),
  row({
    ...DEFLATE,
    slot: 'deflateWindow',
    names: ['nchan_permessage_deflate_compression_window'],
    default: '`10`',
    doc: 'How far back compression looks for repetitions: 2 to this power in bytes, from 9 to 15.',
    parse: numberBetween(9, 15),
  }),
  row({
    ...DEFLATE,
    slot: 'deflateMemlevel',
    names: ['nchan_permessage_deflate_compression_memlevel'],
    default: '`8`',
    doc: 'How much memory compression uses, from 1 to 9.',
    parse: numberBetween(1, 9),
  }),
  row({
    ...DEFLATE,
    slot: 'deflateStrategy',
    names: ['nchan_permessage_deflate_compression_strategy'],
    default: '`default`',
    doc: "zlib's strategy: `default`, `filtered`, `huffman-only`, `rle` or `fixed`.",
    parse: ({ name, args }) =>
      valid(
        STRATEGIES.find((strategy) => strategy === onlyArgument(args).text),
        `"${name}" directive invalid compression strategy`,
      ),
  }),
];

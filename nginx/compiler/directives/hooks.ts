/** Requests to an application about publishers and subscribers (spec/hooks.md §§1–3). */

import type { Token } from '../lexer.ts';
import { quote } from '../quote.ts';
import { type Expressions, expressions, onlyArgument, row } from './row.ts';
import { flag } from './values.ts';

/** A URI, and the query in it. */
const URI = {
  contexts: 'SLI',
  args: [1, 1],
  onDuplicate: 'error',
  inherit: 'nearest',
  parse({ args }: { readonly args: readonly Token[] }): Expressions {
    const { text } = onlyArgument(args);
    const at = text.indexOf('?');
    if (at < 0) return expressions(args);
    // Cut here, so that a question mark in a variable is never taken for this one.
    return { expressions: [text.slice(0, at), text.slice(at + 1)].map(quote) };
  },
} as const;

export const HOOKS = [
  row({
    ...URI,
    slot: 'authorizeRequest',
    names: ['nchan_authorize_request'],
    default: 'none: everybody may',
    doc:
      'Asks this location, usually one with a `proxy_pass`, about every publisher and subscriber before it is served: ' +
      'a status of 200 to 298 lets it in. May have variables, and a query, to which the client’s own is added. See ' +
      '[hooks.md](hooks.md#authorization).',
  }),
  row({
    ...URI,
    slot: 'subscribeRequest',
    names: ['nchan_subscribe_request'],
    default: 'none',
    doc:
      'Tells this location of every subscriber of a streaming transport, once it has begun; the answer does not matter. ' +
      'See [hooks.md](hooks.md#subscribing-and-unsubscribing).',
  }),
  row({
    ...URI,
    slot: 'unsubscribeRequest',
    names: ['nchan_unsubscribe_request'],
    default: 'none',
    doc: 'The same, once it has left, whatever the reason.',
  }),
  row({
    slot: 'hooksAfterCrash',
    names: ['njchan_hooks_after_crash'],
    contexts: 'HSLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`on`',
    doc:
      'Keeps the requests of subscribers in Redis while they are connected, if their channels are there, so that the ' +
      'application is told of them when the sidecar was killed. See [hooks.md](hooks.md#after-a-crash).',
    parse: flag,
  }),
  row({
    ...URI,
    slot: 'publisherUpstreamRequest',
    names: ['nchan_publisher_upstream_request'],
    default: 'none: messages are published as they are',
    doc:
      'Sends every message to this location, whose answer says what is published. See ' +
      '[hooks.md](hooks.md#checking-messages).',
  }),
];

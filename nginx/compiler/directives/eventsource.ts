/** Settings of EventSource (spec/directives.md §7). */
import { row } from './row.ts';
import { line, seconds } from './values.ts';

const COMMON = { contexts: 'SLI', args: [1, 1], onDuplicate: 'error', inherit: 'nearest' } as const;

export const EVENTSOURCE = [
  row({
    ...COMMON,
    slot: 'eventsourceEvent',
    names: ['nchan_eventsource_event'],
    default: "the publisher's `X-EventSource-Event`",
    doc:
      'The name of events: in a publisher, of those it publishes; in a subscriber, of all it gets, whatever they were ' +
      'published with.',
    parse: line,
  }),
  row({
    ...COMMON,
    slot: 'eventsourcePingInterval',
    names: ['nchan_eventsource_ping_interval'],
    default: '`0`: never',
    doc: 'How often an EventSource subscriber is sent a ping, made of the three lines below.',
    parse: seconds,
  }),
  row({
    ...COMMON,
    slot: 'eventsourcePingComment',
    names: ['nchan_eventsource_ping_comment'],
    default: 'empty: none',
    doc: 'The comment in a ping, which clients pass over.',
    parse: line,
  }),
  row({
    ...COMMON,
    slot: 'eventsourcePingEvent',
    names: ['nchan_eventsource_ping_event'],
    default: '`ping`',
    doc: 'The `event:` in a ping; an empty one leaves it out.',
    parse: line,
  }),
  row({
    ...COMMON,
    slot: 'eventsourcePingData',
    names: ['nchan_eventsource_ping_data'],
    default: 'empty: none',
    doc: 'The `data:` in a ping. Browsers show pages only events that have data.',
    parse: line,
  }),
];

/** Where a subscriber without a message id starts (spec/message-ids.md §4). */
import type { Area, Case } from '../case.ts';
import { get, publish, subscribe, subscribers, through } from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

/** nchan_subscriber_first_message. */
const STARTS = ['oldest', 'newest', '0', '1', '2', '3', '5', '32', '-1', '-2', '-3', '-5', '-32'];
/** Those behind all that is there. */
const AFTER_ALL: ReadonlySet<string> = new Set(['newest', '0']);
const starts: readonly Case[] = STARTS.flatMap((start) => [
  ...[0, 1, 3].map((messages) => ({
    name: `starts at ${start} of ${messages} messages`,
    steps: [...Array.from({ length: messages }, (_, at) => publish(`m${at}`)), get(`/from${start}/{c}`)],
  })),
  {
    name: `starts at ${start} of an empty channel, live`,
    steps: [
      subscribe('s', `/es-from${start}/{c}`, EVENTSOURCE),
      subscribers(1),
      publish('m0'),
      publish('m1'),
      publish('last'),
      through('s', 'last\n\n'),
    ],
  },
  {
    name: `starts at ${start} of three messages, live`,
    steps: [
      ...['m0', 'm1', 'm2'].map((body) => publish(body)),
      subscribe('s', `/es-from${start}/{c}`, EVENTSOURCE),
      subscribers(1),
      // With Redis, Nchan counts a subscriber before it knows the start: `last` could be one of those counted from.
      ...(AFTER_ALL.has(start) ? [] : [through('s', 'm2\n\n')]),
      publish('last'),
      through('s', 'last\n\n'),
    ],
  },
]);

export const firstMessage: Area = {
  title: 'first message',
  locations: Object.fromEntries(
    STARTS.flatMap((start) => [
      [
        `from${start}`,
        `nchan_subscriber poll; nchan_subscriber_first_message ${start}; nchan_channel_id $1;`,
      ],
      [
        `es-from${start}`,
        `nchan_subscriber eventsource; nchan_subscriber_first_message ${start}; nchan_channel_id $1;`,
      ],
    ]),
  ),
  cases: starts,
};

/** The order of messages from several channels, and resuming within it (spec/message-ids.md §7). */
import type { Area, Case, Step } from '../case.ts';
import { get, nextSecond, subscribe, subscribers, through } from '../steps.ts';
import { EVENTSOURCE } from './common.ts';
import { count, event, LAST, on, sequence } from './multiplex-common.ts';

/** Sequences of messages in three channels. */
const SEQUENCES = [
  'a',
  'c',
  'abc',
  'cba',
  'abcab',
  'aabbcc',
  'ccbbaa',
  'ab|a',
  'abcab|acbb',
  'b|a|c',
  'aab|b|ccab',
];

const buffered: readonly Case[] = SEQUENCES.map((letters) => ({
  name: `${letters}, from the buffer`,
  steps: [
    ...sequence(letters),
    on('c', LAST),
    subscribe('s', '/multi-sub/{c}', EVENTSOURCE),
    through('s', `data: ${LAST}\n\n`),
  ],
}));

const live: readonly Case[] = SEQUENCES.map((letters) => ({
  name: `${letters}, live`,
  steps: [
    subscribe('s', '/multi-sub/{c}', EVENTSOURCE),
    subscribers(1, '/multi-pub/{c}'),
    ...[...letters].flatMap((letter, at): readonly Step[] =>
      letter === '|' ? [nextSecond] : [on(letter, `${letter}${at}`), through('s', `${letter}${at}\n\n`)],
    ),
  ],
}));

/** The sequence in which every id is tried as the one to resume from. */
const RESUMED = 'abcab|acbb';
const numbers = Array.from({ length: count(RESUMED) }, (_, at) => at);

const resumedFromBuffer: readonly Case[] = numbers.map((number) => ({
  name: `resumes after message ${number} of ${RESUMED}, by the ids of the buffer`,
  steps: [
    ...sequence(RESUMED),
    get('/multi-poll/{c}', [], { as: 'm0' }),
    ...numbers
      .slice(1)
      .map((at) => get('/multi-poll/{c}', [`Last-Event-ID: {m${at - 1}}`], { as: `m${at}` })),
    subscribe('s', '/multi-sub/{c}', [...EVENTSOURCE, `Last-Event-ID: {m${number}}`]),
    subscribers(1, '/multi-pub/{c}'),
    on('a', LAST),
    through('s', `data: ${LAST}\n\n`),
  ],
}));

const resumedFromLive: readonly Case[] = numbers.map((number) => {
  let read = 0;
  return {
    name: `resumes after message ${number} of ${RESUMED}, by the ids of live messages`,
    steps: [
      subscribe('l', '/multi-sub/{c}', EVENTSOURCE),
      through('l', ': hi\n\n'),
      subscribers(1, '/multi-pub/{c}'),
      ...[...RESUMED].flatMap((letter, at): readonly Step[] =>
        letter === '|' ? [nextSecond] : [on(letter, `${letter}${at}`), event('l', `m${read++}`)],
      ),
      subscribe('s', '/multi-sub/{c}', [...EVENTSOURCE, `Last-Event-ID: {m${number}}`]),
      subscribers(2, '/multi-pub/{c}'),
      on('a', LAST),
      through('s', `data: ${LAST}\n\n`),
    ],
  };
});

export const multiplexOrder: Area = {
  title: 'several channels: order',
  locations: {},
  cases: [...buffered, ...live, ...resumedFromBuffer, ...resumedFromLive],
};

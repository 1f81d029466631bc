/** The written forms of message ids: tags, times and dates (spec/message-ids.md §2). */
import type { Area, Case, Step } from '../case.ts';
import { get, publish } from '../steps.ts';

const THREE: readonly Step[] = [publish('m0', 'a'), publish('m1', 'b'), publish('m2', 'c')];

/** Tags of one channel's id, in If-None-Match beside If-Modified-Since, and after the time elsewhere. */
const TAGS: Readonly<Record<string, string | undefined>> = {
  '0': undefined,
  '1': undefined,
  '2': undefined,
  '3': undefined,
  '00001': undefined,
  '"0"': undefined,
  'W/"0"': undefined,
  null: undefined,
  '-': undefined,
  '-1': undefined,
  '-5': undefined,
  '[0]': undefined,
  '[1': undefined,
  '1 1': undefined,
  x1y: undefined,
  '0,1': undefined,
  '[0],1': undefined,
  '[0],[1]': undefined,
  '0]': undefined,
  ',0': undefined,
  '[0],': undefined,
  '40000': 'tag-overflow',
};
const tags: readonly Case[] = Object.entries(TAGS).flatMap(([tag, differs]) =>
  (
    [
      ['If-None-Match beside If-Modified-Since', ['If-Modified-Since: {a.date}', `If-None-Match: ${tag}`]],
      ['If-None-Match', [`If-None-Match: {a.time}:${tag}`]],
      ['Last-Event-ID', [`Last-Event-ID: {a.time}:${tag}`]],
    ] as const
  ).map(([where, headers]) => ({
    name: `the tag ${tag} in ${where}`,
    ...(differs === undefined ? {} : { differs }),
    steps: [...THREE, get('/poll/{c}', headers)],
  })),
);

/** Times of an id. */
const TIMES = ['', '0', '1', '-1', '+1', 'abc', '1x', ' 1', '"1', '00{b.time}', '{b.time-1}', '{b.time}'];
const times: readonly Case[] = TIMES.map((time) => ({
  name: `the time ${time} in Last-Event-ID`,
  steps: [...THREE, get('/poll/{c}', [`Last-Event-ID: ${time}:1`])],
}));

/** Dates in If-Modified-Since. */
const DATES = [
  '{b.date}',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Thu, 01 Jan 1970 00:00:01 GMT',
  'Sat, 01 Jan 2000 00:00:00 GMT',
  'yesterday',
  '',
  '12345',
  'Saturday, 01-Jan-00 00:00:00 GMT',
  'Sat Jan  1 00:00:00 2000',
];
const dates: readonly Case[] = DATES.flatMap((date) => [
  {
    name: `If-Modified-Since: ${date} with If-None-Match`,
    steps: [...THREE, get('/poll/{c}', [`If-Modified-Since: ${date}`, 'If-None-Match: 1'])],
  },
  {
    name: `If-Modified-Since: ${date} alone`,
    steps: [...THREE, get('/poll/{c}', [`If-Modified-Since: ${date}`])],
  },
]);

export const idForms: Area = {
  title: 'forms of message ids',
  locations: {},
  cases: [...tags, ...times, ...dates],
};

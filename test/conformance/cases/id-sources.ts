/** Where the message id of a request comes from, and which headers show it (spec/message-ids.md §3). */
import type { Area, Case } from '../case.ts';
import { get, publish } from '../steps.ts';

/** Requests with ids in several places: the first source that counts decides. */
const SOURCES: readonly (readonly [string, string, readonly string[], string?])[] = [
  ['no id at all', '/poll/{c}', []],
  ['last_event_id', '/poll/{c}?last_event_id={b}', []],
  ['last_event_id, encoded', '/poll/{c}?last_event_id={b.encoded}', []],
  ['Last-Event-ID', '/poll/{c}', ['Last-Event-ID: {b}']],
  ['Last-Event-ID, encoded', '/poll/{c}', ['Last-Event-ID: {b.encoded}']],
  ['Last-Event-ID before last_event_id', '/poll/{c}?last_event_id={a}', ['Last-Event-ID: {b}']],
  ['an empty Last-Event-ID', '/poll/{c}?last_event_id={b}', ['Last-Event-ID:']],
  ['a Last-Event-ID without a colon', '/poll/{c}?last_event_id={b}', ['Last-Event-ID: nothing']],
  ['a bad Last-Event-ID', '/poll/{c}?last_event_id={b}', ['Last-Event-ID: a:b']],
  [
    'a Last-Event-ID of 128 characters',
    '/poll/{c}',
    [`Last-Event-ID: {b}${' '.repeat(1)}${'x'.repeat(115)}`],
  ],
  ['a Last-Event-ID of 129 characters', '/poll/{c}', [`Last-Event-ID: {b}${'x'.repeat(117)}`]],
  ['a bad last_event_id', '/poll/{c}?last_event_id=a:b', []],
  ['If-None-Match before Last-Event-ID', '/poll/{c}', ['If-None-Match: {a}', 'Last-Event-ID: {b}']],
  ['If-None-Match without a colon', '/poll/{c}', ['If-None-Match: 1']],
  [
    'If-None-Match without a colon, and Last-Event-ID',
    '/poll/{c}',
    ['If-None-Match: 1', 'Last-Event-ID: {b}'],
  ],
  ['If-None-Match: *', '/poll/{c}', ['If-None-Match: *'], 'star-etag'],
  [
    'If-Modified-Since before Last-Event-ID',
    '/poll/{c}',
    ['If-Modified-Since: {a.date}', 'If-None-Match: 0', 'Last-Event-ID: {b}'],
  ],
  [
    'a bad If-Modified-Since before Last-Event-ID',
    '/poll/{c}',
    ['If-Modified-Since: x', 'Last-Event-ID: {b}'],
  ],
  [
    'an empty If-Modified-Since before Last-Event-ID',
    '/poll/{c}',
    ['If-Modified-Since:', 'Last-Event-ID: {b}'],
    'empty-ids',
  ],
  [
    'an empty If-None-Match before Last-Event-ID',
    '/poll/{c}',
    ['If-None-Match:', 'Last-Event-ID: {b}'],
    'empty-ids',
  ],
  ['a date with an empty If-None-Match', '/poll/{c}', ['If-Modified-Since: {b.date}', 'If-None-Match:']],
  ['an empty If-Modified-Since and If-None-Match', '/poll/{c}', ['If-Modified-Since:', 'If-None-Match:']],
  ['two If-None-Match', '/poll/{c}', ['If-None-Match: {a}', 'If-None-Match: {b}']],
  ['own sources: the first', '/sources/{c}?a={b}', []],
  ['own sources: the third', '/sources/{c}?c={b}', []],
  ['own sources: the first is empty', '/sources/{c}?a=&c={b}', []],
  ['own sources: the first has no colon', '/sources/{c}?a=nocolon&c={b}', []],
  ['own sources: the first is bad', '/sources/{c}?a=bad:x:x&c={b}', []],
  ['own sources: the first has a bad time', '/sources/{c}?a=x:1&c={b}', []],
  ['own sources: the first is encoded', '/sources/{c}?a={b.encoded}', []],
  ['own sources: the first is longer than 128 characters', `/sources/{c}?a={a}${'x'.repeat(120)}&c={b}`, []],
  ['own sources: last_event_id does not count', '/sources/{c}?last_event_id={b}', []],
  ['own sources: Last-Event-ID does not count', '/sources/{c}', ['Last-Event-ID: {b}']],
  ['own sources: If-None-Match counts first', '/sources/{c}?a={a}', ['If-None-Match: {b}']],
  ['compound Etag: If-None-Match', '/compound/{c}', ['If-None-Match: {b}']],
  [
    'compound Etag: If-Modified-Since does not count',
    '/compound/{c}',
    ['If-Modified-Since: {a.date}', 'If-None-Match: {b}'],
  ],
  ['compound Etag: If-Modified-Since alone', '/compound/{c}', ['If-Modified-Since: {a.date}']],
  ['compound Etag: a bare tag', '/compound/{c}', ['If-None-Match: 1']],
  ['compound Etag: quoted', '/compound/{c}', ['If-None-Match: "{b}"'], 'quoted-etag'],
  ['compound Etag: Last-Event-ID', '/compound/{c}', ['Last-Event-ID: {b}']],
  ['compound Etag: no id', '/compound/{c}', []],
  ['custom Etag: no id', '/custom-etag/{c}', []],
  [
    'custom Etag: If-None-Match',
    '/custom-etag/{c}',
    ['If-Modified-Since: {b.date}', 'If-None-Match: {b.tag}'],
  ],
  ['custom Etag: its own header does not count', '/custom-etag/{c}', ['X-Foo: {b}']],
  ['custom Etag: with an origin', '/custom-etag/{c}', ['Origin: http://o.com']],
  ['custom and compound Etag', '/custom-compound/{c}', ['If-None-Match: {b}', 'Origin: http://o.com']],
  ['custom Etag: nothing new', '/custom-etag/{c}', ['If-None-Match: {d}']],
];
const sources: readonly Case[] = SOURCES.map(([name, target, headers, differs]) => ({
  name: `the id comes from ${name}`,
  ...(differs === undefined ? {} : { differs }),
  steps: [publish('m0', 'a'), publish('m1', 'b'), publish('m2', 'd'), get(target, headers)],
}));

export const idSources: Area = {
  title: 'sources of message ids',
  locations: {
    sources:
      'nchan_subscriber poll; nchan_subscriber_last_message_id $arg_a $arg_b $arg_c; nchan_channel_id $1;',
    compound: 'nchan_subscriber poll; nchan_subscriber_compound_etag_message_id on; nchan_channel_id $1;',
    'custom-etag':
      'nchan_subscriber poll; nchan_subscriber_message_id_custom_etag_header X-Foo; nchan_channel_id $1;',
    'custom-compound':
      'nchan_subscriber poll; nchan_subscriber_message_id_custom_etag_header X-Foo; nchan_subscriber_compound_etag_message_id on; nchan_channel_id $1;',
  },
  cases: sources,
};

/** The channels that a request is about (spec/directives.md §2). */
import { type GatewayCase, refused, settings } from './cases.ts';

const SUBSCRIBER = (more: object) => settings([], ['longpoll'], more);
const many = (count: number): string => Array(count).fill('k').join(',');

/** Delimiter, id, and what it is split into. */
const SPLITS: readonly (readonly [delimiter: string, id: string, expected: readonly string[]])[] = [
  ['', 'p,q', ['p,q']],
  [',', 'p,q', ['p', 'q']],
  [',', '', ['']],
  [',', 'p,', ['p,']],
  [',', ',p', ['', 'p']],
  [',', 'p,,q', ['p', '', 'q']],
  [',', 'p,q,', ['p', 'q,']],
  [',', 'p,,', ['p', ',']],
  [',', 'p,,,', ['p', '', ',']],
  [',', ',', [',']],
  [',', ',,,', ['', '', ',']],
  ['ab', 'pab', ['pab']],
  ['ab', 'abab', ['', 'ab']],
  ['ab', 'pabqab', ['p', 'qab']],
  // Nchan loses a last id that is shorter than the delimiter.
  ['ab', 'pabq', ['p', 'q']],
  ['xx', 'pxxxq', ['p', 'xq']],
  ['xx', 'xxxx', ['', 'xx']],
  ['2', 'a,b2c', ['a,b', 'c']],
];

const HANDSHAKE = { Connection: 'Upgrade', Upgrade: 'websocket' };

/** What a WebSocket publishes to, where its location subscribes it to other channels. */
const APART: readonly GatewayCase[] = [
  {
    name: 'a WebSocket with one id for both',
    headers: HANDSHAKE,
    expected: { channels: '/foo', publisher_channels: '' },
  },
  {
    name: 'a WebSocket with a publisher’s id of its own',
    headers: HANDSHAKE,
    variables: { njchan_1_publisher_channel_id: 'bar', njchan_1_publisher_channel_id_2: 'b,z' },
    expected: { action: 'subscribe', channels: '/foo', publisher_channels: '/bar,/b%2Cz' },
  },
  {
    name: 'a WebSocket with a subscriber’s id of its own, in a group',
    headers: HANDSHAKE,
    variables: { njchan_1_subscriber_channel_id: 'baz', njchan_1_channel_group: 'g' },
    expected: { channels: 'g/baz', publisher_channels: 'g/foo' },
  },
  {
    name: 'a WebSocket whose own ids are the same',
    headers: HANDSHAKE,
    variables: { njchan_1_publisher_channel_id: 'bar', njchan_1_subscriber_channel_id: 'bar' },
    expected: { channels: '/bar', publisher_channels: '' },
  },
  {
    name: 'a WebSocket of a location written by hand',
    headers: HANDSHAKE,
    without: ['njchan_location'],
    variables: {
      njchan_channel_id: 'foo',
      njchan_publisher_channel_id: 'bar',
      njchan_subscriber_channel_id: '',
    },
    expected: { channels: '/foo', publisher_channels: '/bar' },
  },
  {
    name: 'a WebSocket of a location written by hand that leaves the other ids empty',
    headers: HANDSHAKE,
    without: ['njchan_location'],
    variables: {
      njchan_channel_id: 'foo',
      njchan_publisher_channel_id: '',
      njchan_subscriber_channel_id: '',
    },
    expected: { channels: '/foo', publisher_channels: '' },
  },
  {
    name: 'a WebSocket without an id to publish to',
    headers: HANDSHAKE,
    without: ['njchan_1_channel_id'],
    variables: { njchan_1_subscriber_channel_id: 'baz' },
    expected: {
      action: 'subscribe',
      channels: '/baz',
      publisher_channels: '',
      refusal: 'channel_id_missing',
    },
  },
  {
    name: 'a WebSocket whose publisher’s id is too long',
    headers: HANDSHAKE,
    variables: {
      ...settings(['websocket'], ['websocket'], { maxChannelIdLength: 4 }),
      njchan_1_publisher_channel_id: 'abcde',
    },
    expected: {
      action: 'subscribe',
      channels: '/foo',
      publisher_channels: '',
      refusal: 'channel_id_refused',
    },
  },
  {
    name: 'a WebSocket without an id to subscribe to',
    headers: HANDSHAKE,
    without: ['njchan_1_channel_id'],
    variables: { njchan_1_publisher_channel_id: 'bar' },
    expected: refused('channel_id_missing'),
  },
  {
    name: 'a WebSocket that may not publish',
    headers: HANDSHAKE,
    variables: { ...settings(['http'], ['websocket']), njchan_1_publisher_channel_id: 'bar' },
    expected: { channels: '/foo', publisher_channels: '', refusal: '' },
  },
  {
    name: 'a subscriber that is no WebSocket',
    variables: { njchan_1_publisher_channel_id: 'bar' },
    expected: { channels: '/foo', publisher_channels: '' },
  },
];

export const CHANNEL_CASES: readonly GatewayCase[] = [
  {
    name: 'publishers use their own id first',
    method: 'POST',
    variables: { njchan_1_publisher_channel_id: 'bar' },
    expected: { channels: '/bar' },
  },
  {
    name: 'subscribers do not use the publishers’ id',
    variables: { njchan_1_publisher_channel_id: 'bar' },
    expected: { channels: '/foo' },
  },
  {
    name: 'subscribers use their own id first',
    variables: { njchan_1_subscriber_channel_id: 'baz' },
    expected: { channels: '/baz' },
  },
  ...APART,
  { name: 'an empty id is a channel', variables: { njchan_1_channel_id: '' }, expected: { channels: '/' } },
  { name: 'no id', without: ['njchan_1_channel_id'], expected: refused('channel_id_missing') },
  {
    name: 'the legacy variable is the last resort',
    without: ['njchan_1_channel_id'],
    variables: { push_channel_id: 'old' },
    expected: { channels: '/old' },
  },
  {
    name: 'the group comes before the slash',
    variables: { njchan_1_channel_group: 'g' },
    expected: { channels: 'g/foo' },
  },
  { name: 'group m', variables: { njchan_1_channel_group: 'm' }, expected: refused('channel_id_refused') },
  {
    name: 'group a/b',
    variables: { njchan_1_channel_group: 'a/b' },
    expected: refused('channel_id_refused'),
  },
  {
    name: 'line breaks, commas and NUL in an id are escaped',
    variables: { njchan_1_channel_id: 'a\r\nb,c\0d' },
    expected: { channels: '/a%0D%0Ab%2Cc%00d' },
  },
  {
    name: 'an id of exactly the longest length',
    variables: { ...settings([], ['longpoll'], { maxChannelIdLength: 4 }), njchan_1_channel_id: 'abcd' },
    expected: { channels: '/abcd' },
  },
  {
    name: 'an id that is too long in bytes',
    variables: { ...settings([], ['longpoll'], { maxChannelIdLength: 4 }), njchan_1_channel_id: 'abcé' },
    expected: refused('channel_id_refused'),
  },
  // In the keys of Redis the byte 0x19 stands for a brace; measured with Nchan 1.3.6
  {
    name: 'byte 0x19 in an id',
    variables: { njchan_1_channel_id: 'a\x19b' },
    expected: { channels: '/a%19b' },
  },
  {
    name: 'byte 0x19 in an id for Redis',
    variables: { ...SUBSCRIBER({ redisUpstream: 'main' }), njchan_1_channel_id: 'a\x19b' },
    expected: refused('channel_id_refused'),
  },
  {
    name: 'byte 0x19 in one of several ids for Redis',
    variables: { ...SUBSCRIBER({ redisUpstream: 'main' }), njchan_1_channel_id_2: '\x19' },
    expected: refused('channel_id_refused'),
  },
  {
    name: 'byte 0x19 in a group for Redis',
    variables: { ...SUBSCRIBER({ redisUpstream: 'main' }), njchan_1_channel_group: '\x19' },
    expected: refused('channel_id_refused'),
  },
  {
    name: 'a brace, and what byte 0x19 would be if it were text, for Redis',
    variables: { ...SUBSCRIBER({ redisUpstream: 'main' }), njchan_1_channel_id: '}%19' },
    expected: { channels: '/%7D%2519' },
  },
  // Several ids
  {
    name: 'seven ids, in their order, one of them twice and one empty',
    variables: Object.fromEntries(
      ['a', '', 'c', 'a', 'e', 'f', 'g'].map((id, i) => [`njchan_1_channel_id${i ? `_${i + 1}` : ''}`, id]),
    ),
    expected: { channels: '/a,/,/c,/a,/e,/f,/g' },
  },
  {
    name: 'several ids in a group',
    variables: { njchan_1_channel_id_2: 'bar', njchan_1_channel_group: 'g' },
    expected: { channels: 'g/foo,g/bar' },
  },
  {
    name: 'a publisher’s one id stands for several',
    method: 'POST',
    variables: { njchan_1_channel_id_2: 'bar', njchan_1_publisher_channel_id: 'baz' },
    expected: { channels: '/baz' },
  },
  {
    name: 'the length of each id counts',
    variables: { ...SUBSCRIBER({ maxChannelIdLength: 4 }), njchan_1_channel_id_2: 'abcde' },
    expected: refused('channel_id_refused'),
  },
  // Splitting; measured with Nchan 1.3.6
  ...SPLITS.map(
    ([delimiter, id, expected]): GatewayCase => ({
      name: `"${id}" split at "${delimiter}"`,
      variables: { ...SUBSCRIBER({ channelIdSplitDelimiter: delimiter }), njchan_1_channel_id: id },
      expected: { channels: expected.map((one) => `/${encodeURIComponent(one)}`).join(',') },
    }),
  ),
  {
    name: 'several ids are split each for itself',
    variables: {
      ...SUBSCRIBER({ channelIdSplitDelimiter: ',' }),
      njchan_1_channel_id: 'a,b,',
      njchan_1_channel_id_2: 'c,d',
    },
    expected: { channels: '/a,/b%2C,/c,/d' },
  },
  {
    name: 'the legacy variable is not split',
    without: ['njchan_1_channel_id'],
    variables: { ...SUBSCRIBER({ channelIdSplitDelimiter: ',' }), push_channel_id: 'a,b' },
    expected: { channels: '/a%2Cb' },
  },
  {
    name: 'the group is not split',
    variables: { ...SUBSCRIBER({ channelIdSplitDelimiter: ',' }), njchan_1_channel_group: 'g,h' },
    expected: { channels: 'g%2Ch/foo' },
  },
  {
    name: 'bytes that are no text are kept',
    variables: SUBSCRIBER({ channelIdSplitDelimiter: ',' }),
    bytes: { njchan_1_channel_id: 'ff2c61fe2cc3' },
    expected: { channels: '/%FF,/a%FE,/%C3' },
  },
  {
    name: 'a delimiter beyond ASCII',
    variables: SUBSCRIBER({ channelIdSplitDelimiter: '→' }),
    bytes: { njchan_1_channel_id: 'e28692e28692c3a9e28692e286e28692' },
    expected: { channels: '/,/,/%C3%A9,/%E2%86%E2%86%92' },
  },
  {
    name: 'the length counts before splitting',
    variables: {
      ...SUBSCRIBER({ channelIdSplitDelimiter: ',', maxChannelIdLength: 5 }),
      njchan_1_channel_id: 'a,b,c,',
    },
    expected: refused('channel_id_refused'),
  },
  {
    name: '255 ids',
    variables: { ...SUBSCRIBER({ channelIdSplitDelimiter: ',' }), njchan_1_channel_id: many(255) },
    expected: { action: 'subscribe', channels: Array(255).fill('/k').join(',') },
  },
  {
    name: '256 ids',
    variables: { ...SUBSCRIBER({ channelIdSplitDelimiter: ',' }), njchan_1_channel_id: many(256) },
    expected: refused('channel_id_refused'),
  },
  {
    name: '256 ids of two arguments',
    variables: {
      ...SUBSCRIBER({ channelIdSplitDelimiter: ',' }),
      njchan_1_channel_id: many(200),
      njchan_1_channel_id_2: many(56),
    },
    expected: refused('channel_id_refused'),
  },
];

/** Locations of groups, and limits for groups at any location (spec/hooks.md §7). */
import { type GatewayCase, refused } from './cases.ts';

const at = (more: object = {}) => ({
  njchan_settings: JSON.stringify({
    groupAccounting: true,
    groupLimits: true,
    groupAccess: 'delete get set',
    ...more,
  }),
  njchan_1_channel_group: 'g',
});
/** The five limits of a location, in their order. */
const limits = (...values: string[]) =>
  Object.fromEntries(
    ['', '', '', '', ''].map((none, i) => [
      `njchan_1_group_limit${i === 0 ? '' : `_${i + 1}`}`,
      values[i] ?? none,
    ]),
  );

/** With group location's settings. */
const group = (name: string, more: Omit<GatewayCase, 'name' | 'role'>): GatewayCase => ({
  name: `group location: ${name}`,
  role: 'group',
  ...more,
  variables: { ...at(), ...limits(), ...more.variables },
});
const pubsub = (name: string, more: Omit<GatewayCase, 'name' | 'role'>): GatewayCase => ({
  name: `limits: ${name}`,
  ...more,
  variables: {
    njchan_settings: JSON.stringify({
      publisher: ['http', 'websocket'],
      subscriber: ['longpoll'],
      groupLimits: true,
    }),
    ...limits(),
    ...more.variables,
  },
});

const INVALID = ['channels', 'subscribers', 'messages', 'memory', 'disk'].map(
  (what) => `group_${what}_invalid`,
);

export const GROUP_CASES: readonly GatewayCase[] = [
  group('GET', { expected: { action: 'group_info', channels: 'g/', group_limits: '', connection: '' } }),
  group('GET sets nothing', {
    variables: limits('x', '5'),
    expected: { action: 'group_info', group_limits: '' },
  }),
  group('POST', {
    method: 'POST',
    variables: limits('1', '', '3', '4k', '0.5m'),
    expected: { action: 'group_set', channels: 'g/', group_limits: '1,,3,4096,524288' },
  }),
  group('POST without limits', {
    method: 'POST',
    variables: at({ groupLimits: false }),
    expected: { action: 'group_set', group_limits: '' },
  }),
  group('DELETE', { method: 'DELETE', expected: { action: 'group_delete', channels: 'g/' } }),
  group('OPTIONS', { method: 'OPTIONS', expected: { action: 'options', channels: '' } }),
  ...['PUT', 'HEAD', 'PATCH', 'FOO'].map((method) =>
    group(method, { method, expected: refused('method_not_allowed') }),
  ),
  ...['GET', 'POST', 'DELETE', 'OPTIONS', 'PUT'].map((method) =>
    group(`${method} without accounting`, {
      method,
      variables: at({ groupAccounting: false }),
      expected: refused('group_accounting_disabled'),
    }),
  ),
  ...[
    ['GET', 'set delete'],
    ['POST', 'get delete'],
    ['DELETE', 'get set'],
    ['GET', 'off'],
    ['DELETE', ''],
  ].map(([method = '', groupAccess]) =>
    group(`${method} where only ${groupAccess || 'nothing'} is allowed`, {
      method,
      variables: at({ groupAccess }),
      expected: refused('group_right_missing'),
    }),
  ),
  group('by hand, without settings', {
    without: ['njchan_settings'],
    expected: refused('group_accounting_disabled'),
  }),
  group('by hand, with tokens', {
    method: 'DELETE',
    variables: at({ tokenMode: 'optional' }),
    expected: refused('token_right_missing'),
  }),
  group('a group with a slash', {
    variables: { njchan_1_channel_group: 'a/b' },
    expected: { channels: 'a/b/' },
  }),
  group('a group named m', { variables: { njchan_1_channel_group: 'm' }, expected: { channels: 'm/' } }),
  group('a group of any bytes', {
    bytes: { njchan_1_channel_group: '0d0a2cff' },
    expected: { channels: '%0D%0A%2C%FF/' },
  }),
  group('a group without a name', { without: ['njchan_1_channel_group'], expected: { channels: '/' } }),
  group('a handshake is a GET', {
    headers: { Connection: 'upgrade', Upgrade: 'websocket' },
    expected: { action: 'group_info', connection: '' },
  }),
  group('an origin that is not named', {
    headers: { Origin: 'http://a.com' },
    variables: { njchan_1_allow_origin_expression: 'http://b.com' },
    expected: refused('origin_refused'),
  }),
  ...INVALID.flatMap((refusal, i) => {
    const values = INVALID.map((_, at) => (at < i ? '1' : 'x'));
    return [
      group(`POST with ${refusal}`, {
        method: 'POST',
        variables: limits(...values),
        expected: refused(refusal),
      }),
      ...['POST', 'GET', 'DELETE', 'OPTIONS', 'FOO'].map((method) =>
        pubsub(`${method} with ${refusal}`, {
          method,
          variables: limits(...values),
          expected: refused(refusal),
        }),
      ),
    ];
  }),
  pubsub('a publisher', {
    method: 'POST',
    variables: limits('5', '', '', '1g'),
    expected: { action: 'publish', group_limits: '5,,,1073741824,' },
  }),
  pubsub('a subscriber', {
    variables: limits('', '7'),
    expected: { action: 'subscribe', group_limits: ',7,,,' },
  }),
  pubsub('a message id that is none comes first', {
    headers: { 'Last-Event-ID': 'x:y' },
    variables: { http_last_event_id: 'x:y', ...limits('x') },
    expected: refused('message_id_invalid'),
  }),
  {
    name: 'limits: without any, none are looked for',
    method: 'POST',
    variables: limits('x'),
    expected: { action: 'publish', group_limits: '' },
  },
];

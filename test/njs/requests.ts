/** Requests as nginx would give them to the gateway, and what it must make of them. Run by the real njs. */

export interface GatewayCase {
  readonly name: string;
  readonly role?: 'publisher' | 'subscriber' | 'pubsub';
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to the variables of a location with all transports and the channel id `foo`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Variables that the location does not have. */
  readonly without?: readonly string[];
  /** Hand-off variables that must come out, without their prefix. */
  readonly expected: Readonly<Record<string, string>>;
}

const ALL = JSON.stringify({
  publisher: ['http', 'websocket'],
  subscriber: ['websocket', 'eventsource', 'longpoll'],
});

/** Variables of every case before its own. */
export const BASE_VARIABLES: Readonly<Record<string, string>> = {
  njchan_location: '1',
  njchan_settings: ALL,
  njchan_1_channel_id: 'foo',
};

const settings = (publisher: string[], subscriber: string[], more = {}) => ({
  njchan_settings: JSON.stringify({ publisher, subscriber, ...more }),
});
const refused = (refusal: string) => ({ action: 'refuse', refusal, connection: '' });
const HANDSHAKE = { Connection: 'keep-alive, Upgrade', Upgrade: 'WebSocket' };
const since = { 'If-Modified-Since': 'Sat, 21 Nov 2026 07:33:57 GMT' };

export const CASES: readonly GatewayCase[] = [
  // Methods (spec/http-protocol.md §1)
  { name: 'GET subscribes', expected: { action: 'subscribe', transport: 'longpoll', channels: '/foo' } },
  { name: 'POST publishes', method: 'POST', expected: { action: 'publish', transport: 'http' } },
  { name: 'PUT publishes', method: 'PUT', expected: { action: 'publish', transport: 'http' } },
  { name: 'DELETE deletes', method: 'DELETE', expected: { action: 'delete', transport: 'http' } },
  { name: 'OPTIONS is answered', method: 'OPTIONS', expected: { action: 'options' } },
  { name: 'PATCH is refused', method: 'PATCH', expected: refused('method_not_allowed') },
  { name: 'HEAD is refused', method: 'HEAD', expected: refused('method_not_allowed') },
  {
    name: 'GET of a publisher asks for the figures',
    variables: settings(['http'], []),
    expected: { action: 'info', transport: 'http' },
  },
  {
    name: 'GET of a websocket-only publisher is refused',
    variables: settings(['websocket'], []),
    expected: refused('transport_not_allowed'),
  },
  {
    name: 'OPTIONS of a websocket-only publisher is refused',
    method: 'OPTIONS',
    variables: settings(['websocket'], []),
    expected: refused('transport_not_allowed'),
  },
  {
    name: 'POST to a subscriber is refused',
    method: 'POST',
    variables: settings([], ['longpoll']),
    expected: refused('transport_not_allowed'),
  },
  // Transports (spec/http-protocol.md §4)
  {
    name: 'a handshake gets a websocket subscriber',
    headers: HANDSHAKE,
    expected: { action: 'subscribe', transport: 'websocket', connection: 'upgrade', upgrade: 'websocket' },
  },
  {
    name: 'a handshake at a publisher gets a websocket publisher',
    headers: HANDSHAKE,
    variables: settings(['http', 'websocket'], []),
    expected: { action: 'publish', transport: 'websocket', connection: 'upgrade' },
  },
  {
    name: 'a handshake at an http-only publisher is refused',
    headers: HANDSHAKE,
    variables: settings(['http'], ['longpoll']),
    expected: refused('transport_not_allowed'),
  },
  {
    name: 'an Upgrade with more than websocket is no handshake',
    headers: { Connection: 'upgrade', Upgrade: 'websocket, foo' },
    expected: { transport: 'longpoll', connection: '' },
  },
  {
    name: 'EventSource by Accept',
    headers: { Accept: 'text/html, text/event-stream' },
    expected: { transport: 'eventsource', connection: 'upgrade', upgrade: 'eventsource' },
  },
  {
    name: 'Accept is case-sensitive',
    headers: { Accept: 'Text/Event-Stream' },
    expected: { transport: 'longpoll' },
  },
  {
    name: 'EventSource falls through where it is not enabled',
    headers: { Accept: 'text/event-stream' },
    variables: settings([], ['longpoll']),
    expected: { transport: 'longpoll' },
  },
  // Message ids (spec/message-ids.md §3)
  { name: 'no id', expected: { message_id: '' } },
  {
    name: 'date and tag',
    headers: { ...since, 'If-None-Match': '"4"' },
    expected: { message_id: '1795246437:4' },
  },
  { name: 'date without tag is refused', headers: since, expected: refused('message_id_invalid') },
  {
    name: 'an unreadable date means the first message',
    headers: { 'If-Modified-Since': 'yesterday', 'If-None-Match': '4' },
    expected: { action: 'subscribe', message_id: '' },
  },
  {
    name: 'a whole id in If-None-Match',
    headers: { 'If-None-Match': '5:3' },
    expected: { message_id: '5:3' },
  },
  {
    name: 'If-None-Match without a colon means the first message, not last_event_id',
    headers: { 'If-None-Match': '3' },
    variables: { arg_last_event_id: '5:3' },
    expected: { action: 'subscribe', message_id: '' },
  },
  {
    name: 'Last-Event-ID before last_event_id',
    variables: { http_last_event_id: '5:3', arg_last_event_id: '6:1' },
    expected: { message_id: '5:3' },
  },
  {
    name: 'last_event_id is decoded',
    variables: { http_last_event_id: '', arg_last_event_id: '6%3A1' },
    expected: { message_id: '6:1' },
  },
  {
    name: 'an alternative without a colon is passed over',
    variables: { http_last_event_id: 'abc', arg_last_event_id: '6:1' },
    expected: { message_id: '6:1' },
  },
  {
    name: 'an alternative of more than 128 characters is passed over',
    variables: { http_last_event_id: `6:${'1'.repeat(127)}` },
    expected: { action: 'subscribe', message_id: '' },
  },
  {
    name: 'a bad alternative is refused',
    variables: { http_last_event_id: 'bad:xx' },
    expected: refused('message_id_invalid'),
  },
  {
    name: 'a bad id is refused even when publishing, before the method is looked at',
    method: 'PATCH',
    headers: { 'If-None-Match': 'x:1' },
    expected: refused('message_id_invalid'),
  },
  {
    name: 'more tags than channels are refused',
    headers: { 'If-None-Match': '5:[0],1' },
    expected: { ...refused('message_id_tag_count'), transport: 'longpoll' },
  },
  // Channel ids (spec/directives.md §2)
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
  // Values given by variables (spec/directives.md §4)
  {
    name: 'a timeout and a length of the request',
    method: 'POST',
    variables: {
      njchan_1_message_timeout_expression: '1m30s',
      njchan_1_message_buffer_length_expression: '7',
    },
    expected: { message_timeout: '90', message_buffer_length: '7' },
  },
  {
    name: 'an empty timeout',
    variables: { njchan_1_message_timeout_expression: '' },
    expected: refused('message_timeout_missing'),
  },
  {
    name: 'a timeout that is none, refused before the method is looked at',
    method: 'PATCH',
    variables: { njchan_1_message_timeout_expression: '5x' },
    expected: refused('message_timeout_invalid'),
  },
  {
    name: 'an empty length',
    variables: { njchan_1_message_buffer_length_expression: '' },
    expected: refused('message_buffer_length_missing'),
  },
  {
    name: 'a length that is none',
    variables: { njchan_1_message_buffer_length_expression: '-1' },
    expected: refused('message_buffer_length_invalid'),
  },
  {
    name: 'neither matters where nobody publishes',
    variables: { ...settings([], ['longpoll']), njchan_1_message_timeout_expression: '5x' },
    expected: { action: 'subscribe', message_timeout: '' },
  },
  // By hand, without compiled settings
  {
    name: 'by hand: role and id are enough',
    role: 'publisher',
    without: ['njchan_location', 'njchan_settings'],
    variables: { njchan_channel_id: 'mine' },
    expected: {
      action: 'info',
      channels: '/mine',
      settings: '{"publisher":["http","websocket"],"subscriber":[]}',
    },
  },
  {
    name: 'by hand: a subscriber does not publish',
    role: 'subscriber',
    method: 'POST',
    without: ['njchan_location', 'njchan_settings'],
    variables: { njchan_channel_id: 'mine' },
    expected: refused('transport_not_allowed'),
  },
];

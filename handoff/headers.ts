/**
 * The hand-off: what the gateway tells the sidecar about a request, as headers that only nginx's internal location
 * sets. The gateway computes the variables; the location copies each into its header. Client headers are not passed
 * on except those of CLIENT_HEADERS, so a client cannot add to this list whatever it sends.
 */

/** What the sidecar is asked to do. `refuse` makes it answer with the entry of refusals.ts named by `refusal`. */
export type Action = 'publish' | 'info' | 'delete' | 'options' | 'subscribe' | 'redis_stats' | 'refuse';

/** One value of the hand-off: the nginx variable that carries it and the header it arrives in. */
interface HandoffValue {
  readonly variable: string;
  readonly header: string;
  /** Constant values are written by the compiler with `set`; the others by the gateway through `js_var`. */
  readonly constant: boolean;
}

const value = (name: string, header: string, constant = false): HandoffValue => ({
  variable: `njchan_${name}`,
  header,
  constant,
});

/** Every value of the hand-off. The compiler emits, the gateway fills and the sidecar reads from this one table. */
export const HANDOFF = {
  /** See LocationSettings. */
  settings: value('settings', 'Njchan-Settings', true),
  /** See Action. */
  action: value('action', 'Njchan-Action'),
  /** The transport that was chosen: a SubscriberTransport, or a PublisherTransport for publishers. */
  transport: value('transport', 'Njchan-Transport'),
  /** Full channel names `group/id`, percent-encoded and joined by commas (channel-name.ts). */
  channels: value('channels', 'Njchan-Channels'),
  /** Like `channels`: what the WebSocket of a subscriber publishes to where that differs; empty: the same. */
  publisherChannels: value('publisher_channels', 'Njchan-Publisher-Channels'),
  /** The id a subscriber resumes from, in canonical form (message-id.ts); absent: the location's first message. */
  messageId: value('message_id', 'Njchan-Message-Id'),
  /** Seconds, when `nchan_message_timeout` is given by variables; overrides the settings. */
  messageTimeout: value('message_timeout', 'Njchan-Message-Timeout'),
  /** Messages, when `nchan_message_buffer_length` is given by variables; overrides the settings. */
  messageBufferLength: value('message_buffer_length', 'Njchan-Message-Buffer-Length'),
  /** The name of a Refusal: of the request with the action `refuse`, of what it publishes with `subscribe`. */
  refusal: value('refusal', 'Njchan-Refusal'),
  /** The upstream whose figures are asked for, percent-encoded as channel names are, with the action `redis_stats`. */
  redisUpstream: value('redis_upstream', 'Njchan-Redis-Upstream'),
  /** Access-Control-Allow-Origin where it is not the request's own origin; empty: it is. */
  allowOrigin: value('allow_origin', 'Njchan-Allow-Origin'),
  /** Unix seconds at which the request's token is good no longer, leeway included; empty: the request needs none. */
  expires: value('expires', 'Njchan-Expires'),
  /** `1` for a subscriber whose token gives no right to publish on the same WebSocket, else empty. */
  readOnly: value('read_only', 'Njchan-Read-Only'),
  /** `upgrade` when the sidecar shall take over the connection (every streaming transport), else empty. */
  connection: value('connection', 'Connection'),
  /** The protocol to upgrade to: the transport's name. */
  upgrade: value('upgrade', 'Upgrade'),
} as const satisfies Record<string, HandoffValue>;

/** Shared secret for a hand-off over TCP (design §4); never used on a unix socket. */
export const SECRET_HEADER = 'Njchan-Secret';

/** nginx's own version, for the error pages that stand in for nginx's. */
export const NGINX_HEADER = 'Njchan-Nginx';

/** The client's own headers that the sidecar needs; all others stay in nginx. */
export const CLIENT_HEADERS = [
  'Accept',
  'Content-Type',
  'Origin',
  'X-EventSource-Event',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Version',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Extensions',
] as const;

/**
 * Publishing that needs no decision passes by the gateway: nginx hands off by itself, and this header is in the place
 * of action, transport and channels. It has the full name of the one channel as bytes, not percent-encoded.
 */
export const PUBLISH_HEADER = 'Njchan-Publish';

/** The variable for PUBLISH_HEADER, set when the location is entered. */
export const PUBLISH_VARIABLE = 'njchan_publish';

/**
 * The variable that lets a request pass by the gateway: its own request target when nothing but its channel matters,
 * else empty.
 */
export const DIRECT_VARIABLE = 'njchan_direct';

/**
 * Values that a location computes at request time, with how many of each it may have. The compiler declares each as
 * `js_var $njchan_N_NAME expression`, which nginx evaluates when the gateway reads it, and names N in
 * `$njchan_location`. By hand, without the compiler, `set $njchan_NAME expression` does, with `$njchan_location` left
 * unset.
 */
export const DYNAMIC_VALUES = {
  channel_id: 7,
  publisher_channel_id: 7,
  subscriber_channel_id: 7,
  channel_group: 1,
  message_timeout_expression: 1,
  message_buffer_length_expression: 1,
  last_message_id: 5,
  /** The URI, and the query that is in it. */
  authorize_request: 2,
  redis_upstream_expression: 1,
  allow_origin_expression: 1,
  subscribe_request: 2,
  unsubscribe_request: 2,
  publisher_upstream_request: 2,
} as const;
export type DynamicValue = keyof typeof DYNAMIC_VALUES;

/** The constant that names the location's number, for dynamicVariable. */
export const LOCATION_VARIABLE = 'njchan_location';

/** The constant that names the hand-off location of the request's location; unset it is DEFAULT_HANDOFF_LOCATION. */
export const HANDOFF_LOCATION_VARIABLE = 'njchan_handoff';
export const DEFAULT_HANDOFF_LOCATION = '@njchan';

/**
 * The nginx variable (without `$`) that holds a dynamic value of location number `location` ("" for by hand). The
 * second of several values ends in `_2`, and so on.
 */
export function dynamicVariable(location: string, name: DynamicValue, index = 0): string {
  const variable = location === '' ? `njchan_${name}` : `njchan_${location}_${name}`;
  return index === 0 ? variable : `${variable}_${index + 1}`;
}

/**
 * The Transfer-Encoding that the hand-off location adds to the answer: `chunked` for the chunked transport, whose
 * chunks the sidecar makes itself (one a message, which nginx would not keep), else empty.
 */
export const TRANSFER_ENCODING_VARIABLE = 'njchan_transfer_encoding';

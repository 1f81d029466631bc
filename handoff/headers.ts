/**
 * The hand-off: what the gateway tells the sidecar about a request, as headers that only nginx's internal location
 * sets. The gateway computes the variables; the location copies each into its header. Client headers are not passed
 * on except those of CLIENT_HEADERS, so a client cannot add to this list whatever it sends.
 */
import { MAX_STRING_VALUES } from './strings.ts';

/** What the sidecar is asked to do. `refuse` makes it answer with the entry of refusals.ts named by `refusal`. */
export type Action =
  | 'publish'
  | 'info'
  | 'delete'
  | 'options'
  | 'subscribe'
  | 'redis_stats'
  | 'figures'
  | 'group_info'
  | 'group_set'
  | 'group_delete'
  | 'refuse';

/** One value of the hand-off: the nginx variable that carries it and the header it arrives in. */
interface HandoffValue {
  readonly variable: string;
  readonly header: string;
  /** Constant values are written by the compiler with `set`; the others by the gateway through `js_var`. */
  readonly constant: boolean;
}

/**
 * Every value of the hand-off. The compiler emits, the gateway fills and the sidecar reads from this one table. It is
 * written out, since njs makes it anew for each request: a function that fills it in costs a subscriber 5 KB of nginx.
 */
export const HANDOFF = {
  /** See LocationSettings. */
  settings: { variable: 'njchan_settings', header: 'Njchan-Settings', constant: true },
  /** See Action. */
  action: { variable: 'njchan_action', header: 'Njchan-Action', constant: false },
  /** The transport that was chosen: a SubscriberTransport, or a PublisherTransport for publishers. */
  transport: { variable: 'njchan_transport', header: 'Njchan-Transport', constant: false },
  /**
   * Full channel names `group/id`, percent-encoded and joined by commas (channel-name.ts); with actions that are about a
   * group the one name of its channel without an id.
   */
  channels: { variable: 'njchan_channels', header: 'Njchan-Channels', constant: false },
  /** Like `channels`: what the WebSocket of a subscriber publishes to where that differs; empty: the same. */
  publisherChannels: {
    variable: 'njchan_publisher_channels',
    header: 'Njchan-Publisher-Channels',
    constant: false,
  },
  /** The id a subscriber resumes from, in canonical form (message-id.ts); absent: the location's first message. */
  messageId: { variable: 'njchan_message_id', header: 'Njchan-Message-Id', constant: false },
  /** Seconds, when `nchan_message_timeout` is given by variables; overrides the settings. */
  messageTimeout: { variable: 'njchan_message_timeout', header: 'Njchan-Message-Timeout', constant: false },
  /** Messages, when `nchan_message_buffer_length` is given by variables; overrides the settings. */
  messageBufferLength: {
    variable: 'njchan_message_buffer_length',
    header: 'Njchan-Message-Buffer-Length',
    constant: false,
  },
  /** The name of a Refusal: of the request with the action `refuse`, of what it publishes with `subscribe`. */
  refusal: { variable: 'njchan_refusal', header: 'Njchan-Refusal', constant: false },
  /** The upstream whose figures are asked for, percent-encoded as channel names are, with the action `redis_stats`. */
  redisUpstream: { variable: 'njchan_redis_upstream', header: 'Njchan-Redis-Upstream', constant: false },
  /** Limits that the request sets for its group (parseGroupLimits); empty: none. */
  groupLimits: { variable: 'njchan_group_limits', header: 'Njchan-Group-Limits', constant: false },
  /** Access-Control-Allow-Origin where it is not the request's own origin; empty: it is. */
  allowOrigin: { variable: 'njchan_allow_origin', header: 'Njchan-Allow-Origin', constant: false },
  /** Unix seconds at which the request's token is good no longer, leeway included; empty: the request needs none. */
  expires: { variable: 'njchan_expires', header: 'Njchan-Expires', constant: false },
  /** `1` for a subscriber whose token gives no right to publish on the same WebSocket, else empty. */
  readOnly: { variable: 'njchan_read_only', header: 'Njchan-Read-Only', constant: false },
  /** `upgrade` when the sidecar shall take over the connection (every streaming transport), else empty. */
  connection: { variable: 'njchan_connection', header: 'Connection', constant: false },
  /** The protocol to upgrade to: the transport's name. */
  upgrade: { variable: 'njchan_upgrade', header: 'Upgrade', constant: false },
} as const satisfies Record<string, HandoffValue>;

/** Shared secret for a hand-off over TCP (design §4); never used on a unix socket. */
export const SECRET_HEADER = 'Njchan-Secret';

/** nginx's own version, for the error pages that stand in for nginx's. */
export const NGINX_HEADER = 'Njchan-Nginx';

/**
 * nginx's id for the request (`$request_id`), for lines of the log; not with messages that pass by the gateway, whose heads
 * are always alike.
 */
export const REQUEST_ID_HEADER = 'Njchan-Request-Id';

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
 * Requests about which nothing is to be decided pass by the gateway: nginx hands them off by itself, and these headers are
 * in the place of action, transport, channels and message id.
 */
export const DIRECT = {
  /** The full name of the one channel, as bytes, not percent-encoded. */
  channel: { variable: 'njchan_direct_channel', header: 'Njchan-Direct-Channel' },
  /** The transport of a subscriber, one of DIRECT_TRANSPORTS; a message has none. */
  transport: { variable: 'njchan_direct_transport', header: 'Njchan-Direct-Transport' },
  /** The query's message id, as the client wrote it. */
  queryId: { variable: 'arg_last_event_id', header: 'Njchan-Direct-Id' },
} as const;

/** Transports of which the request's method and headers alone tell that they are asked for. */
export const DIRECT_TRANSPORTS = ['websocket', 'eventsource', 'longpoll'] as const;
export type DirectTransport = (typeof DIRECT_TRANSPORTS)[number];

/** Headers with a message id, which the sidecar reads of subscribers that pass by the gateway. */
export const ID_HEADERS = ['If-None-Match', 'If-Modified-Since', 'Etag', 'Last-Event-ID'] as const;

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
  /** In the order of GroupLimits; '' for those that are not set. */
  group_limit: 5,
  /** See strings.ts. */
  event_channel: MAX_STRING_VALUES,
  event_string: MAX_STRING_VALUES,
  subscriber_info_string: MAX_STRING_VALUES,
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

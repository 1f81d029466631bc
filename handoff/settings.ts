/**
 * The settings of one location: what the compiler resolved from the directives in force there. They travel with
 * every request as one constant string, so the sidecar parses each text once and keeps the result.
 */
import type { RedisLocationSettings } from './redis.ts';
import type { StringTemplate } from './strings.ts';
import { DEFAULT_TOKEN_SETTINGS, type TokenSettings } from './token.ts';

/** How a publisher may reach a location (spec/directives.md §1). */
export type PublisherTransport = 'http' | 'websocket';

/** How a subscriber may be served; the names are those of `$nchan_subscriber_type` (spec/hooks.md §10). */
export type SubscriberTransport =
  | 'websocket'
  | 'eventsource'
  | 'longpoll'
  | 'intervalpoll'
  | 'http-chunked'
  | 'http-multipart'
  | 'http-raw-stream';

/**
 * What nginx takes of a request's head: client_header_buffer_size, both of large_client_header_buffers, and max_headers,
 * which only some versions have.
 */
export type HeadLimits = readonly [firstBytes: number, buffers: number, bytes: number, headers: number];

/** What a location tells about the sidecar as a whole; the name is that of `serves` in the settings. */
export type FiguresName = 'stub_status' | 'metrics' | 'live' | 'ready';

export interface LocationSettings extends RedisLocationSettings, TokenSettings {
  /** Where the location is written, `file:line`; for messages to the operator only. */
  location: string;
  /** What is answered to `njchan.figures`; '' in locations of channels. */
  serves: '' | FiguresName;
  publisher: readonly PublisherTransport[];
  subscriber: readonly SubscriberTransport[];
  /** Messages kept per channel; 0 keeps none (live delivery only). */
  messageBufferLength: number;
  /** Seconds that a message lives; 0 means 365 days. */
  messageTimeout: number;
  /** Start of a subscriber without a message id: 1 oldest, 0 newest, N the Nth oldest, -N the Nth newest. */
  firstMessage: number;
  /** Seconds a subscriber waits with nothing received before it is told 408; 0 means for ever. */
  subscriberTimeout: number;
  /** Say to browsers that they may send cookies along from pages of other origins. */
  allowCredentials: boolean;
  /** Refuse subscribers to channels that do not exist. */
  existingChannelsOnly: boolean;
  /** Subscribers that this server may have on a channel, or on a list of several; 0 is no limit. */
  maxChannelSubscribers: number;
  /** Bytes allowed in one evaluated channel id argument. */
  maxChannelIdLength: number;
  /** Splits each evaluated channel id into several; '' does not. */
  channelIdSplitDelimiter: string;
  /** Put the whole id `time:tags` in Etag, and take it from If-None-Match alone. */
  compoundEtag: boolean;
  /** Name of the response header that stands in for Etag; '' for Etag. */
  customEtagHeader: string;
  /** How a long-poll answers when several messages are there: the first, all as multipart/mixed, or all joined. */
  longpollMultipart: 'off' | 'on' | 'raw';
  /** What the raw stream writes after each message. */
  rawStreamSeparator: string;
  /** Name for EventSource `event:` lines: a publisher's message gets it, a subscriber sees it; '' for the message's own. */
  eventsourceEvent: string;
  /** Seconds between pings; 0 sends none. */
  eventsourcePingInterval: number;
  eventsourcePingComment: string;
  eventsourcePingEvent: string;
  eventsourcePingData: string;
  /** Seconds between pings; 0 sends none. */
  websocketPingInterval: number;
  /** A message of a client that is answered instead of published, and the answer; empty: none. */
  websocketHeartbeat: readonly [] | readonly [message: string, answer: string];
  /** Publishers: also keep messages deflated, for WebSocket subscribers that negotiated permessage-deflate. */
  deflateMessage: boolean;
  /** zlib's level, window (log2 of bytes), memory level and strategy for deflated messages. */
  deflateLevel: number;
  deflateWindow: number;
  deflateMemlevel: number;
  deflateStrategy: 'default' | 'filtered' | 'huffman-only' | 'rle' | 'fixed';
  /** Where requests are repeated for the location's hooks: unix sockets of its server. '' where there is no hook. */
  hookSocket: string;
  /** The same for requests that came over TLS; '' where the server has none of these. */
  hookTlsSocket: string;
  /** The header from which the server's own directives take the address of who comes in there; '' for none. */
  hookAddressHeader: string;
  /** Keep subscribers in Redis, so that they are told of after a crash. */
  hooksAfterCrash: boolean;
  /** What the head of a repeated request may have. */
  hookHeadLimits: HeadLimits;
  /** The limits of the channels' group hold here, or its figures are shown. */
  groupAccounting: boolean;
  /** The location has limits for its group, which requests set. */
  groupLimits: boolean;
  /** Of a location of groups: what may be done there (GroupRight), with blanks between; NO_GROUP_RIGHTS; '' elsewhere. */
  groupAccess: string;
  /** The id of the channel in group `meta` that gets the location's events; null: there are none. */
  eventChannel: StringTemplate | null;
  /** The text of an event; null: Nchan's own. */
  eventString: StringTemplate | null;
  /** A GET asks who subscribes to the channels, rather than subscribing to them. */
  subscriberInfo: boolean;
  /** What is told of a subscriber of the location; null where nobody could ask. */
  subscriberInfoString: StringTemplate | null;
}

/** Nchan's defaults (spec/directives.md §§1-7 and 11); a location's text carries only what differs from them. */
export const DEFAULT_SETTINGS: Readonly<LocationSettings> = {
  location: '',
  serves: '',
  publisher: [],
  subscriber: [],
  messageBufferLength: 10,
  messageTimeout: 3600,
  firstMessage: 1,
  subscriberTimeout: 0,
  allowCredentials: true,
  existingChannelsOnly: false,
  maxChannelSubscribers: 0,
  maxChannelIdLength: 1024,
  channelIdSplitDelimiter: '',
  compoundEtag: false,
  customEtagHeader: '',
  longpollMultipart: 'off',
  rawStreamSeparator: '\n',
  eventsourceEvent: '',
  eventsourcePingInterval: 0,
  eventsourcePingComment: '',
  eventsourcePingEvent: 'ping',
  eventsourcePingData: '',
  websocketPingInterval: 0,
  websocketHeartbeat: [],
  deflateMessage: false,
  deflateLevel: 6,
  deflateWindow: 10,
  deflateMemlevel: 8,
  deflateStrategy: 'default',
  hookSocket: '',
  hookTlsSocket: '',
  hookAddressHeader: '',
  hooksAfterCrash: true,
  hookHeadLimits: [1024, 4, 8192, 1000],
  groupAccounting: false,
  groupLimits: false,
  groupAccess: '',
  eventChannel: null,
  eventString: null,
  subscriberInfo: false,
  subscriberInfoString: null,
  redisUpstream: '',
  redisStorageMode: 'distributed',
  redisNamespace: '',
  redisNostoreFastpublish: false,
  redisIdleChannelCacheTimeout: 30,
  channelTimeout: 5,
  tokenMode: DEFAULT_TOKEN_SETTINGS.tokenMode,
  tokenKeys: DEFAULT_TOKEN_SETTINGS.tokenKeys,
  tokenFrom: DEFAULT_TOKEN_SETTINGS.tokenFrom,
  tokenIssuer: DEFAULT_TOKEN_SETTINGS.tokenIssuer,
  tokenAudience: DEFAULT_TOKEN_SETTINGS.tokenAudience,
  tokenLeeway: DEFAULT_TOKEN_SETTINGS.tokenLeeway,
  tokenClaim: DEFAULT_TOKEN_SETTINGS.tokenClaim,
};

/** What `nchan_publisher;` and `nchan_subscriber;` without words stand for (spec/directives.md §1). */
export const DEFAULT_PUBLISHER: readonly PublisherTransport[] = ['http', 'websocket'];
export const DEFAULT_SUBSCRIBER: readonly SubscriberTransport[] = [
  'websocket',
  'eventsource',
  'longpoll',
  'http-chunked',
  'http-multipart',
];

/**
 * Writes settings as the text of `$njchan_settings`: JSON with only the values that differ from the defaults, in
 * the order of DEFAULT_SETTINGS. `$` is written `\u0024`, because nginx would take it for a variable, and so is
 * everything beyond ASCII, because the text travels in a header.
 */
export function formatSettings(settings: LocationSettings): string {
  const text: Record<string, unknown> = {};
  for (const key of Object.keys(DEFAULT_SETTINGS) as (keyof LocationSettings)[]) {
    if (JSON.stringify(settings[key]) !== JSON.stringify(DEFAULT_SETTINGS[key])) text[key] = settings[key];
  }
  return JSON.stringify(text).replace(/[$\u007f-\uffff]/g, (char) => {
    return `\\u${`000${char.charCodeAt(0).toString(16)}`.slice(-4)}`;
  });
}

/**
 * Reads the text that formatSettings writes.
 * @throws SyntaxError when the text is not a JSON object.
 */
export function parseSettings(text: string): LocationSettings {
  const given: unknown = text === '' ? {} : JSON.parse(text);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new SyntaxError('settings must be a JSON object');
  }
  return Object.assign({}, DEFAULT_SETTINGS, given);
}

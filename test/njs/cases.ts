/** What a case of the gateway's tests is. */

export interface GatewayCase {
  readonly name: string;
  readonly role?: 'publisher' | 'subscriber' | 'pubsub' | 'redisStats' | 'group';
  readonly method?: string;
  /** As nginx gives it: `1.1`, `2.0`. */
  readonly httpVersion?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to the variables of a location with all transports and the channel id `foo`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Variables that hold these bytes, in hexadecimal. */
  readonly bytes?: Readonly<Record<string, string>>;
  /** Variables that the location does not have. */
  readonly without?: readonly string[];
  /** Hand-off variables that must come out, without their prefix. */
  readonly expected: Readonly<Record<string, string>>;
}

export const EVERY_TRANSPORT = [
  'websocket',
  'eventsource',
  'longpoll',
  'intervalpoll',
  'http-chunked',
  'http-multipart',
  'http-raw-stream',
];

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

/** A location with these transports, and other settings. */
export const settings = (publisher: string[], subscriber: string[], more = {}) => ({
  njchan_settings: JSON.stringify({ publisher, subscriber, ...more }),
});

/** What must come out for a refused request. */
export const refused = (refusal: string) => ({ action: 'refuse', refusal, connection: '' });

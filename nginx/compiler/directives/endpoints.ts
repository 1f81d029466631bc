/** What makes a location an endpoint (spec/directives.md §1). */
import {
  DEFAULT_PUBLISHER,
  DEFAULT_SUBSCRIBER,
  type PublisherTransport,
  type SubscriberTransport,
} from '../../../handoff/settings.ts';
import { ValueError } from '../errors.ts';
import { type Keywords, matchKeyword } from '../keywords.ts';
import type { Token } from '../lexer.ts';
import {
  type Call,
  type Endpoint,
  type Expressions,
  expressions,
  type GroupRights,
  type Row,
  row,
  valid,
} from './row.ts';

const PUBLISHER_WORDS: Keywords<PublisherTransport> = [
  ['http', 'http'],
  ['websocket', 'websocket'],
  ['ws', 'websocket'],
  ['websockets', 'websocket'],
];

/** The order decides what a short word means: `http`, and so `h`, is interval-poll. */
const SUBSCRIBER_WORDS: Keywords<SubscriberTransport | 'off'> = [
  ['websocket', 'websocket'],
  ['ws', 'websocket'],
  ['websockets', 'websocket'],
  ['eventsource', 'eventsource'],
  ['event-source', 'eventsource'],
  ['es', 'eventsource'],
  ['sse', 'eventsource'],
  ['longpoll', 'longpoll'],
  ['long-poll', 'longpoll'],
  ['poll', 'intervalpoll'],
  ['interval-poll', 'intervalpoll'],
  ['intervalpoll', 'intervalpoll'],
  ['http', 'intervalpoll'],
  ['chunked', 'http-chunked'],
  ['http-chunked', 'http-chunked'],
  ['multipart', 'http-multipart'],
  ['multipart/mixed', 'http-multipart'],
  ['http-multipart', 'http-multipart'],
  ['multipart-mixed', 'http-multipart'],
  ['http-raw-stream', 'http-raw-stream'],
  ['none', 'off'],
  ['off', 'off'],
  ['disabled', 'off'],
];

/** `off` leaves the raw stream alone, as Nchan does. */
const NOT_TURNED_OFF: SubscriberTransport = 'http-raw-stream';

/** The transports of a level while its directives are read. */
class Words implements Endpoint {
  readonly publisher: Set<PublisherTransport>;
  readonly subscriber: Set<SubscriberTransport>;
  readonly redisStats?: Expressions;
  readonly group?: GroupRights;
  readonly serves = 'channels';
  readonly #name: string;

  constructor({ name, current }: Call<'endpoint'>) {
    this.#name = name;
    this.publisher = new Set(current?.publisher);
    this.subscriber = new Set(current?.subscriber);
    if (current?.redisStats) this.redisStats = current.redisStats;
    if (current?.group) this.group = current.group;
  }

  addPublisher(word: Token): void {
    this.publisher.add(valid(matchKeyword(PUBLISHER_WORDS, word.text), this.#invalid(word)));
  }

  addSubscriber(word: Token): void {
    const transport = valid(matchKeyword(SUBSCRIBER_WORDS, word.text), this.#invalid(word));
    if (transport !== 'off') {
      this.subscriber.add(transport);
      return;
    }
    for (const given of this.subscriber) if (given !== NOT_TURNED_OFF) this.subscriber.delete(given);
  }

  addDefaultPublisher(): void {
    for (const transport of DEFAULT_PUBLISHER) this.publisher.add(transport);
  }

  addDefaultSubscriber(): void {
    for (const transport of DEFAULT_SUBSCRIBER) this.subscriber.add(transport);
  }

  #invalid(word: Token): string {
    return `invalid ${this.#name} value: ${word.text}`;
  }
}

/** A nested level can only add to what it inherits, but its own directives say which of both is served. */
function addUp(own: Endpoint, outer: Endpoint): Endpoint {
  const redisStats = own.redisStats ?? outer.redisStats;
  const group = addUpRights(own.group, outer.group);
  return {
    publisher: new Set([...outer.publisher, ...own.publisher]),
    subscriber: new Set([...outer.subscriber, ...own.subscriber]),
    ...(redisStats ? { redisStats } : {}),
    ...(group ? { group } : {}),
    serves: own.serves,
  };
}

function addUpRights(own: GroupRights | undefined, outer: GroupRights | undefined): GroupRights | undefined {
  if (!own || !outer || own.withoutOuter) return own ?? outer;
  return { words: new Set([...outer.words, ...own.words]), withoutOuter: outer.withoutOuter };
}

/** What is served by directives of our own: nobody's configuration has them beside others. */
const OWN: ReadonlySet<Endpoint['serves']> = new Set(['metrics', 'live', 'ready']);

/**
 * A directive that says what a location does. Where one level has several of Nchan's, the last one wins or they add up,
 * as with Nchan; beside one of our own there may be no other.
 */
export function endpointRow(
  own: Omit<Row<'endpoint'>, 'slot' | 'onDuplicate' | 'inherit' | 'contexts'> & {
    readonly contexts?: string;
  },
): Row {
  return row({
    contexts: 'SLI',
    ...own,
    slot: 'endpoint',
    onDuplicate: 'add',
    inherit: addUp,
    parse(call) {
      const endpoint = own.parse(call);
      const { current, name } = call;
      const isOther = current && endpoint && current.serves !== endpoint.serves;
      if (isOther && (OWN.has(current.serves) || OWN.has(endpoint.serves))) {
        throw new ValueError(
          `"${name}" directive is not allowed beside another that says what the location does; give it one of its own`,
        );
      }
      return endpoint;
    },
  });
}

/** A level of which no directive says that it has channels. */
export const NO_CHANNELS: Pick<Endpoint, 'publisher' | 'subscriber'> = {
  publisher: new Set<PublisherTransport>(),
  subscriber: new Set<SubscriberTransport>(),
};

export const ENDPOINTS = [
  endpointRow({
    names: ['nchan_publisher', 'nchan_publisher_location', 'push_publisher'],
    args: [0, 2],
    default: 'without words: `http websocket`',
    doc: 'Makes the location a publisher. Words: `http`, `websocket` (`ws`, `websockets`).',
    parse(call) {
      const words = new Words(call);
      if (call.args.length === 0) words.addDefaultPublisher();
      for (const word of call.args) words.addPublisher(word);
      return words;
    },
  }),
  endpointRow({
    names: ['nchan_subscriber', 'nchan_subscriber_location', 'push_subscriber'],
    args: [0, 5],
    default: 'without words: `websocket eventsource longpoll chunked multipart`',
    doc:
      'Makes the location a subscriber. Words: `websocket` (`ws`, `websockets`), `eventsource` (`event-source`, `es`, ' +
      '`sse`), `longpoll` (`long-poll`), `poll` (`interval-poll`, `intervalpoll`, `http`), `chunked` (`http-chunked`), ' +
      '`multipart` (`multipart/mixed`, `http-multipart`, `multipart-mixed`), `http-raw-stream`, `off` (`none`, ' +
      '`disabled`).',
    parse(call) {
      const words = new Words(call);
      if (call.args.length === 0) words.addDefaultSubscriber();
      for (const word of call.args) words.addSubscriber(word);
      return words;
    },
  }),
  endpointRow({
    names: ['nchan_pubsub', 'nchan_pubsub_location'],
    args: [0, 6],
    default: 'without words: what both of the above have without words',
    doc:
      'Makes the location both. Words are read as those of `nchan_publisher` up to the first that is none, then all ' +
      'of them as those of `nchan_subscriber`: `http longpoll` publishes over HTTP and subscribes by interval-poll ' +
      'and long-poll, `longpoll` alone has no publisher.',
    parse(call) {
      const words = new Words(call);
      if (call.args.length === 0) {
        words.addDefaultPublisher();
        words.addDefaultSubscriber();
      }
      for (const word of call.args) {
        if (matchKeyword(PUBLISHER_WORDS, word.text) === undefined) break;
        words.addPublisher(word);
      }
      for (const word of call.args) words.addSubscriber(word);
      return words;
    },
  }),
];

/** What a GET for information about subscribers may be answered by. */
export const INFO_TRANSPORTS: readonly SubscriberTransport[] = [
  'websocket',
  'eventsource',
  'http-chunked',
  'http-multipart',
  'http-raw-stream',
];

/** Not among the others in the documentation: it publishes and subscribes to nothing. */
export const SUBSCRIBER_INFO = endpointRow({
  names: ['nchan_subscriber_info'],
  contexts: 'L',
  args: [0, 0],
  default: 'none',
  doc:
    'Tells whoever asks by GET of each subscriber of the channel, one message a subscriber, by any of the streaming ' +
    'transports. See [events.md](events.md#who-subscribes).',
  parse: ({ current }) => ({
    publisher: current?.publisher ?? new Set<PublisherTransport>(),
    subscriber: new Set([...(current?.subscriber ?? []), ...INFO_TRANSPORTS]),
    ...(current?.redisStats ? { redisStats: current.redisStats } : {}),
    serves: 'subscriberInfo',
  }),
});

/** Not among the others in the documentation: it is about Redis. */
export const REDIS_STATS = endpointRow({
  names: ['nchan_redis_upstream_stats'],
  contexts: 'SL',
  args: [1, 1],
  default: 'none',
  doc:
    'Makes the location answer every request with figures about an upstream: commands sent to each of its Redis ' +
    'servers and the time they took, as JSON. The name may have variables; one that no location uses is answered 404.',
  parse: ({ args, current }) => ({
    ...NO_CHANNELS,
    ...current,
    redisStats: current?.redisStats ?? expressions(args),
    serves: 'redisStats',
  }),
});

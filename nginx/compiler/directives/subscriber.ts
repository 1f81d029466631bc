/** Settings of subscribers on any transport (spec/directives.md §5). */
import { DYNAMIC_VALUES } from '../../../handoff/headers.ts';
import type { LocationSettings } from '../../../handoff/settings.ts';
import { ValueError } from '../errors.ts';
import { type Keywords, matchKeyword } from '../keywords.ts';
import { expressions, onlyArgument, row, valid } from './row.ts';
import { flag, seconds } from './values.ts';

const FIRST_MESSAGE_WORDS: Keywords<number> = [
  ['oldest', 1],
  ['newest', 0],
];
/** The farthest message that can be named, from either end. */
const FIRST_MESSAGE_LIMIT = 32;

/** @throws ValueError */
function firstMessage(text: string): number {
  const word = matchKeyword(FIRST_MESSAGE_WORDS, text);
  if (word !== undefined) return word;
  const message = `invalid nchan_subscriber_first_message value: ${text}, must be 'oldest', 'newest', or a number`;
  if (!/^-?\d{1,18}$/.test(text)) throw new ValueError(message);
  const number = Number(text);
  if (Math.abs(number) > FIRST_MESSAGE_LIMIT) {
    throw new ValueError(`${message} between -${FIRST_MESSAGE_LIMIT} and ${FIRST_MESSAGE_LIMIT}`);
  }
  return number === 0 ? 0 : number;
}

const MULTIPART_WORDS: Keywords<LocationSettings['longpollMultipart']> = [
  ['on', 'on'],
  ['off', 'off'],
  ['raw', 'raw'],
];

/** A header's name: a token of RFC 9110 §5.6.2. An empty one stands for Etag. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]*$(?!\n)/;

/** @throws ValueError */
function headerName(name: string, text: string): string {
  // Nchan would send anything, a line break too, and so spoil its answers.
  if (!HEADER_NAME.test(text)) throw new ValueError(`"${name}" directive invalid header name "${text}"`);
  return text;
}

export const SUBSCRIBER = [
  row({
    slot: 'firstMessage',
    names: ['nchan_subscriber_first_message'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'last',
    inherit: 'nearest',
    default: '`oldest`',
    doc:
      'Where a subscriber without a message id starts: `oldest`, `newest` (only messages to come), `N` the Nth oldest, ' +
      '`-N` the Nth newest; from -32 to 32.',
    parse: ({ args }) => firstMessage(onlyArgument(args).text),
  }),
  row({
    slot: 'lastMessageId',
    names: ['nchan_subscriber_last_message_id'],
    contexts: 'SLI',
    args: [1, DYNAMIC_VALUES.last_message_id],
    onDuplicate: 'last',
    inherit: 'nearest',
    default: '`$http_last_event_id $arg_last_event_id`',
    doc:
      'Where to look for the id of the last message that a subscriber got, when it is not in `If-None-Match`: the ' +
      'first that looks like one counts.',
    parse: ({ args }) => expressions(args),
  }),
  row({
    slot: 'subscriberTimeout',
    names: ['nchan_subscriber_timeout', 'push_subscriber_timeout'],
    contexts: 'HSLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`0`: for ever',
    doc: 'How long a subscriber may wait for a message before it is told 408.',
    parse: seconds,
  }),
  row({
    slot: 'compoundEtag',
    names: ['nchan_subscriber_compound_etag_message_id'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`off`',
    doc:
      'Puts the whole message id in `Etag` and leaves out `Last-Modified`, for clients and proxies that cannot keep ' +
      'both; `If-Modified-Since` is not looked at.',
    parse: flag,
  }),
  row({
    slot: 'customEtagHeader',
    names: ['nchan_subscriber_message_id_custom_etag_header'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: 'empty: `Etag`',
    doc:
      'The response header that long-polls get instead of `Etag`, for proxies that drop that one. Requests still ' +
      'have it in `If-None-Match`.',
    parse: ({ name, args }) => headerName(name, onlyArgument(args).text),
  }),
  row({
    slot: 'longpollMultipart',
    names: ['nchan_longpoll_multipart_response'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'last',
    inherit: 'nearest',
    default: '`off`',
    doc:
      'Answers a long-poll with every message there is: `on` as `multipart/mixed`, `raw` one after the other with ' +
      'the separator of raw streams.',
    parse({ name, args }) {
      const { text } = onlyArgument(args);
      // The stray `;'` is in Nchan's message too.
      const message = `invalid value for ${name}: ${text};'. Must be 'on', 'off', or 'raw'`;
      return valid(matchKeyword(MULTIPART_WORDS, text), message);
    },
  }),
  row({
    slot: 'rawStreamSeparator',
    names: ['nchan_subscriber_http_raw_stream_separator'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'last',
    inherit: 'nearest',
    default: 'a line feed',
    doc: 'What a raw stream has after each message. A line feed is added to it, unless it is empty or ends with one.',
    parse({ args }) {
      const { text } = onlyArgument(args);
      return text === '' || text.endsWith('\n') ? text : `${text}\n`;
    },
  }),
];

/** Settings of subscribers (spec/directives.md §5). */
import { parseSeconds } from '../../../handoff/time.ts';
import { ValueError } from '../errors.ts';
import { type Keywords, matchKeyword } from '../keywords.ts';
import { onlyArgument, row, valid } from './row.ts';

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
    slot: 'subscriberTimeout',
    names: ['nchan_subscriber_timeout', 'push_subscriber_timeout'],
    contexts: 'HSLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`0`: for ever',
    doc: 'How long a subscriber may wait for a message before it is told 408.',
    parse: ({ name, args }) =>
      valid(parseSeconds(onlyArgument(args).text), `"${name}" directive invalid value`),
  }),
];

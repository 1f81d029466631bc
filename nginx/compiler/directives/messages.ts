/** How long and how many messages are kept; settings of the publishing location (spec/directives.md §4). */
import { parseSeconds } from '../../../handoff/time.ts';
import { matchKeyword, ON_OFF } from '../keywords.ts';
import {
  type Call,
  type Expressions,
  expressions,
  hasVariables,
  onlyArgument,
  parseNumber,
  row,
  valid,
} from './row.ts';

type LimitSlot = 'messageTimeout' | 'messageBufferLength';

/** A number that `parse` finds in the text, or an expression for the gateway to compute and check. */
function limit<S extends LimitSlot>(parse: (text: string) => number | undefined) {
  return ({ name, args }: Call<S>): number | Expressions => {
    const { text } = onlyArgument(args);
    if (hasVariables(text)) return expressions(args);
    // Nchan passes over a value that it cannot read, and the default silently stays.
    return valid(parse(text), `"${name}" directive invalid value "${text}"`);
  };
}

const COMMON = { args: [1, 1], onDuplicate: 'first', inherit: 'nearest' } as const;

export const MESSAGES = [
  row({
    ...COMMON,
    slot: 'messageTimeout',
    names: ['nchan_message_timeout', 'push_message_timeout'],
    contexts: 'HSL',
    default: '`1h`',
    doc: 'How long a message is kept; `0` means 365 days. May have variables.',
    parse: limit(parseSeconds),
  }),
  row({
    ...COMMON,
    slot: 'messageBufferLength',
    names: [
      'nchan_message_buffer_length',
      'nchan_message_max_buffer_length',
      'push_max_message_buffer_length',
      'push_message_buffer_length',
    ],
    contexts: 'HSL',
    default: '`10`',
    doc:
      'How many messages a channel keeps; `0` keeps none and delivers only to those who are subscribed. May have ' +
      'variables.',
    parse: limit(parseNumber),
  }),
  row({
    ...COMMON,
    slot: 'messageBufferLength',
    names: ['nchan_store_messages', 'push_store_messages'],
    contexts: 'HSLI',
    default: '`on`',
    doc: '`off` is another way to say `nchan_message_buffer_length 0`; every other word does nothing.',
    parse: ({ args }) => (onlyArgument(args).text.toLowerCase() === 'off' ? 0 : undefined),
  }),
  row({
    slot: 'deflateMessage',
    names: ['nchan_deflate_message_for_websocket'],
    contexts: 'SL',
    args: [1, 1],
    onDuplicate: 'last',
    inherit: 'nearest',
    default: '`off`',
    doc:
      'Also keep a deflated copy of each published message, for WebSocket subscribers that negotiated ' +
      '`permessage-deflate`. Other messages are never sent compressed.',
    parse: ({ name, args }) =>
      valid(
        matchKeyword(ON_OFF, onlyArgument(args).text),
        `"${name}" directive invalid value: must be 'on' or 'off'`,
      ),
  }),
];

/** Groups of channels: what they have, what they may have, and where that is looked at (spec/hooks.md §7). */
import { type GroupRight, parseGroupBytes, parseGroupCount } from '../../../handoff/group.ts';
import { type Keywords, matchKeyword } from '../keywords.ts';
import { endpointRow, NO_CHANNELS } from './endpoints.ts';
import {
  type Call,
  type Expressions,
  expressions,
  hasVariables,
  onlyArgument,
  row,
  type SlotName,
  valid,
} from './row.ts';
import { flag } from './values.ts';

const WORDS: Keywords<GroupRight | 'off'> = [
  ['get', 'get'],
  ['set', 'set'],
  ['delete', 'delete'],
  ['off', 'off'],
];
const ALL: readonly GroupRight[] = ['get', 'set', 'delete'];

const LIMIT = { contexts: 'L', args: [1, 1], onDuplicate: 'error', inherit: 'nearest' } as const;
const LIMIT_DOC =
  'Every request to a location with the directive sets it for the whole group, if the location has ' +
  '`nchan_channel_group_accounting on`; at a group location POST does. May have variables; an empty value changes ' +
  'nothing, `0` is no limit.';

/** A limit for the gateway to compute and check. One that is always the same, and none, would refuse every request. */
function limit(parse: (text: string) => number | undefined) {
  return ({ name, args }: Pick<Call<SlotName>, 'name' | 'args'>): Expressions => {
    const { text } = onlyArgument(args);
    if (text !== '' && !hasVariables(text)) valid(parse(text), `"${name}" directive invalid value "${text}"`);
    return expressions(args);
  };
}

export const GROUPS = [
  row({
    slot: 'groupAccounting',
    names: ['nchan_channel_group_accounting'],
    contexts: 'SL',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`off`',
    doc: "`on` makes the limits of a channel's group hold for publishers and subscribers, and lets a group location work.",
    parse: flag,
  }),
  endpointRow({
    names: ['nchan_group_location'],
    contexts: 'L',
    args: [0, 3],
    default: 'without words: `get set delete`',
    doc:
      'Makes the location show what the group of `nchan_channel_group` has (GET, with the word `get`), set its limits ' +
      '(POST, `set`) and delete all its channels (DELETE, `delete`). `off` takes back the words before it, and those ' +
      'of outer levels. See [groups.md](groups.md).',
    parse({ name, args, current }) {
      const words = new Set(current?.group?.words);
      let withoutOuter = current?.group?.withoutOuter ?? false;
      if (args.length === 0) for (const word of ALL) words.add(word);
      for (const { text } of args) {
        const word = valid(matchKeyword(WORDS, text), `invalid ${name} value: ${text}`);
        if (word === 'off') {
          words.clear();
          withoutOuter = true;
        } else words.add(word);
      }
      return {
        ...NO_CHANNELS,
        ...current,
        group: { words, withoutOuter },
        serves: 'group',
      };
    },
  }),
  row({
    ...LIMIT,
    slot: 'groupMaxChannels',
    names: ['nchan_group_max_channels'],
    default: 'as it is',
    doc: `Channels that the group may have. ${LIMIT_DOC}`,
    parse: limit(parseGroupCount),
  }),
  row({
    ...LIMIT,
    slot: 'groupMaxSubscribers',
    names: ['nchan_group_max_subscribers'],
    default: 'as it is',
    doc: 'Subscribers that the channels of the group may have together. Otherwise as `nchan_group_max_channels`.',
    parse: limit(parseGroupCount),
  }),
  row({
    ...LIMIT,
    slot: 'groupMaxMessages',
    names: ['nchan_group_max_messages'],
    default: 'as it is',
    doc: 'Messages that the channels of the group may keep together. Otherwise as `nchan_group_max_channels`.',
    parse: limit(parseGroupCount),
  }),
  row({
    ...LIMIT,
    slot: 'groupMaxMessagesMemory',
    names: ['nchan_group_max_messages_memory'],
    default: 'as it is',
    doc:
      'Bytes that these messages may take, with what a message takes beside its data; may be a fraction and end in ' +
      '`k`, `m` or `g`. Otherwise as `nchan_group_max_channels`.',
    parse: limit(parseGroupBytes),
  }),
  row({
    ...LIMIT,
    slot: 'groupMaxMessagesDisk',
    names: ['nchan_group_max_messages_disk'],
    default: 'as it is',
    doc:
      'Bytes that messages in files may take. njchan keeps no messages in files: the limit is kept and shown, and ' +
      'refuses nothing. Otherwise as `nchan_group_max_messages_memory`.',
    parse: limit(parseGroupBytes),
  }),
];

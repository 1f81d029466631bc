/** Which channels a request is about (spec/directives.md §§2, 3). */
import { DYNAMIC_VALUES } from '../../../handoff/headers.ts';
import { expressions, onlyArgument, parseNumber, row, valid } from './row.ts';

const ID = {
  contexts: 'SLI',
  args: [1, DYNAMIC_VALUES.channel_id],
  onDuplicate: 'last',
  inherit: 'nearest',
} as const;

export const CHANNEL_ID = [
  row({
    ...ID,
    slot: 'channelId',
    names: ['nchan_channel_id', 'nchan_pubsub_channel_id'],
    default: 'none: requests are answered 404',
    doc:
      'The channel of a request, usually with variables: `$1`, `$arg_id`. Several ids are several channels at once: ' +
      'a message goes to each, a subscriber hears all.',
    parse: ({ args }) => expressions(args),
  }),
  row({
    ...ID,
    slot: 'publisherChannelId',
    names: ['nchan_publisher_channel_id', 'nchan_pub_channel_id'],
    default: '`nchan_channel_id`',
    doc: 'The channel of a publisher, in preference to `nchan_channel_id`.',
    parse: ({ args }) => expressions(args),
  }),
  row({
    ...ID,
    slot: 'subscriberChannelId',
    names: ['nchan_subscriber_channel_id', 'nchan_sub_channel_id'],
    default: '`nchan_channel_id`',
    doc: 'The channel of a subscriber, in preference to `nchan_channel_id`.',
    parse: ({ args }) => expressions(args),
  }),
  row({
    slot: 'channelIdSplitDelimiter',
    names: ['nchan_channel_id_split_delimiter'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: 'empty: ids are not split',
    doc:
      'Splits each channel id at this text into several, up to 255 in all; requests with more are answered 403. A ' +
      'delimiter at the very end belongs to the last id.',
    parse: ({ args }) => onlyArgument(args).text,
  }),
  row({
    slot: 'channelGroup',
    names: ['nchan_channel_group', 'push_channel_group'],
    contexts: 'SLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: 'empty',
    doc: 'Puts the channels in a group: equal ids in different groups are different channels. May have variables.',
    parse: ({ args }) => expressions(args),
  }),
  row({
    slot: 'maxChannelIdLength',
    names: ['nchan_max_channel_id_length', 'push_max_channel_id_length'],
    contexts: 'HSL',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`1024`',
    doc: 'Bytes allowed in a channel id before it is split; requests with a longer one are answered 403.',
    parse: ({ name, args }) =>
      valid(parseNumber(onlyArgument(args).text), `"${name}" directive invalid number`),
  }),
];

/** Which channel a request is about (spec/directives.md §§2, 3). */
import { type Call, type Expression, onlyArgument, parseNumber, row, valid } from './row.ts';

type IdSlot = 'channelId' | 'publisherChannelId' | 'subscriberChannelId';

/** One id; several make a multiplexed channel, which njchan does not have yet. */
function channelId<S extends IdSlot>({ name, args }: Call<S>): Expression {
  const first = args.length === 1 ? onlyArgument(args) : undefined;
  return {
    expression: valid(first, `"${name}": several channels in one location are not supported yet`).raw,
  };
}

const ID = { contexts: 'SLI', args: [1, 7], onDuplicate: 'last', inherit: 'nearest' } as const;

export const CHANNEL_ID = [
  row({
    ...ID,
    slot: 'channelId',
    names: ['nchan_channel_id', 'nchan_pubsub_channel_id'],
    default: 'none: requests are answered 404',
    doc: 'The channel of a request, usually with variables: `$1`, `$arg_id`. Several ids are not supported yet.',
    parse: channelId,
  }),
  row({
    ...ID,
    slot: 'publisherChannelId',
    names: ['nchan_publisher_channel_id', 'nchan_pub_channel_id'],
    default: '`nchan_channel_id`',
    doc: 'The channel of a publisher, in preference to `nchan_channel_id`.',
    parse: channelId,
  }),
  row({
    ...ID,
    slot: 'subscriberChannelId',
    names: ['nchan_subscriber_channel_id', 'nchan_sub_channel_id'],
    default: '`nchan_channel_id`',
    doc: 'The channel of a subscriber, in preference to `nchan_channel_id`.',
    parse: channelId,
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
    parse: ({ args }) => ({ expression: onlyArgument(args).raw }),
  }),
  row({
    slot: 'maxChannelIdLength',
    names: ['nchan_max_channel_id_length', 'push_max_channel_id_length'],
    contexts: 'HSL',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`1024`',
    doc: 'Bytes allowed in a channel id; requests with a longer one are answered 403.',
    parse: ({ name, args }) =>
      valid(parseNumber(onlyArgument(args).text), `"${name}" directive invalid number`),
  }),
];

/** Messages about channels, and about who subscribes to them (spec/directives.md §10). */
import { carriedString } from '../carried-string.ts';
import type { Token } from '../lexer.ts';
import { SUBSCRIBER_INFO } from './endpoints.ts';
import { type CarriedString, onlyArgument, row } from './row.ts';

/** A string that may have variables. */
const STRING = {
  args: [1, 1],
  inherit: 'nearest',
  parse: ({ args }: { readonly args: readonly Token[] }): CarriedString =>
    carriedString(onlyArgument(args).text),
} as const;

/** What is told of a subscriber, unless the configuration says something else. */
const DEFAULT_INFO =
  '$nchan_subscriber_type $remote_addr:$remote_port $http_user_agent $server_name $request_uri $pid';
export const DEFAULT_INFO_STRING = carriedString(DEFAULT_INFO);

export const EVENTS = [
  row({
    ...STRING,
    slot: 'channelEventsChannelId',
    names: ['nchan_channel_events_channel_id'],
    contexts: 'SLI',
    onDuplicate: 'last',
    default: 'none: no events',
    doc:
      'Tells this channel, of the group `meta`, of whatever publishers and subscribers of the location do. May have ' +
      'variables. See [events.md](events.md).',
  }),
  row({
    ...STRING,
    slot: 'channelEventString',
    names: ['nchan_channel_event_string'],
    contexts: 'SLI',
    onDuplicate: 'error',
    default: '`$nchan_channel_event $nchan_channel_id`',
    doc: 'The text of these messages, with any variables.',
  }),
  SUBSCRIBER_INFO,
  row({
    ...STRING,
    slot: 'infoString',
    names: ['nchan_subscriber_info_string'],
    contexts: 'SL',
    onDuplicate: 'error',
    default: `\`${DEFAULT_INFO}\``,
    doc: 'What `nchan_subscriber_info` tells of a subscriber of this location, with any variables.',
  }),
];

/** The names of directives whose variables of Nchan the sidecar fills in. */
export const CARRIED: ReadonlySet<string> = new Set(
  EVENTS.filter(({ args: [, max] }) => max > 0).flatMap(({ names }) => names),
);

/**
 * Nchan's variables (spec/hooks.md §10). The gateway sets those that the request tells; the sidecar reports the others
 * in headers of its answer, which nginx turns into variables and takes out.
 */

/** Set by the gateway, and empty until then. */
export const GATEWAY_VARIABLES = [
  'nchan_channel_id',
  'nchan_channel_id1',
  'nchan_channel_id2',
  'nchan_channel_id3',
  'nchan_channel_id4',
  'nchan_subscriber_type',
  'nchan_publisher_type',
  'nchan_prev_message_id',
  'nchan_channel_event',
] as const;
export type GatewayVariable = (typeof GATEWAY_VARIABLES)[number];

/** The ids of which there is a variable each; `$nchan_channel_id` is the first one too. */
export const ID_VARIABLES = [
  'nchan_channel_id1',
  'nchan_channel_id2',
  'nchan_channel_id3',
  'nchan_channel_id4',
] as const satisfies readonly GatewayVariable[];

/** Headers in which the sidecar reports what only it knows. */
export const REPORTS = {
  /** The id that a message was given, or of the last message that a poll was answered with. */
  messageId: 'Njchan-Reported-Message-Id',
  /** Unix time of the last activity of a subscriber. */
  lastSeen: 'Njchan-Reported-Last-Seen',
  subscribers: 'Njchan-Reported-Subscribers',
  messages: 'Njchan-Reported-Messages',
} as const;
export type ReportName = keyof typeof REPORTS;

/** The hand-off header that asks for the reports, where the configuration has a use for them. */
export const REPORT_HEADER = 'Njchan-Report';

/** Numbers that are reported: their variables are 0 at every endpoint that has no report of them. */
export const COUNT_VARIABLES = {
  nchan_channel_subscriber_last_seen: 'lastSeen',
  nchan_channel_subscriber_count: 'subscribers',
  nchan_channel_message_count: 'messages',
} as const satisfies Record<string, ReportName>;

/** Reported too; a handler that knows the id beforehand sets KNOWN_MESSAGE_ID_VARIABLE. */
export const MESSAGE_ID_VARIABLE = 'nchan_message_id';
export const KNOWN_MESSAGE_ID_VARIABLE = 'njchan_known_message_id';

/** `0` at endpoints, set by the gateway. */
export const NO_COUNT_VARIABLE = 'njchan_no_count';

/** The version of Nchan whose behaviour this is. */
export const VERSION_VARIABLE = 'nchan_version';
export const NCHAN_VERSION = '1.3.6';

/** The figures of `nchan_stub_status`, by the ends of their variables' names. Numbers, but for memory: `276K`. */
export const STUB_FIGURES = [
  'channels',
  'subscribers',
  'stored_messages',
  'redis_pending_commands',
  'redis_connected_servers',
  'redis_unhealthy_upstreams',
  'ipc_queued_alerts',
  'total_published_messages',
  'total_ipc_alerts_sent',
  'total_ipc_alerts_received',
  'total_ipc_send_delay',
  'total_ipc_receive_delay',
  'total_redis_commands_sent',
  'shared_memory_used',
  'ipc_alerts_in_transit',
] as const;
export type StubFigure = (typeof STUB_FIGURES)[number];
export type StubFigures = Readonly<Record<StubFigure, number | string>>;

/** `$nchan_stub_status_channels` and so on. */
export const STUB_PREFIX = 'nchan_stub_status_';

/** What a figure is while nobody counts. */
export function noStubFigure(name: StubFigure): string {
  return name === 'shared_memory_used' ? '0K' : '0';
}

/** The constant with the path of the file that the sidecar writes: an object, by StubFigure. */
export const STUB_FILE_VARIABLE = 'njchan_figures_file';

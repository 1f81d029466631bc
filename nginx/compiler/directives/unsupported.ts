/** Directives that Nchan 1.3 has and njchan does not have yet; they are refused by name, never passed over. */
export const UNSUPPORTED: ReadonlySet<string> = new Set([
  'nchan_channel_event_string',
  'nchan_channel_events_channel_id',
  'nchan_channel_group_accounting',
  'nchan_group_location',
  'nchan_group_max_channels',
  'nchan_group_max_messages',
  'nchan_group_max_messages_disk',
  'nchan_group_max_messages_memory',
  'nchan_group_max_subscribers',
  'nchan_subscriber_info',
  'nchan_subscriber_info_string',
]);

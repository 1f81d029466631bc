/** Directives that Nchan 1.3 has and njchan does not have yet; they are refused by name, never passed over. */
export const UNSUPPORTED: ReadonlySet<string> = new Set([
  'nchan_channel_event_string',
  'nchan_channel_events_channel_id',
  'nchan_subscriber_info',
  'nchan_subscriber_info_string',
]);

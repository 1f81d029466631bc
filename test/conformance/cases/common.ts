/** Locations that several areas use: `/info/` shows a channel, `/pub/` publishes, one for each transport. */
export const COMMON_LOCATIONS: Readonly<Record<string, string>> = {
  info: 'nchan_publisher http; nchan_channel_id $1;',
  pub: 'nchan_publisher; nchan_channel_id $1;',
  sub: 'nchan_subscriber; nchan_channel_id $1;',
  pubsub: 'nchan_pubsub; nchan_channel_id $1;',
  es: 'nchan_subscriber eventsource; nchan_channel_id $1;',
  ws: 'nchan_subscriber websocket; nchan_channel_id $1;',
  lp: 'nchan_subscriber longpoll; nchan_channel_id $1;',
  poll: 'nchan_subscriber poll; nchan_channel_id $1;',
  chunked: 'nchan_subscriber chunked; nchan_channel_id $1;',
  multipart: 'nchan_subscriber multipart; nchan_channel_id $1;',
  raw: 'nchan_subscriber http-raw-stream; nchan_channel_id $1;',
  impatient: 'nchan_subscriber; nchan_subscriber_timeout 1; nchan_channel_id $1;',
  'impatient-raw': 'nchan_subscriber http-raw-stream; nchan_subscriber_timeout 1; nchan_channel_id $1;',
  unbuffered: 'nchan_publisher; nchan_store_messages off; nchan_channel_id $1;',
  three: 'nchan_publisher; nchan_message_buffer_length 3; nchan_channel_id $1;',
};

/** How a client asks for each streaming transport, at a location that serves it. */
export const EVENTSOURCE = ['Accept: text/event-stream'];
export const CHUNKED = ['TE: chunked'];
export const MULTIPART = ['Accept: multipart/mixed'];

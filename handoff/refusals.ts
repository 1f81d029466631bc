/**
 * Every answer that refuses a request, by name: the status and, where Nchan sends one, the text. The gateway names a
 * refusal, the sidecar words it, docs/errors.md lists them. Sources: spec/http-protocol.md §§1, 5, 9 and
 * spec/directives.md §4.
 */
export interface Refusal {
  readonly status: number;
  /** Body: a text sent as text/plain, `none` for Content-Length 0, `page` for an error page like nginx's own. */
  readonly body: string | { readonly kind: 'none' | 'page' };
  /** The WWW-Authenticate header (RFC 6750 §3); none where there is nothing to log in to. */
  readonly challenge?: string;
  /** What it means and what to do about it, for the operator. */
  readonly cure: string;
}

const NONE = { kind: 'none' } as const;
const PAGE = { kind: 'page' } as const;

export const REFUSALS = {
  message_id_invalid: {
    status: 400,
    body: 'Message ID invalid',
    cure: 'The client sent an If-None-Match, Last-Event-ID or last_event_id that is not a message id.',
  },
  message_id_tag_count: {
    status: 400,
    body: NONE,
    cure: 'The message id has more tags than the location has channels, or it has the time 0 and the location several channels: it came from another location.',
  },
  message_timeout_invalid: {
    status: 403,
    body: 'invalid nchan_message_timeout value',
    cure: 'The variables in nchan_message_timeout gave something that is not a time.',
  },
  message_timeout_missing: {
    status: 403,
    body: 'missing nchan_message_timeout value',
    cure: 'The variables in nchan_message_timeout gave an empty value.',
  },
  message_buffer_length_invalid: {
    status: 403,
    body: 'invalid nchan_message_buffer_length value',
    cure: 'The variables in nchan_message_buffer_length gave something that is not a number.',
  },
  message_buffer_length_missing: {
    status: 403,
    body: 'missing nchan_message_buffer_length value',
    cure: 'The variables in nchan_message_buffer_length gave an empty value.',
  },
  group_channels_invalid: {
    status: 403,
    body: 'invalid nchan_group_max_channels value',
    cure: 'The directive gave something that is not a number.',
  },
  group_subscribers_invalid: {
    status: 403,
    body: 'invalid nchan_group_max_subscribers value',
    cure: 'The directive gave something that is not a number.',
  },
  group_messages_invalid: {
    status: 403,
    body: 'invalid nchan_group_max_messages value',
    cure: 'The directive gave something that is not a number.',
  },
  group_memory_invalid: {
    status: 403,
    body: 'invalid nchan_group_max_messages_memory value',
    cure: 'The directive gave something that is not a number of bytes, which may end in k, m or g.',
  },
  group_disk_invalid: {
    status: 403,
    body: 'invalid nchan_group_max_messages_disk value',
    cure: 'The directive gave something that is not a number of bytes, which may end in k, m or g.',
  },
  group_accounting_disabled: {
    status: 403,
    body: 'Channel group accounting is disabled.',
    cure: 'The location has nchan_group_location, but not nchan_channel_group_accounting on.',
  },
  group_right_missing: {
    status: 403,
    body: NONE,
    cure: 'nchan_group_location of the location does not have the word for the method: get for GET, set for POST, delete for DELETE.',
  },
  group_channels_reached: {
    status: 403,
    body: 'Group limit reached for number of channels.',
    cure: 'The message would need a new channel, and its group has as many as nchan_group_max_channels allows.',
  },
  group_messages_reached: {
    status: 403,
    body: 'Group limit reached for number of messages.',
    cure: 'The group of the channel has as many messages as nchan_group_max_messages allows.',
  },
  group_memory_reached: {
    status: 403,
    body: 'Group limit reached for memory used by messages.',
    cure: "With this message the group's messages would take more memory than nchan_group_max_messages_memory allows.",
  },
  group_takes_no_channel: {
    status: 403,
    body: NONE,
    cure: 'The subscriber would need a new channel, and its group has as many as nchan_group_max_channels allows.',
  },
  group_takes_no_subscriber: {
    status: 403,
    body: NONE,
    cure: 'The group of the channel has as many subscribers as nchan_group_max_subscribers allows.',
  },
  origin_refused: {
    status: 403,
    body: NONE,
    cure: 'The request has an Origin that nchan_access_control_allow_origin does not name.',
  },
  channel_does_not_exist: {
    status: 403,
    body: NONE,
    cure: 'The location has nchan_subscribe_existing_channels_only, and the channel, or one of several, does not exist.',
  },
  too_many_subscribers: {
    status: 403,
    body: NONE,
    cure: 'The channel has as many subscribers on this server as nchan_max_channel_subscribers allows.',
  },
  transport_not_allowed: {
    status: 403,
    body: NONE,
    cure: 'The location has no publisher or subscriber for this kind of request; see nchan_publisher and nchan_subscriber.',
  },
  method_not_allowed: {
    status: 405,
    body: NONE,
    cure: 'The method is none of GET, POST, PUT, DELETE and OPTIONS.',
  },
  channel_id_missing: {
    status: 404,
    body: 'No channel id provided.',
    cure: 'The location has no nchan_channel_id for this kind of request.',
  },
  channel_id_refused: {
    status: 403,
    body: NONE,
    cure: 'The channel id is longer than nchan_max_channel_id_length, there are more than 255, nchan_channel_group gave "m" or a name with a slash, or there is a byte 0x19 in a name for Redis.',
  },
  token_missing: {
    status: 401,
    body: 'A token is needed.',
    challenge: 'Bearer realm="njchan"',
    cure: 'The request has no token where njchan_token_from says to look.',
  },
  token_invalid: {
    status: 401,
    body: 'The token is not valid.',
    challenge: 'Bearer realm="njchan", error="invalid_token", error_description="The token is not valid."',
    cure: "The token is none, or was not signed by a key of njchan_token_key, or is not for this server; nginx's error log says which.",
  },
  token_expired: {
    status: 401,
    body: 'The token has expired.',
    challenge: 'Bearer realm="njchan", error="invalid_token", error_description="The token has expired."',
    cure: 'The client has to get a new token from the application.',
  },
  token_right_missing: {
    status: 403,
    body: 'The token gives no right to this.',
    challenge: 'Bearer realm="njchan", error="insufficient_scope"',
    cure: 'The token is good, but its rights (njchan_token_claim) do not cover every channel of the request, or not what it asks for.',
  },
  token_keys_missing: {
    status: 500,
    body: PAGE,
    cure: "nginx has not loaded the file with the keys of njchan_token_key, which takes njs as the engine; nginx's error log says more.",
  },
  websocket_version_missing: {
    status: 400,
    body: 'No Sec-Websocket-Version header present',
    cure: 'The client is not a WebSocket client of RFC 6455.',
  },
  websocket_version_unsupported: {
    status: 400,
    body: 'Unsupported websocket protocol version (only version 13 is supported)',
    cure: 'The client is not a WebSocket client of RFC 6455.',
  },
  websocket_key_missing: {
    status: 400,
    body: 'No Sec-Websocket-Key header present',
    cure: 'The client is not a WebSocket client of RFC 6455, or its key is not 16 bytes in base64.',
  },
  content_type_too_long: {
    status: 400,
    body: 'Content-Type too long',
    cure: 'The publisher sent a Content-Type of more than 1024 bytes; it would not fit into the head of a long-poll answer.',
  },
  publisher_upstream_refused: {
    status: 403,
    body: PAGE,
    cure: 'The application that nchan_publisher_upstream_request asks answered with another status than 200, 201, 202, 204 and 304.',
  },
  publisher_upstream_failed: {
    status: 500,
    body: PAGE,
    cure: 'The application that nchan_publisher_upstream_request asks gave no answer, or one that is too large; the logs of nginx and the sidecar say more.',
  },
  publisher_upstream_busy: {
    status: 503,
    body: PAGE,
    cure: 'Too many messages wait for the answers of the application that nchan_publisher_upstream_request asks, which is slow or silent; publish again later.',
  },
  hook_context_too_large: {
    status: 431,
    body: PAGE,
    cure: 'The head of the request, with the variables that the configuration sets, is too large to be repeated for a hook; large_client_header_buffers of the server says how large it may be.',
  },
  strings_too_large: {
    status: 431,
    body: PAGE,
    cure: 'What the variables in nchan_channel_events_channel_id and nchan_channel_event_string, or in nchan_subscriber_info_string, gave has more than 48 KiB.',
  },
  message_too_large: {
    status: 413,
    body: PAGE,
    cure: 'The message is larger than the sidecar takes; client_max_body_size should refuse it earlier.',
  },
  redis_unavailable: {
    status: 503,
    body: NONE,
    cure: 'The Redis upstream of the location is away; the log says since when and why. Requests work again once it is back.',
  },
  redis_unavailable_to_publish: {
    status: 503,
    body: PAGE,
    cure: 'The same, for a message that could not be published in time, or whose fate is unknown.',
  },
  redis_full: {
    status: 503,
    body: PAGE,
    cure: 'Redis has reached its maxmemory and has no room for a message; subscribers stay. Give it more memory, or lower buffer lengths or timeouts.',
  },
  storage_full: {
    status: 507,
    body: PAGE,
    cure: 'The buffered messages reached the limit of the memory store; lower buffer lengths or timeouts.',
  },
  internal_error: {
    status: 500,
    body: PAGE,
    cure: 'A fault in the sidecar; its log has the details.',
  },
} as const satisfies Record<string, Refusal>;

export type RefusalName = keyof typeof REFUSALS;

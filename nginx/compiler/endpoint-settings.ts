/** What an endpoint hands off: its constant settings, and the values that nginx computes for each request. */
import { NO_GROUP_RIGHTS } from '../../handoff/group.ts';
import { DYNAMIC_VALUES, type DynamicValue, dynamicVariable } from '../../handoff/headers.ts';
import {
  DEFAULT_SETTINGS,
  type LocationSettings,
  type PublisherTransport,
  type SubscriberTransport,
} from '../../handoff/settings.ts';
import type { TokenSettings } from '../../handoff/token.ts';
import { INFO_TRANSPORTS } from './directives/endpoints.ts';
import type { Expressions, PlainSettings, SlotName, Values } from './directives/row.ts';
import type { RedisSettings } from './redis-locations.ts';
import type { Scope } from './scopes.ts';

type Read = (values: Values) => Values[SlotName] | Expressions;

/** Where each value that nginx computes comes from. */
const DYNAMIC: Readonly<Record<DynamicValue, Read>> = {
  channel_id: ({ channelId }) => channelId,
  publisher_channel_id: ({ publisherChannelId }) => publisherChannelId,
  subscriber_channel_id: ({ subscriberChannelId }) => subscriberChannelId,
  channel_group: ({ channelGroup }) => channelGroup,
  message_timeout_expression: ({ messageTimeout }) => messageTimeout,
  message_buffer_length_expression: ({ messageBufferLength }) => messageBufferLength,
  last_message_id: ({ lastMessageId }) => lastMessageId,
  allow_origin_expression: ({ allowOrigin }) => allowOrigin,
  subscribe_request: ({ subscribeRequest }) => subscribeRequest,
  unsubscribe_request: ({ unsubscribeRequest }) => unsubscribeRequest,
  publisher_upstream_request: ({ publisherUpstreamRequest }) => publisherUpstreamRequest,
  authorize_request: ({ authorizeRequest }) => authorizeRequest,
  redis_upstream_expression: ({ endpoint }) =>
    endpoint?.serves === 'redisStats' ? endpoint.redisStats : undefined,
  group_limit: groupLimits,
  event_channel: ({ channelEventsChannelId }) => channelEventsChannelId,
  event_string: ({ channelEventsChannelId, channelEventString }) =>
    channelEventsChannelId && channelEventString,
  subscriber_info_string: ({ infoString }) => infoString,
};

/** All five when there is one, since their places say which they are. */
function groupLimits(values: Values): Expressions | undefined {
  const limits = [
    values.groupMaxChannels,
    values.groupMaxSubscribers,
    values.groupMaxMessages,
    values.groupMaxMessagesMemory,
    values.groupMaxMessagesDisk,
  ];
  if (limits.every((limit) => limit === undefined)) return undefined;
  return { expressions: limits.map((limit) => limit?.expressions[0] ?? '""') };
}

/** Settings that do not come from the directives as they are: what the place, the endpoint, Redis and tokens say. */
const OTHER_SETTINGS: Readonly<Record<Exclude<keyof LocationSettings, keyof PlainSettings>, true>> = {
  location: true,
  serves: true,
  publisher: true,
  subscriber: true,
  hookSocket: true,
  hookTlsSocket: true,
  hookAddressHeader: true,
  hookHeadLimits: true,
  groupLimits: true,
  groupAccess: true,
  redisUpstream: true,
  redisStorageMode: true,
  redisNamespace: true,
  redisNostoreFastpublish: true,
  redisIdleChannelCacheTimeout: true,
  eventChannel: true,
  eventString: true,
  subscriberInfo: true,
  subscriberInfoString: true,
  tokenMode: true,
  tokenKeys: true,
  tokenFrom: true,
  tokenIssuer: true,
  tokenAudience: true,
  tokenLeeway: true,
  tokenClaim: true,
};
const PLAIN_SETTINGS = (Object.keys(DEFAULT_SETTINGS) as (keyof LocationSettings)[]).filter(
  (key): key is keyof PlainSettings => !Object.hasOwn(OTHER_SETTINGS, key),
);

const PUBLISHER_ORDER: readonly PublisherTransport[] = ['http', 'websocket'];
const SUBSCRIBER_ORDER: readonly SubscriberTransport[] = [
  'websocket',
  'eventsource',
  'longpoll',
  'intervalpoll',
  'http-chunked',
  'http-multipart',
  'http-raw-stream',
];

/** Settings that say nothing but the place: those of endpoints that serve no channels. */
export function placeOf({ directive }: Scope): LocationSettings {
  const location = directive ? `${directive.file.name}:${directive.line}` : '';
  return { ...DEFAULT_SETTINGS, location };
}

/** The settings of a group location. */
export function groupSettingsOf(scope: Scope): LocationSettings {
  const { allowCredentials, endpoint, groupAccounting } = scope.values;
  const settings = placeOf(scope);
  settings.groupAccounting = groupAccounting ?? settings.groupAccounting;
  settings.allowCredentials = allowCredentials ?? settings.allowCredentials;
  settings.groupLimits = groupLimits(scope.values) !== undefined;
  settings.groupAccess = [...(endpoint?.group?.words ?? [])].sort().join(' ') || NO_GROUP_RIGHTS;
  return settings;
}

/** What nginx computes for a group location: nothing about channels. */
const GROUP_SLOTS = [
  'allowOrigin',
  'authorizeRequest',
  'channelGroup',
  'groupMaxChannels',
  'groupMaxSubscribers',
  'groupMaxMessages',
  'groupMaxMessagesMemory',
  'groupMaxMessagesDisk',
] as const satisfies readonly SlotName[];

/** The values of a group location that dynamicValues is to know of. */
export function groupValuesOf({ values }: Scope): Values {
  return Object.fromEntries(GROUP_SLOTS.map((slot) => [slot, values[slot]]));
}

/**
 * The settings of an endpoint for channels.
 * @param values what is in force there
 */
export function settingsOf(
  scope: Scope,
  values: Values,
  redis: RedisSettings,
  tokens: TokenSettings,
): LocationSettings {
  const settings = { ...placeOf(scope), ...redis, ...tokens };
  settings.publisher = PUBLISHER_ORDER.filter((transport) => values.endpoint?.publisher.has(transport));
  settings.subscriber = SUBSCRIBER_ORDER.filter((transport) => values.endpoint?.subscriber.has(transport));
  if (values.endpoint?.serves === 'subscriberInfo') {
    settings.subscriberInfo = true;
    settings.publisher = [];
    settings.subscriber = INFO_TRANSPORTS;
  }
  settings.eventChannel = values.channelEventsChannelId?.template ?? null;
  settings.eventString = (settings.eventChannel && values.channelEventString?.template) ?? null;
  settings.subscriberInfoString = values.infoString?.template ?? null;
  const plain = settings as Record<keyof PlainSettings, unknown>;
  for (const slot of PLAIN_SETTINGS) {
    const value = values[slot];
    if (value !== undefined && !isExpressions(value)) plain[slot] = value;
  }
  settings.groupLimits = groupLimits(values) !== undefined;
  return settings;
}

/**
 * The values that nginx computes: variables without their `$`, and what is written for them.
 * @param number the endpoint's
 */
export function dynamicValues(number: string, values: Values): [variable: string, expression: string][] {
  return (Object.keys(DYNAMIC_VALUES) as DynamicValue[]).flatMap((name) => {
    const value = DYNAMIC[name](values);
    if (!isExpressions(value)) return [];
    return value.expressions.map((text, i): [string, string] => [dynamicVariable(number, name, i), text]);
  });
}

function isExpressions(value: Values[SlotName] | Expressions): value is Expressions {
  return typeof value === 'object' && 'expressions' in value;
}

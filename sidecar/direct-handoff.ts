/**
 * Hand-offs of requests that passed by the gateway (handoff/headers.ts, DIRECT): what it would have decided about them is
 * decided here, by the same rules.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { encodeChannelName, isPlainChannelName } from '../handoff/channel-name.ts';
import { DIRECT, DIRECT_TRANSPORTS, HANDOFF, NGINX_HEADER } from '../handoff/headers.ts';
import type { RefusalName } from '../handoff/refusals.ts';
import { fitsChannels, idOfAlternative, idOfHeaders, type RequestedId } from '../handoff/requested-id.ts';
import type { LocationSettings } from '../handoff/settings.ts';
import { DIRECT_INFO_GUARD, directInfoHeader, MAX_STRING_VALUES_BYTES } from '../handoff/strings.ts';
import type { Handoff } from './handoff.ts';
import { HandoffError, readSettings } from './handoff-settings.ts';
import { requestIdOf } from './request-id.ts';
import { valueCount } from './strings/template.ts';

const SETTINGS_NAME = HANDOFF.settings.header.toLowerCase();
const NGINX_NAME = NGINX_HEADER.toLowerCase();
const CHANNEL_NAME = DIRECT.channel.header.toLowerCase();
const TRANSPORT_NAME = DIRECT.transport.header.toLowerCase();
const QUERY_ID_NAME = DIRECT.queryId.header.toLowerCase();

/**
 * Reads the hand-off of a request that passed by the gateway.
 * @returns undefined for one that did not
 * @throws HandoffError
 */
export function readDirectHandoff(headers: IncomingHttpHeaders): Handoff | undefined {
  const channel = headers[CHANNEL_NAME] as string | undefined;
  if (channel === undefined) return undefined;
  const settings = readSettings((headers[SETTINGS_NAME] as string | undefined) ?? '');
  const common: Handoff = {
    action: 'publish',
    transport: 'http',
    settings,
    channels: [],
    messageId: undefined,
    messageTimeout: settings.messageTimeout,
    messageBufferLength: settings.messageBufferLength,
    expires: undefined,
    readOnly: false,
    refusal: undefined,
    redisUpstream: '',
    eventValues: '',
    infoValues: '',
    report: false,
    requestId: requestIdOf(headers),
    origin: headers.origin,
    allowOrigin: '',
    nginx: (headers[NGINX_NAME] as string | undefined) ?? 'nginx',
  };
  const transport = headers[TRANSPORT_NAME] as string | undefined;
  return transport === undefined
    ? readPublication(common, channel)
    : readSubscription(common, channel, transport, headers);
}

/**
 * The hand-off of a message.
 * @param common of a message that has all headers but the channel's in common with this one
 * @param bytes the full name of the channel, one character a byte
 */
export function readPublication(common: Handoff, bytes: string): Handoff {
  return isTooLong(bytes, common.settings)
    ? refused(common, 'channel_id_refused')
    : { ...common, action: 'publish', channels: [encoded(bytes)], refusal: undefined };
}

function readSubscription(
  common: Handoff,
  bytes: string,
  name: string,
  headers: IncomingHttpHeaders,
): Handoff {
  const transport = DIRECT_TRANSPORTS.find((each) => each === name);
  if (!transport || !common.settings.subscriber.includes(transport)) throw new HandoffError('bad transport');
  const messageId = requestedId(headers, common.settings);
  if (messageId === 'invalid') return refused({ ...common, transport: 'http' }, 'message_id_invalid');
  const infoValues = valuesOf(headers, common.settings);
  if (infoValues.length > MAX_STRING_VALUES_BYTES) return refused(common, 'strings_too_large');
  const subscription: Handoff = { ...common, action: 'subscribe', transport, messageId, infoValues };
  if (isTooLong(bytes, common.settings)) {
    return refused({ ...subscription, messageId: undefined }, 'channel_id_refused');
  }
  const channels = [encoded(bytes)];
  if (messageId && !fitsChannels(messageId, channels.length)) {
    return { ...refused(subscription, 'message_id_tag_count'), channels };
  }
  return { ...subscription, channels };
}

/** What may be told of the subscriber, as the gateway would have written it. */
function valuesOf(headers: IncomingHttpHeaders, { subscriberInfoString }: LocationSettings): string {
  if (!subscriberInfoString) return '';
  const count = valueCount(subscriberInfoString);
  const values = Array.from({ length: count }, (_, i) => {
    const guarded = (headers[directInfoHeader(i).toLowerCase()] as string | undefined) ?? '';
    return Buffer.from(guarded.slice(DIRECT_INFO_GUARD.length, -DIRECT_INFO_GUARD.length), 'latin1');
  });
  return values.map((value) => value.toString('base64')).join();
}

function requestedId(headers: IncomingHttpHeaders, { compoundEtag }: LocationSettings): RequestedId {
  const since = compoundEtag ? undefined : headers['if-modified-since'];
  const id = idOfHeaders(since, headers['if-none-match'], headers.etag);
  if (id !== 'elsewhere') return id;
  return idOf(headers['last-event-id']) ?? idOf(headers[QUERY_ID_NAME]);
}

function idOf(value: string | string[] | undefined): RequestedId {
  return idOfAlternative((value as string | undefined) ?? '');
}

function refused(handoff: Handoff, refusal: RefusalName): Handoff {
  return { ...handoff, action: 'refuse', channels: [], refusal };
}

function isTooLong(bytes: string, { maxChannelIdLength }: LocationSettings): boolean {
  return bytes.length - bytes.indexOf('/') - 1 > maxChannelIdLength;
}

function encoded(bytes: string): string {
  return isPlainChannelName(bytes) ? bytes : encodeChannelName(Buffer.from(bytes, 'latin1'));
}

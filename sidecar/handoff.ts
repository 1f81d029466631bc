/** Reads the hand-off from a request of the gateway. Nothing else of the request is believed (design §4). */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isEncodedChannelName } from '../handoff/channel-name.ts';
import { type GroupLimitChanges, parseGroupLimits } from '../handoff/group.ts';
import { type Action, HANDOFF, NGINX_HEADER, SECRET_HEADER } from '../handoff/headers.ts';
import { HOOKS_HEADER } from '../handoff/hooks.ts';
import { type ParsedMessageId, parseMessageId } from '../handoff/message-id.ts';
import { REPORT_HEADER } from '../handoff/nchan-variables.ts';
import { REFUSALS, type RefusalName } from '../handoff/refusals.ts';
import type { LocationSettings, PublisherTransport, SubscriberTransport } from '../handoff/settings.ts';
import { EVENTS_HEADER, INFO_HEADER } from '../handoff/strings.ts';
import { readDirectHandoff } from './direct-handoff.ts';
import { HandoffError, readSettings } from './handoff-settings.ts';
import { type HookContext, readHookContext } from './hooks/context.ts';
import { isRepeatable } from './hooks/repeatable.ts';
import { requestIdOf } from './request-id.ts';
import { areStringValues } from './strings/values.ts';

export interface Handoff {
  readonly action: Action;
  readonly transport: SubscriberTransport | PublisherTransport;
  readonly settings: LocationSettings;
  /** Full names in their percent-encoded form; empty only with the actions of NO_CHANNELS. */
  readonly channels: readonly string[];
  /** What the WebSocket of a subscriber publishes to, in the same form; undefined: `channels`. */
  readonly publisherChannels?: readonly string[] | undefined;
  readonly messageId: ParsedMessageId | undefined;
  /** Seconds; the location's or the request's own. 0 means 365 days. */
  readonly messageTimeout: number;
  readonly messageBufferLength: number;
  /** Unix seconds at which a subscription or a publisher's WebSocket ends, since its token does; undefined: never. */
  readonly expires: number | undefined;
  /** The WebSocket of a subscriber that may not publish although its location is a publisher too. */
  readonly readOnly: boolean;
  /** Of the request; with the action `subscribe` of every message that its WebSocket publishes. */
  readonly refusal: RefusalName | undefined;
  /** The upstream whose figures are asked for, with the action `redis_stats`. */
  readonly redisUpstream: string;
  /** Limits that the request sets for its group. */
  readonly groupLimits?: GroupLimitChanges | undefined;
  /** The client's request, where hooks are to be asked in its context. */
  readonly hooks?: HookContext | undefined;
  /** What nginx gave for strings about the request (handoff/strings.ts), as it came; '' where there are none. */
  readonly eventValues: string;
  readonly infoValues: string;
  /** The answer has to report what Nchan's variables tell about it. */
  readonly report: boolean;
  /** nginx's id for the request; '' where it told none. */
  readonly requestId: string;
  /** The client's Origin header; undefined when it sent none. */
  readonly origin: string | undefined;
  /** Access-Control-Allow-Origin where it is not `origin`; '' where it is. */
  readonly allowOrigin: string;
  /** `nginx/1.22.1`, for pages in nginx's style. */
  readonly nginx: string;
}

/** Room for 255 channel ids of the default length, percent-encoded, and the settings. */
export const MAX_HEADER_BYTES = 1024 * 1024;

/** Longer than nginx keeps an idle connection to us (60 s), so that nginx never reuses one that we just closed. */
export const KEEP_ALIVE_MS = 75_000;

const ACTIONS: readonly string[] = [
  'publish',
  'info',
  'delete',
  'options',
  'subscribe',
  'redis_stats',
  'figures',
  'group_info',
  'group_set',
  'group_delete',
  'refuse',
] satisfies Action[];

/** Actions that are not about channels. */
const NO_CHANNELS: readonly string[] = ['refuse', 'options', 'redis_stats', 'figures'] satisfies Action[];

/** Lower-case names, as Node keeps headers. */
const NAMES = Object.fromEntries(
  Object.entries(HANDOFF).map(([key, { header }]) => [key, header.toLowerCase()]),
) as Record<keyof typeof HANDOFF, string>;
const HOOKS_NAME = HOOKS_HEADER.toLowerCase();
const EVENTS_NAME = EVENTS_HEADER.toLowerCase();
const INFO_NAME = INFO_HEADER.toLowerCase();
const NGINX_NAME = NGINX_HEADER.toLowerCase();
const REPORT_NAME = REPORT_HEADER.toLowerCase();
const SECRET_NAME = SECRET_HEADER.toLowerCase();

/**
 * Takes a request's hand-off apart.
 * @param secret what the request must carry over TCP; undefined on a unix socket.
 * @param rawHeaders the same headers as names and values in turn, for hooks
 * @throws HandoffError when it is not a hand-off.
 */
export function readHandoff(
  headers: IncomingHttpHeaders,
  secret: Buffer | undefined,
  rawHeaders: readonly string[] = [],
): Handoff {
  const get = (name: string): string => (headers[name] as string | undefined) ?? '';
  if (secret && !sameSecret(get(SECRET_NAME), secret)) throw new HandoffError('wrong secret');
  const direct = readDirectHandoff(headers);
  if (direct) return direct;
  const action = get(NAMES.action);
  if (!ACTIONS.includes(action)) throw new HandoffError('no action');

  const settings = readSettings(get(NAMES.settings));
  const names = channelNames(get(NAMES.channels));
  const publisherChannels = channelNames(get(NAMES.publisherChannels));
  if (names.length === 0 && !NO_CHANNELS.includes(action)) throw new HandoffError('no channel');

  const id = get(NAMES.messageId);
  const messageId = id === '' ? undefined : parseMessageId(id);
  if (id !== '' && !messageId) throw new HandoffError('bad message id');
  const refusal = get(NAMES.refusal);
  if ((action === 'refuse' || refusal !== '') && !Object.hasOwn(REFUSALS, refusal))
    throw new HandoffError('unknown refusal');

  const hooks = hookContext(get(HOOKS_NAME), settings, rawHeaders);
  const unheard = refusal === '' && hooks && !isRepeatable(hooks, names, messageId, settings.hookHeadLimits);

  return {
    action: unheard ? 'refuse' : (action as Action),
    transport: get(NAMES.transport) as Handoff['transport'],
    settings,
    channels: names,
    publisherChannels: publisherChannels.length > 0 ? publisherChannels : undefined,
    messageId,
    messageTimeout: numberOr(get(NAMES.messageTimeout), settings.messageTimeout),
    messageBufferLength: numberOr(get(NAMES.messageBufferLength), settings.messageBufferLength),
    expires: get(NAMES.expires) === '' ? undefined : numberOr(get(NAMES.expires), 0),
    readOnly: get(NAMES.readOnly) !== '',
    refusal: unheard ? 'hook_context_too_large' : refusal === '' ? undefined : (refusal as RefusalName),
    redisUpstream: decodedName(get(NAMES.redisUpstream)),
    groupLimits: groupLimits(get(NAMES.groupLimits)),
    hooks,
    eventValues: stringValues(get(EVENTS_NAME)),
    infoValues: stringValues(get(INFO_NAME)),
    report: headers[REPORT_NAME] !== undefined,
    requestId: requestIdOf(headers),
    origin: headers.origin,
    allowOrigin: get(NAMES.allowOrigin),
    nginx: get(NGINX_NAME) || 'nginx',
  };
}

function channelNames(list: string): readonly string[] {
  const names = list === '' ? [] : list.split(',');
  if (!names.every(isEncodedChannelName)) throw new HandoffError('bad channel name');
  return names;
}

function groupLimits(list: string): GroupLimitChanges | undefined {
  if (list === '') return undefined;
  const limits = parseGroupLimits(list);
  if (!limits) throw new HandoffError('bad group limits');
  return limits;
}

function stringValues(list: string): string {
  if (!areStringValues(list)) throw new HandoffError('bad values of strings');
  return list;
}

function hookContext(
  list: string,
  settings: LocationSettings,
  rawHeaders: readonly string[],
): HookContext | undefined {
  try {
    return readHookContext(list, settings, rawHeaders);
  } catch (error) {
    throw new HandoffError(`bad hooks: ${(error as Error).message}`);
  }
}

/** A name that the gateway percent-encoded; what is no UTF-8 is nobody's name and stays encoded. */
function decodedName(encoded: string): string {
  if (!isEncodedChannelName(encoded)) throw new HandoffError('bad upstream name');
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function numberOr(text: string, otherwise: number): number {
  if (text === '') return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new HandoffError('bad number');
  return value;
}

function sameSecret(given: string, secret: Buffer): boolean {
  const bytes = Buffer.from(given, 'latin1');
  return bytes.length === secret.length && timingSafeEqual(bytes, secret);
}

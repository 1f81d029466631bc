/** The channels that a request names (spec/directives.md §2). */
import { encodeChannelName, isPlainChannelName, MAX_CHANNELS } from '../handoff/channel-name.ts';
import { type DynamicValue, dynamicVariable } from '../handoff/headers.ts';
import type { RefusalName } from '../handoff/refusals.ts';
import type { LocationSettings } from '../handoff/settings.ts';
import { givenVariables } from './dynamic-value.ts';

/** Nchan's legacy way to name a channel: `set $push_channel_id …`; it is never split. */
const LEGACY_VARIABLE = 'push_channel_id';

/** Where publishers and subscribers look for their ids: the first that the location has. */
const ID_VALUES: Record<'publisher' | 'subscriber', readonly DynamicValue[]> = {
  publisher: ['publisher_channel_id', 'channel_id'],
  subscriber: ['subscriber_channel_id', 'channel_id'],
};

/**
 * Evaluates the ids and the group of the location.
 * @param location the location's number; '' for one written by hand
 * @returns full names in percent-encoded form, in the order of the configuration, or the refusal
 */
export function channelNames(
  r: NginxHTTPRequest,
  location: string,
  role: 'publisher' | 'subscriber',
  settings: LocationSettings,
): readonly string[] | RefusalName {
  const ids = channelIds(r, location, role, settings);
  if (typeof ids === 'string') return ids;

  const group = groupName(r, location);
  // `m` would look like a multiplexed channel's internal name, and a slash would run group and id together.
  if (group === 'm' || group.indexOf('/') >= 0) return 'channel_id_refused';
  const names = ids.map((id) => `${group}/${id}`);
  const isForRedis = settings.redisUpstream !== '';
  return isForRedis && names.some(hasBraceSubstitute) ? 'channel_id_refused' : names;
}

/** Evaluates the group of the location, percent-encoded. */
export function groupName(r: NginxHTTPRequest, location: string): string {
  const variable = givenVariables(r, location, 'channel_group')[0];
  return variable === undefined ? '' : encodedValue(r, variable);
}

/**
 * Evaluates what the WebSocket of a subscriber publishes to. Costs next to nothing where both roles have one id.
 * @param subscribed what it subscribes to
 * @returns as channelNames does; undefined where they are the same
 */
export function publisherChannels(
  r: NginxHTTPRequest,
  location: string,
  settings: LocationSettings,
  subscribed: readonly string[],
): readonly string[] | RefusalName | undefined {
  const apart = isGiven(r, location, 'publisher_channel_id') || isGiven(r, location, 'subscriber_channel_id');
  if (!apart) return undefined;
  const names = channelNames(r, location, 'publisher', settings);
  return typeof names !== 'string' && names.join(',') === subscribed.join(',') ? undefined : names;
}

/** Makes no list, as givenVariables would: njs frees nothing before the request ends. */
function isGiven(r: NginxHTTPRequest, location: string, name: DynamicValue): boolean {
  const value = r.variables[dynamicVariable(location, name)];
  return value !== undefined && (location !== '' || value !== '');
}

/** In Redis's keys the byte 0x19 stands for `}` (spec/redis-store.md §1): two channels would become one. */
function hasBraceSubstitute(name: string): boolean {
  return name.indexOf('%19') >= 0;
}

/** The ids of all arguments, split; their length counts before that. */
function channelIds(
  r: NginxHTTPRequest,
  location: string,
  role: 'publisher' | 'subscriber',
  { maxChannelIdLength, channelIdSplitDelimiter }: LocationSettings,
): string[] | RefusalName {
  let variables: string[] = [];
  let delimiter = channelIdSplitDelimiter;
  for (let i = 0; i < ID_VALUES[role].length && variables.length === 0; i++) {
    variables = givenVariables(r, location, ID_VALUES[role][i] as DynamicValue);
  }
  if (variables.length === 0) {
    if (!r.variables[LEGACY_VARIABLE]) return 'channel_id_missing';
    variables = [LEGACY_VARIABLE];
    delimiter = '';
  }

  let ids: string[] = [];
  for (let i = 0; i < variables.length; i++) {
    const variable = variables[i] as string;
    if ((r.rawVariables[variable] as Buffer).length > maxChannelIdLength) return 'channel_id_refused';
    ids = ids.concat(encodedParts(r, variable, delimiter));
  }
  return ids.length > MAX_CHANNELS ? 'channel_id_refused' : ids;
}

/** What a variable holds, percent-encoded. */
export function encodedValue(r: NginxHTTPRequest, variable: string): string {
  return encodedParts(r, variable, '')[0] as string;
}

/** The parts of what a variable holds, percent-encoded. */
function encodedParts(r: NginxHTTPRequest, variable: string, delimiter: string): string[] {
  const parts = split(r.variables[variable] as string, delimiter);
  // All at once, as in unfit-headers.ts: there may be 255 parts.
  if (isPlainChannelName(parts.join(''))) return parts;
  // Ids are bytes, which the text of a variable need not show as they are.
  return split(r.rawVariables[variable] as Buffer, Buffer.from(delimiter)).map(encodeChannelName);
}

/** What splitting needs of texts and of bytes. */
interface Splittable<T> {
  readonly length: number;
  indexOf(part: T, from: number): number;
  slice(from: number, to: number): T;
}

/**
 * Splits at every delimiter but one at the very end, which Nchan leaves to the last part: `,a,,b,` is ``, `a`, ``,
 * `b,`. An empty delimiter does not split.
 */
function split<T extends Splittable<T>>(whole: T, delimiter: T): T[] {
  const parts: T[] = [];
  let from = 0;
  if (delimiter.length > 0) {
    const last = whole.length - delimiter.length;
    for (let at = whole.indexOf(delimiter, from); at >= 0 && at < last; at = whole.indexOf(delimiter, from)) {
      parts.push(whole.slice(from, at));
      from = at + delimiter.length;
    }
  }
  parts.push(whole.slice(from, whole.length));
  return parts;
}

/** The channels that a request names (spec/directives.md §2). */
import { encodeChannelName, isPlainChannelName } from '../handoff/channel-name.ts';
import { type DynamicValue, dynamicVariable } from '../handoff/headers.ts';
import type { RefusalName } from '../handoff/refusals.ts';

/** Nchan's legacy way to name a channel: `set $push_channel_id …`; the value is the whole name. */
const LEGACY_VARIABLE = 'push_channel_id';

/** Where publishers and subscribers look for their id: the first that the location has. */
const ID_VALUES: Record<'publisher' | 'subscriber', readonly DynamicValue[]> = {
  publisher: ['publisher_channel_id', 'channel_id'],
  subscriber: ['subscriber_channel_id', 'channel_id'],
};

/**
 * Evaluates the ids and the group of the location.
 * @param maxIdLength bytes allowed in one id.
 * @returns full names in percent-encoded form, or the refusal.
 */
export function channelNames(
  r: NginxHTTPRequest,
  location: string,
  role: 'publisher' | 'subscriber',
  maxIdLength: number,
): readonly string[] | RefusalName {
  const variable = idVariable(r, location, role);
  if (variable === undefined) return 'channel_id_missing';
  if ((r.rawVariables[variable] as Buffer).length > maxIdLength) return 'channel_id_refused';
  const id = encoded(r, variable);

  const groupVariable = dynamicVariable(location, 'channel_group');
  const group = r.variables[groupVariable] === undefined ? '' : encoded(r, groupVariable);
  // `m` would look like a multiplexed channel's internal name, and a slash would run group and id together.
  if (group === 'm' || group.indexOf('/') >= 0) return 'channel_id_refused';
  return [`${group}/${id}`];
}

function idVariable(
  r: NginxHTTPRequest,
  location: string,
  role: 'publisher' | 'subscriber',
): string | undefined {
  const values = ID_VALUES[role];
  for (let i = 0; i < values.length; i++) {
    const variable = dynamicVariable(location, values[i] as DynamicValue);
    if (r.variables[variable] !== undefined) return variable;
  }
  return r.variables[LEGACY_VARIABLE] ? LEGACY_VARIABLE : undefined;
}

function encoded(r: NginxHTTPRequest, variable: string): string {
  const text = r.variables[variable] as string;
  return isPlainChannelName(text) ? text : encodeChannelName(r.rawVariables[variable] as Buffer);
}

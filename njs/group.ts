/** Locations of groups, and the limits that any location has for the group of its channels (spec/hooks.md §7). */
import { parseGroupBytes, parseGroupCount } from '../handoff/group.ts';
import { DYNAMIC_VALUES, dynamicVariable } from '../handoff/headers.ts';
import type { RefusalName } from '../handoff/refusals.ts';
import type { LocationSettings } from '../handoff/settings.ts';
import { groupName } from './channels.ts';
import { type Outcome, refuse } from './outcome.ts';
import { methodOf } from './transport.ts';

/** Of these limits, in their order, the first that gives nothing sensible is named. */
const FIRST_OF_BYTES = 3;

/**
 * Evaluates the limits of a location.
 * @param location the location's number; '' for one written by hand
 * @returns them as they are handed off, or the refusal
 */
export function groupLimits(r: NginxHTTPRequest, location: string): { limits: string } | RefusalName {
  let limits = '';
  for (let i = 0; i < DYNAMIC_VALUES.group_limit; i++) {
    const text = r.variables[dynamicVariable(location, 'group_limit', i)] || '';
    const value = i < FIRST_OF_BYTES ? parseGroupCount(text) : parseGroupBytes(text);
    if (value === undefined && text !== '') {
      return (
        [
          'group_channels_invalid',
          'group_subscribers_invalid',
          'group_messages_invalid',
          'group_memory_invalid',
          'group_disk_invalid',
        ] as const
      )[i] as RefusalName;
    }
    limits += `${i > 0 ? ',' : ''}${value === undefined ? '' : value}`;
  }
  return { limits };
}

/** Decides what a request to a group location wants. What is not allowed is not done, unlike with Nchan. */
export function decideGroup(r: NginxHTTPRequest, location: string, settings: LocationSettings): Outcome {
  if (!settings.groupAccounting) return refuse('group_accounting_disabled');
  const method = methodOf(r);
  if (method === 'OPTIONS') return { action: 'options', transport: '', channels: [] };
  const right = method === 'GET' ? 'get' : method === 'POST' ? 'set' : method === 'DELETE' ? 'delete' : '';
  if (right === '') return refuse('method_not_allowed');
  // The compiler refuses this; a token has no rights to groups, so none may seem to protect one.
  if (settings.tokenMode !== 'off') return refuse('token_right_missing');
  if (settings.groupAccess.split(' ').indexOf(right) < 0) return refuse('group_right_missing');
  const limits = right === 'set' && settings.groupLimits ? groupLimits(r, location) : undefined;
  if (typeof limits === 'string') return refuse(limits);
  return {
    action: right === 'get' ? 'group_info' : right === 'set' ? 'group_set' : 'group_delete',
    transport: '',
    channels: [`${groupName(r, location)}/`],
    ...(limits ? { groupLimits: limits.limits } : {}),
  };
}

/**
 * Reads what the sidecar needs of nginx for strings that it will put together (handoff/strings.ts). Base64 is made by
 * one call, and leaves nothing behind: njs frees nothing before the request ends, and subscribers stay for long.
 */
import type { DynamicValue } from '../handoff/headers.ts';
import { LOCATION_VARIABLE } from '../handoff/headers.ts';
import type { LocationSettings } from '../handoff/settings.ts';
import { EVENTS_VARIABLE, INFO_VARIABLE, MAX_STRING_VALUES_BYTES } from '../handoff/strings.ts';
import { givenVariables } from './dynamic-value.ts';
import type { Outcome } from './outcome.ts';

/**
 * Sets the variables of the headers for a request.
 * @returns false when there is too much
 */
export function carryStrings(r: NginxHTTPRequest, settings: LocationSettings, outcome: Outcome): boolean {
  const { action, transport } = outcome;
  const subscribes = action === 'subscribe' && !settings.subscriberInfo;
  let events = '';
  let info = '';
  if (settings.eventChannel && (subscribes || action === 'publish' || action === 'delete')) {
    events = values(r, 'event_string', values(r, 'event_channel')) || '';
  }
  if (settings.subscriberInfoString && subscribes && transport !== 'intervalpoll') {
    info = values(r, 'subscriber_info_string') || '';
  }
  // Another endpoint may have set them, whose subrequest or redirect shares our variables.
  if (events !== '' || r.variables[EVENTS_VARIABLE]) r.variables[EVENTS_VARIABLE] = events;
  if (info !== '' || r.variables[INFO_VARIABLE]) r.variables[INFO_VARIABLE] = info;
  return events.length <= MAX_STRING_VALUES_BYTES && info.length <= MAX_STRING_VALUES_BYTES;
}

/** Adds the values to a list. Most lists have one, which is not copied. */
function values(r: NginxHTTPRequest, name: DynamicValue, list?: string): string | undefined {
  const given = givenVariables(r, r.variables[LOCATION_VARIABLE] || '', name);
  for (let i = 0; i < given.length; i++) {
    const value = r.rawVariables[given[i] as string] as Buffer | undefined;
    const encoded = value ? value.toString('base64') : '';
    list = list === undefined ? encoded : `${list},${encoded}`;
  }
  return list;
}

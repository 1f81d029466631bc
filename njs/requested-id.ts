/** Where a request has the message id that it resumes from. */
import { idOfAlternative, idOfHeaders, type RequestedId } from '../handoff/requested-id.ts';
import type { LocationSettings } from '../handoff/settings.ts';
import { givenVariables } from './dynamic-value.ts';

/** Variables with the id of clients that cannot set the conditional headers, where the location names no others. */
const DEFAULT_ALTERNATIVES: readonly string[] = ['http_last_event_id', 'arg_last_event_id'];

/**
 * Looks for the id.
 * @param location the location's number; '' for one written by hand
 * @returns undefined when the request names none, `invalid` when what it names is none
 */
export function requestedMessageId(
  r: NginxHTTPRequest,
  location: string,
  settings: LocationSettings,
): RequestedId {
  const headers = r.headersIn;
  const since = settings.compoundEtag ? undefined : headers['If-Modified-Since'];
  const id = idOfHeaders(since, headers['If-None-Match'], headers.Etag);
  if (id !== 'elsewhere') return id;
  const given = givenVariables(r, location, 'last_message_id');
  const variables = given.length > 0 ? given : DEFAULT_ALTERNATIVES;
  for (let i = 0; i < variables.length; i++) {
    const found = idOfAlternative(r.variables[variables[i] as string] || '');
    if (found) return found;
  }
  return undefined;
}

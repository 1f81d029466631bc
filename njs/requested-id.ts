/** The message id that a request resumes from, by its sources in their order (spec/message-ids.md §3). */
import { parseHttpDate } from '../handoff/http-date.ts';
import { type ParsedMessageId, parseMessageId, parseTags } from '../handoff/message-id.ts';
import type { LocationSettings } from '../handoff/settings.ts';
import { givenVariables } from './dynamic-value.ts';

/** Longer values of the alternative sources are not looked at. */
const MAX_ALTERNATIVE_LENGTH = 128;

/** Variables with the id of clients that cannot set the conditional headers, where the location names no others. */
const DEFAULT_ALTERNATIVES: readonly string[] = ['http_last_event_id', 'arg_last_event_id'];

type RequestedId = ParsedMessageId | undefined | 'invalid';

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
  const since = settings.compoundEtag ? undefined : r.headersIn['If-Modified-Since'];
  const match = r.headersIn['If-None-Match'];
  if (since !== undefined) {
    const time = parseHttpDate(since);
    if (time === undefined || time <= 0) return undefined;
    return match === undefined ? 'invalid' : parseTags(time, match) || 'invalid';
  }
  if (match !== undefined) {
    if (match.indexOf(':') < 0) return undefined;
    return parseMessageId(unquoted(match)) || 'invalid';
  }
  // NchanSubscriber.js sends an id that it kept from an earlier visit in this header, which Nchan does not look at;
  // so what is none here is no fault.
  const etag = r.headersIn.Etag;
  return (etag === undefined ? undefined : parseMessageId(unquoted(etag))) || alternative(r, location);
}

/** The first alternative source that has something like an id in it. */
function alternative(r: NginxHTTPRequest, location: string): RequestedId {
  const given = givenVariables(r, location, 'last_message_id');
  const variables = given.length > 0 ? given : DEFAULT_ALTERNATIVES;
  for (let i = 0; i < variables.length; i++) {
    const value = percentDecode(r.variables[variables[i] as string] || '');
    if (value !== '' && value.length <= MAX_ALTERNATIVE_LENGTH && value.indexOf(':') >= 0) {
      return parseMessageId(value) || 'invalid';
    }
  }
  return undefined;
}

/** An entity tag without `W/` and quotes, which proxies and libraries add to what they take for one. */
function unquoted(tag: string): string {
  if (tag.indexOf('"') < 0) return tag;
  return tag.replace(/^(?:W\/)?"/, '').replace(/"$(?!\n)/, '');
}

/** Decodes what a well-formed `%XX` stands for and keeps the rest: ids are ASCII. */
function percentDecode(text: string): string {
  if (text.indexOf('%') < 0) return text;
  return text.replace(/%([0-9a-fA-F]{2})/g, (_match, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

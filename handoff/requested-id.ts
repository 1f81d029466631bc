/** The message id that a request resumes from, by its sources in their order (spec/message-ids.md §3). */
import { parseHttpDate } from './http-date.ts';
import { type ParsedMessageId, parseMessageId, parseTags } from './message-id.ts';

/** Longer values of the alternative sources are not looked at. */
const MAX_ALTERNATIVE_LENGTH = 128;

/** What a request resumes from: nothing, an id, or something that is none. */
export type RequestedId = ParsedMessageId | undefined | 'invalid';

/**
 * Looks for the id in headers. An empty one that stands alone counts as none, since nginx's variables do not tell them
 * apart; beside a date it is read, so who has the headers from variables leaves such a request to others.
 * @param since If-Modified-Since, of which compound ids take no notice
 * @param match If-None-Match
 * @param etag NchanSubscriber.js sends an id that it kept from an earlier visit in this header, which Nchan does not
 *   look at; so what is none here is no fault
 * @returns `elsewhere` when they say nothing, undefined when what they say is that there is none
 */
export function idOfHeaders(
  since: string | undefined,
  match: string | undefined,
  etag: string | undefined,
): RequestedId | 'elsewhere' {
  if (since) {
    const time = parseHttpDate(since);
    if (time === undefined || time <= 0) return undefined;
    return (match !== undefined && parseTags(time, match)) || 'invalid';
  }
  if (match) {
    if (match.indexOf(':') < 0) return undefined;
    return parseMessageId(unquoted(match)) || 'invalid';
  }
  return (etag && parseMessageId(unquoted(etag))) || 'elsewhere';
}

/**
 * Looks for the id in an alternative source, for clients that cannot set the headers.
 * @param value as the client wrote it
 * @returns undefined when there is nothing like an id in it: then the next source counts
 */
export function idOfAlternative(value: string): RequestedId {
  const text = percentDecode(value);
  if (text === '' || text.length > MAX_ALTERNATIVE_LENGTH || text.indexOf(':') < 0) return undefined;
  return parseMessageId(text) || 'invalid';
}

/** True for an id that can be one of a subscription to so many channels; of several, none has the time 0. */
export function fitsChannels(id: ParsedMessageId, channels: number): boolean {
  return id.tags.length <= channels && (channels === 1 || id.time > 0);
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

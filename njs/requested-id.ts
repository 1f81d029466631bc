/** The message id that a request resumes from, by its sources in their order (spec/message-ids.md §3). */
import { parseHttpDate } from '../handoff/http-date.ts';
import { type ParsedMessageId, parseMessageId, parseTags } from '../handoff/message-id.ts';

/** Longer values of the alternative sources are not looked at. */
const MAX_ALTERNATIVE_LENGTH = 128;

/** Variables with the id of clients that cannot set the conditional headers, tried in this order. */
const ALTERNATIVES = ['http_last_event_id', 'arg_last_event_id'];

/** The id, undefined when the request names none, or `invalid`. */
export function requestedMessageId(r: NginxHTTPRequest): ParsedMessageId | undefined | 'invalid' {
  const since = r.headersIn['If-Modified-Since'];
  const match = r.headersIn['If-None-Match'];
  if (since !== undefined) {
    const time = parseHttpDate(since);
    if (time === undefined || time <= 0) return undefined;
    return match === undefined ? 'invalid' : parseTags(time, match) || 'invalid';
  }
  if (match !== undefined) {
    if (match.indexOf(':') < 0) return undefined;
    return parseMessageId(match) || 'invalid';
  }
  for (let i = 0; i < ALTERNATIVES.length; i++) {
    const value = percentDecode(r.variables[ALTERNATIVES[i] as string] || '');
    if (value !== '' && value.length <= MAX_ALTERNATIVE_LENGTH && value.indexOf(':') >= 0) {
      return parseMessageId(value) || 'invalid';
    }
  }
  return undefined;
}

/** Decodes what a well-formed `%XX` stands for and keeps the rest: ids are ASCII. */
function percentDecode(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_match, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

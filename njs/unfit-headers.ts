/**
 * Headers that nginx takes and Node's parser does not (RFC 9110 §§5.1 and 5.5). They are looked at all at once: njs 0.7.9
 * keeps some 4 KB of every match until the request ends, and that of a subscriber may take days.
 */
import { CLIENT_HEADERS, ID_HEADERS } from '../handoff/headers.ts';

const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
/** Of a name, or of several one after the other. */
const TOKEN = /^[!#\x24%&'*+\-.^_`|~0-9A-Za-z]*$(?!\n)/;

/** True for a request with control characters in a header that is handed off, whichever way it takes. */
export function hasControlCharacters(r: NginxHTTPRequest): boolean {
  return CONTROL.test(valuesOf(r, CLIENT_HEADERS) + valuesOf(r, ID_HEADERS));
}

/** What the headers have, one after the other. */
function valuesOf(r: NginxHTTPRequest, names: readonly string[]): string {
  let values = '';
  for (let i = 0; i < names.length; i++) {
    const value = r.headersIn[names[i] as string];
    if (value !== undefined) values += value;
  }
  return values;
}

/** True for a request of which not every header can be handed off, as those of locations with hooks are. */
export function hasUnfitHeaders(r: NginxHTTPRequest): boolean {
  const headers = r.rawHeadersIn;
  let names = '';
  let values = '';
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i] as [string, string];
    if (header[0] === '') return true;
    names += header[0];
    values += header[1];
  }
  return !TOKEN.test(names) || CONTROL.test(values);
}

/** Which pages may use a location (spec/http-protocol.md §7). */
import { givenValue } from './dynamic-value.ts';

/** Allows every origin, and is told so to browsers where nothing else is listed. */
const ANY = '*';

/**
 * Looks whether a request comes from a page that may use the location.
 * @param location the location's number; '' for one written by hand
 * @returns what Access-Control-Allow-Origin says: '' for the request's own origin; undefined where it is refused
 */
export function allowedOrigin(r: NginxHTTPRequest, location: string): string | undefined {
  const origin = r.headersIn.Origin;
  if (!origin) return '';
  const allowed = givenValue(r, location, 'allow_origin_expression');
  if (allowed === undefined) return '';
  if (allowed === ANY) return ANY;
  const words = allowed.split(' ');
  return words.indexOf(origin) >= 0 || words.indexOf(ANY) >= 0 ? '' : undefined;
}

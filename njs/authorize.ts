/**
 * `nchan_authorize_request`: an application decides who may publish and subscribe (spec/hooks.md §1). A subrequest asks
 * it; a subscriber that it refuses gets its answer, a publisher gets nginx's page.
 */
import { corsHeaders, exposedHeaders, VARY_HEADERS } from '../handoff/cors.ts';
import type { LocationSettings } from '../handoff/settings.ts';
import { type Answer, page } from './answer.ts';
import { givenVariables } from './dynamic-value.ts';
import type { Outcome } from './outcome.ts';
import { encodedQuery } from './query.ts';

/** Statuses that let a request pass. */
const FIRST_ALLOWED = 200;
const LAST_ALLOWED = 298;
/** The status from which on it may have been nginx that failed, not the application that refused. */
const FAILURES_FROM = 500;

/** Headers of the application's answer that are about that answer alone. */
const NOT_PASSED_ON: readonly string[] = [
  'connection',
  'content-length',
  'content-type',
  'date',
  'server',
  'transfer-encoding',
];

/** True for a request that the location asks an application about. */
export function needsAuthorization(r: NginxHTTPRequest, location: string): boolean {
  return givenVariables(r, location, 'authorize_request').length > 0;
}

/** Asks, and gives back the outcome, or the refusal in its place. */
export function authorize(
  r: NginxHTTPRequest,
  location: string,
  settings: LocationSettings,
  outcome: Outcome,
): Promise<Outcome> {
  const variables = givenVariables(r, location, 'authorize_request');
  const uri = r.rawVariables[variables[0] as string] as Buffer;
  if (uri.length === 0) {
    r.error('nchan_authorize_request is empty: nobody is let in');
    return Promise.resolve(refused(outcome, page(500)));
  }
  const queries = [variables[1], 'args']
    .map((name) => encodedQuery(name === undefined ? undefined : r.rawVariables[name]))
    .filter((query) => query !== '');
  const asked = r.subrequest(uri, { method: 'GET', args: queries.join('&'), body: '' });
  return asked.then((reply) => {
    if (reply.status >= FIRST_ALLOWED && reply.status <= LAST_ALLOWED) return outcome;
    if (outcome.action === 'subscribe')
      return refused(outcome, subscriberRefusal(r, reply, settings, outcome));
    return refused(outcome, page(hasFailed(reply) ? reply.status : 403));
  });
}

function refused(outcome: Outcome, answer: Answer): Outcome {
  return Object.assign({}, outcome, { action: 'refuse', answer });
}

/** True when there is no answer of an application, only nginx's page that says so. */
function hasFailed(reply: NginxHTTPRequest): boolean {
  return reply.status >= FAILURES_FROM && /^[-,: ]+$(?!\n)/.test(reply.variables.upstream_header_time || '');
}

/** The application's own answer, with what Nchan adds to it. */
function subscriberRefusal(
  r: NginxHTTPRequest,
  reply: NginxHTTPRequest,
  settings: LocationSettings,
  { transport, allowOrigin = '' }: Outcome,
): Answer {
  const headers: Record<string, string[]> = {};
  /** Names as they were first written, by name in lower case. */
  const names: Record<string, string> = {};
  const add = (name: string, value: string): void => {
    const key = names[name.toLowerCase()] || name;
    names[name.toLowerCase()] = key;
    headers[key] = (headers[key] || []).concat(value);
  };
  const failed = hasFailed(reply);
  const type = reply.headersOut['Content-Type'];
  if (type !== undefined && !failed) add('Content-Type', type);
  const given = reply.rawHeadersOut as unknown as readonly (readonly [string, string])[];
  for (let i = 0; i < given.length; i++) {
    const header = given[i] as readonly [string, string];
    if (NOT_PASSED_ON.indexOf(header[0].toLowerCase()) < 0) add(header[0], header[1]);
  }
  const polls = transport === 'longpoll' || transport === 'intervalpoll';
  const origin = r.headersIn.Origin || undefined;
  const cors = { origin, allowOrigin, settings };
  const own = (polls ? exposedHeaders(cors).concat(VARY_HEADERS) : []).concat(corsHeaders(cors));
  for (let i = 0; i < own.length; i++) add((own[i] as [string, string])[0], (own[i] as [string, string])[1]);
  return {
    status: reply.status,
    body: failed ? Buffer.from('') : reply.responseBuffer || Buffer.from(''),
    headers,
  };
}

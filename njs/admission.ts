/**
 * Checks of a request that may have to wait for something, in their order, once it is known what it wants. Locations
 * without any stay synchronous: waiting costs.
 */
import type { LocationSettings } from '../handoff/settings.ts';
import { authorize, needsAuthorization } from './authorize.ts';
import type { Outcome } from './outcome.ts';
import { checkToken } from './token/check.ts';

/** Actions that anybody may have. A preflight request never has credentials. */
const UNCHECKED: readonly Outcome['action'][] = ['options', 'refuse'];

/**
 * Makes the checks that the location asks for; the first that refuses decides.
 * @param location the location's number; '' for one written by hand
 * @returns the outcome, or a refusal in its place; the promise rejects when a check could not be made
 */
export function admit(
  r: NginxHTTPRequest,
  location: string,
  settings: LocationSettings,
  outcome: Outcome,
): Outcome | Promise<Outcome> {
  if (UNCHECKED.indexOf(outcome.action) >= 0) return outcome;
  const ask = (checked: Outcome): Outcome | Promise<Outcome> =>
    checked.action !== 'refuse' && needsAuthorization(r, location)
      ? authorize(r, location, settings, checked)
      : checked;
  if (settings.tokenMode === 'off') return ask(outcome);
  const checked = checkToken(r, settings, outcome);
  return 'then' in checked ? checked.then(ask) : ask(checked);
}

/** Checks of a request that may have to wait, in their order, once it is known what it wants. */
import type { LocationSettings } from '../handoff/settings.ts';
import { authorize, needsAuthorization } from './authorize.ts';
import type { Outcome } from './outcome.ts';

/** Actions that are about channels, and so not for everybody. */
const CHECKED: readonly Outcome['action'][] = ['publish', 'info', 'delete', 'subscribe'];

/**
 * Lets a request pass or refuses it.
 * @param location the location's number; '' for one written by hand
 * @returns the outcome as it is, or a refusal; at once where the location has no such checks
 */
export function admit(
  r: NginxHTTPRequest,
  location: string,
  settings: LocationSettings,
  outcome: Outcome,
): Outcome | Promise<Outcome> {
  if (CHECKED.indexOf(outcome.action) < 0) return outcome;
  if (needsAuthorization(r, location)) return authorize(r, location, settings, outcome);
  return outcome;
}

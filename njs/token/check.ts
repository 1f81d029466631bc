/** Whether a request's token lets it do what it asks for. */
import type { Action } from '../../handoff/headers.ts';
import type { LocationSettings } from '../../handoff/settings.ts';
import {
  TOKEN_KEYS_OBJECT,
  TOKEN_SUB_VARIABLE,
  type TokenKey,
  type TokenKeySets,
  type TokenMode,
  type TokenRight,
} from '../../handoff/token.ts';
import { type Outcome, refuse } from '../outcome.ts';
import { checkClaims } from './claims.ts';
import { invalid, isFault, type TokenFault } from './fault.ts';
import { member, parseToken } from './parse.ts';
import { allows } from './rights.ts';
import { findToken } from './source.ts';
import { candidateKeys, isSigned } from './verify.ts';

/** The right that each action takes. Deleting takes one of its own: who may write in a room may not empty it. */
const RIGHTS: Readonly<Partial<Record<Action, TokenRight>>> = {
  subscribe: 'subscribe',
  publish: 'publish',
  info: 'publish',
  delete: 'delete',
};

/** What a request needs of its token. */
interface Need {
  /** Whether it may come without one. */
  readonly isOptional: boolean;
  readonly right: TokenRight | undefined;
  /** Whether it opens a WebSocket on which its client can also publish, if the token gives the right. */
  readonly publishesToo: boolean;
}

const MISSING: TokenFault = { refusal: 'token_missing', reason: 'is missing', isUsual: true };
const NO_RIGHT: TokenFault = {
  refusal: 'token_right_missing',
  reason: 'gives no right to this',
  isUsual: false,
};

/**
 * Checks the token.
 * @returns the outcome with what the token adds to it, or a refusal; the promise rejects when a key cannot be used
 */
export function checkToken(
  r: NginxHTTPRequest,
  settings: LocationSettings,
  outcome: Outcome,
): Outcome | Promise<Outcome> {
  const need = needOf(settings, outcome);
  if (!need) return outcome;
  const text = findToken(r, settings.tokenFrom);
  if (text === undefined) {
    if (!need.isOptional) return refused(r, MISSING, outcome);
    outcome.readOnly = need.publishesToo;
    return outcome;
  }
  const keys = loadedKeys(settings.tokenKeys);
  if (!keys) {
    r.error('njchan: the keys of njchan_token_key are not loaded; has js_engine another engine than njs?');
    return refuse('token_keys_missing', outcome.transport);
  }
  const token = parseToken(text);
  if (isFault(token)) return refused(r, token, outcome);
  const candidates = candidateKeys(keys, token);
  if (candidates.length === 0) {
    return refused(r, invalid('names a kid and an algorithm for which there is no key'), outcome);
  }
  return isSigned(token, candidates).then((isIt) => {
    if (!isIt) return refused(r, invalid('has a wrong signature'), outcome);
    const good = checkClaims(token.claims, settings, Date.now() / 1000);
    if (isFault(good)) return refused(r, good, outcome);
    const rights = member(token.claims, settings.tokenClaim);
    if (need.right && !allows(rights, need.right, outcome.channels)) return refused(r, NO_RIGHT, outcome);
    outcome.readOnly =
      need.publishesToo && !allows(rights, 'publish', outcome.publisherChannels || outcome.channels);
    outcome.expires = good.expires;
    r.variables[TOKEN_SUB_VARIABLE] = good.sub;
    return outcome;
  });
}

/** Undefined when the location wants no token for this. */
function needOf(
  { tokenMode, publisher }: LocationSettings,
  { action, transport }: Outcome,
): Need | undefined {
  if (tokenMode === 'optional') return { isOptional: true, right: undefined, publishesToo: false };
  const right = RIGHTS[action];
  const publishesToo =
    action === 'subscribe' &&
    transport === 'websocket' &&
    publisher.indexOf('websocket') >= 0 &&
    isFor(tokenMode, 'publish');
  if (right && isFor(tokenMode, right)) return { isOptional: false, right, publishesToo };
  return publishesToo ? { isOptional: true, right: undefined, publishesToo } : undefined;
}

function isFor(mode: TokenMode, right: TokenRight): boolean {
  return mode === 'required' || mode === (right === 'delete' ? 'publish' : right);
}

function loadedKeys(set: string): ArrayLike<TokenKey> | undefined {
  const sets = (globalThis as Record<string, unknown>)[TOKEN_KEYS_OBJECT] as TokenKeySets | undefined;
  return sets?.[set];
}

/** Refuses, and tells the operator why; the client is told little. */
function refused(r: NginxHTTPRequest, fault: TokenFault, { transport }: Outcome): Outcome {
  const line = `njchan: the token ${fault.reason}`;
  if (fault.isUsual) r.log(line);
  else r.error(line);
  return refuse(fault.refusal, transport);
}

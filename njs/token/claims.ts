/** Whether a token that was signed by the right key is meant for us, and now (RFC 7519 §4.1). */
import type { TokenSettings } from '../../handoff/token.ts';
import { invalid, type TokenFault } from './fault.ts';
import { type JsonObject, member } from './parse.ts';

/** Unix seconds that are far enough away for everybody, and that every reader takes for a number (year 9999). */
const LATEST = 253402300799;

const CONTROL = /[\x00-\x1f\x7f]/;

export interface GoodClaims {
  /** Unix seconds, leeway included. */
  readonly expires: number;
  /** '' when the token does not say. Has no control characters. */
  readonly sub: string;
}

/**
 * Checks the registered claims.
 * @param now Unix seconds
 */
export function checkClaims(
  claims: JsonObject,
  settings: TokenSettings,
  now: number,
): GoodClaims | TokenFault {
  const leeway = settings.tokenLeeway;
  const exp = member(claims, 'exp');
  if (!isTime(exp)) return invalid('has no exp, or one that is no time');
  if (now >= exp + leeway) return { refusal: 'token_expired', reason: 'has expired', isUsual: true };

  const nbf = member(claims, 'nbf');
  const iat = member(claims, 'iat');
  if ((nbf !== undefined && !isTime(nbf)) || (iat !== undefined && !isTime(iat))) {
    return invalid('has an nbf or iat that is no time');
  }
  if (nbf !== undefined && now + leeway < nbf) return invalid('is not valid yet (nbf)');
  if (iat !== undefined && now + leeway < iat) return invalid('was issued in the future (iat)');

  const issuer = member(claims, 'iss');
  if (settings.tokenIssuer !== '' && issuer !== settings.tokenIssuer) {
    return invalid('is not of the issuer in njchan_token_issuer');
  }
  const fault = audienceFault(member(claims, 'aud'), settings.tokenAudience);
  if (fault) return fault;
  const sub = member(claims, 'sub');
  if (sub !== undefined && (typeof sub !== 'string' || CONTROL.test(sub))) {
    return invalid('has a sub that is no text, or has control characters');
  }
  return { expires: Math.min(Math.ceil(exp + leeway), LATEST), sub: sub || '' };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A token for others only must be refused, also by those who have no name for themselves (RFC 7519 §4.1.3). */
function audienceFault(aud: unknown, own: readonly string[]): TokenFault | undefined {
  const named: unknown = typeof aud === 'string' ? [aud] : aud;
  if (named === undefined) {
    return own.length > 0 ? invalid('has no audience, which njchan_token_audience asks for') : undefined;
  }
  if (!Array.isArray(named) || !named.every((name) => typeof name === 'string')) {
    return invalid('has an aud that is neither text nor a list of texts');
  }
  if (named.some((name) => own.indexOf(name) >= 0)) return undefined;
  return invalid(
    own.length > 0 ? 'is for another audience' : 'is for an audience, and njchan_token_audience is not given',
  );
}

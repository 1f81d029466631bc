import type { RefusalName } from '../../handoff/refusals.ts';

/** Why a token does not count. */
export interface TokenFault {
  readonly refusal: RefusalName;
  /** For the log, after "the token": nothing of the token is in it. */
  readonly reason: string;
  /** True for what happens every day, which nginx logs as information only. */
  readonly isUsual: boolean;
}

/** A token that nobody should have sent. */
export function invalid(reason: string): TokenFault {
  return { refusal: 'token_invalid', reason, isUsual: false };
}

export function isFault(value: object): value is TokenFault {
  return 'refusal' in value;
}

/** What `njchan redis-check` finds. */

/**
 * What a problem calls for: `harmless` is what Nchan leaves in normal operation, `foreign` a key that neither njchan nor
 * Nchan would write, `orphan` a key without a channel. The script rsck names the others.
 */
export type Kind = 'damaged' | 'harmless' | 'foreign' | 'orphan';

/** What is to be said of a key, or of a channel by its head: the problems that call for the same. */
export interface Finding {
  readonly kind: Kind;
  /** The key in Redis, namespace and channel as they stand in it; byte strings. */
  readonly key: string;
  readonly namespace: string;
  readonly channel: string;
  /** Each a sentence; byte strings, since they may quote what is stored. */
  readonly problems: readonly string[];
  /** What the user can do. */
  readonly advice: string;
}

/** How much was looked at. A key that Redis moves meanwhile may be counted twice. */
export interface Counts {
  readonly keys: number;
  readonly channels: number;
}

/** Redis's PTTL of a key that does not expire, and of one that is not there. */
export const NO_EXPIRY = -1;
export const NO_KEY = -2;

function inSeconds(pttl: number): string {
  return `${Math.ceil(pttl / 1000)} s`;
}

/** What can be done, and whether waiting is an alternative. */
const ADVICE: Record<Kind, { readonly text: string; readonly expires: boolean }> = {
  damaged: {
    text: 'delete the channel (HTTP DELETE at its publisher location; subscribers get 410)',
    expires: true,
  },
  harmless: { text: 'nothing; it is harmless and goes away with the channel', expires: false },
  foreign: { text: "not njchan's or Nchan's? Find out which program writes it", expires: false },
  orphan: { text: 'delete the key (DEL)', expires: true },
};

/** @param pttl - of the key, or of the channel's head, in milliseconds, as PTTL gives it */
export function adviceFor(kind: Kind, pttl: number): string {
  const { text, expires } = ADVICE[kind];
  if (!expires) return text;
  return pttl >= 0 ? `${text}, or wait: it expires in ${inSeconds(pttl)}` : `${text}: it never expires`;
}

/** False for what is only worth a notice. */
export function isProblem({ kind }: Finding): boolean {
  return kind !== 'harmless';
}

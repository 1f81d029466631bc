/** What `njchan redis-check` finds. */

/** Something that is wrong with a channel, or with a key that has none. */
export interface Finding {
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

/** @param pttl - of the channel's head, in milliseconds, as PTTL gives it */
export function adviceForChannel(pttl: number): string {
  const remove = 'delete the channel (HTTP DELETE at its publisher location; subscribers get 410)';
  return pttl >= 0 ? `${remove}, or wait: it expires in ${inSeconds(pttl)}` : `${remove}: it never expires`;
}

/** @param pttl - of the key, in milliseconds, as PTTL gives it */
export function adviceForKey(pttl: number): string {
  const remove = 'delete the key (DEL)';
  return pttl >= 0 ? `${remove}, or wait: it expires in ${inSeconds(pttl)}` : `${remove}: it never expires`;
}

/** Keys of channels that have no head. What stands beside a head is checked by the script rsck. */

/** What is known of a key whose channel has no head. */
export interface Orphan {
  /** What follows the channel in the key: `messages`, `msg:TIME:TAG`, … */
  readonly suffix: string;
  /** Milliseconds until it expires, or NO_EXPIRY. */
  readonly pttl: number;
  /** Of a message: true when it was published with a buffer length of 0. */
  readonly unbuffered: boolean;
}

/**
 * Nchan counts a subscriber that leaves after its channel was deleted in a key that lives 60 ms. On a busy server it may
 * be seen a little longer.
 */
const COUNTS_LEFTOVER_MS = 1_000;

interface Rule {
  /** The first part of the suffix. */
  readonly kind: string;
  readonly problem: string;
  /** True for what Nchan leaves behind in normal operation. */
  isNormal(orphan: Orphan): boolean;
}

const RULES: readonly Rule[] = [
  { kind: 'messages', problem: 'a list of messages whose channel is gone', isNormal: () => false },
  {
    kind: 'msg',
    problem: 'a message whose channel is gone',
    // Deleting a channel leaves its unbuffered messages to their expiry.
    isNormal: ({ unbuffered, pttl }) => unbuffered && pttl >= 0,
  },
  { kind: 'subscribers', problem: 'a set of subscribers whose channel is gone', isNormal: () => false },
  {
    kind: 'subscriber_counts',
    problem: 'subscriber counts whose channel is gone',
    isNormal: ({ pttl }) => pttl >= 0 && pttl <= COUNTS_LEFTOVER_MS,
  },
  {
    kind: 'deleted',
    problem: 'the mark of a deleted channel, which should live for 5 s',
    isNormal: ({ pttl }) => pttl >= 0,
  },
];

/** What is wrong with a key whose channel has no head; undefined when nothing is. */
export function orphanProblem(orphan: Orphan): string | undefined {
  const [kind] = orphan.suffix.split(':');
  const rule = RULES.find((one) => one.kind === kind);
  return rule && !rule.isNormal(orphan) ? rule.problem : undefined;
}

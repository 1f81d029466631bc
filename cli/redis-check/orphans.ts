/** Keys of channels that have no head. What stands beside a head is checked by the script rsck. */

import type { Kind } from './finding.ts';

/** What is known of a key whose channel has no head. */
export interface Orphan {
  /** What follows the channel in the key: `messages`, `msg:TIME:TAG`, … */
  readonly suffix: string;
  /** As Redis's TYPE calls it. */
  readonly type: string;
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
  readonly name: string;
  /** The type that such keys have; undefined when Nchan's is not known. */
  readonly type?: string;
  readonly problem: string;
  /** True for what Nchan leaves behind in normal operation. */
  isNormal(orphan: Orphan): boolean;
}

const RULES: readonly Rule[] = [
  {
    name: 'messages',
    type: 'list',
    problem: 'a list of messages whose channel is gone',
    isNormal: () => false,
  },
  {
    name: 'msg',
    type: 'hash',
    problem: 'a message whose channel is gone',
    // Deleting a channel leaves its unbuffered messages to their expiry.
    isNormal: ({ unbuffered, pttl }) => unbuffered && pttl >= 0,
  },
  { name: 'subscribers', problem: 'a set of subscribers whose channel is gone', isNormal: () => false },
  {
    name: 'subscriber_counts',
    type: 'hash',
    problem: 'subscriber counts whose channel is gone',
    isNormal: ({ pttl }) => pttl >= 0 && pttl <= COUNTS_LEFTOVER_MS,
  },
  {
    name: 'deleted',
    problem: 'the mark of a deleted channel, which should live for 5 s',
    isNormal: ({ pttl }) => pttl >= 0,
  },
];

/** What is wrong with a key whose channel has no head; undefined when nothing is. */
export function orphanProblem(orphan: Orphan): { kind: Kind; problem: string } | undefined {
  const [name] = orphan.suffix.split(':');
  const rule = RULES.find((one) => one.name === name);
  if (!rule) return undefined;
  if (rule.type && orphan.type !== rule.type) {
    return { kind: 'foreign', problem: `it is a ${orphan.type}, not a ${rule.type}` };
  }
  return rule.isNormal(orphan) ? undefined : { kind: 'orphan', problem: rule.problem };
}

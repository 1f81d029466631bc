/** Waiting with a deadline. */
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_INTERVAL_MS = 20;

/** True when `promise` settled before the deadline; a failure counts as settled. */
export async function settledWithin(promise: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(deadlineMs, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      late,
    ]);
  } finally {
    timer.abort();
  }
}

/** Polls until `condition` is true. @returns false when the deadline passed first */
export async function pollUntil(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
): Promise<boolean> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() >= end) return false;
    await sleep(POLL_INTERVAL_MS);
  }
  return true;
}

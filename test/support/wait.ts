/** Waiting for conditions. Deadlines are generous, because they only matter when a test is going to fail. */

export const DEADLINE_MS = 30_000;
const POLL_INTERVAL_MS = 20;

/** Resolves after `ms` milliseconds; for polling loops, never for "that should be enough". */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Polls until `condition` gives something truthy, and returns that.
 * @param what - named in the error, as in "waited 30000 ms for the sidecar to be back"
 * @param condition - may be asynchronous; what it throws counts as "not yet" and is shown when time is up
 * @throws Error when the deadline passes
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = DEADLINE_MS,
): Promise<NonNullable<T>> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= end) throw new Error(`waited ${deadlineMs} ms for ${what}`, { cause });
    await sleep(POLL_INTERVAL_MS);
  }
}

/**
 * Gives what `promise` gives, or fails after the deadline.
 * @param what - named in the error
 */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms for ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

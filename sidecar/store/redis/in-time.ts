/** Waiting for what Redis has of a channel, or says about it. */
import { RedisUnavailableError } from './link.ts';

/** Milliseconds to wait. */
const CHANNEL_DEADLINE_MS = 5000;

/** Waits, but not too long; false when that was not enough. */
export async function inTime(done: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), CHANNEL_DEADLINE_MS);
  });
  try {
    return await Promise.race([done.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws RedisUnavailableError when it takes too long. */
export async function loadedInTime(loaded: Promise<unknown>): Promise<void> {
  if (!(await inTime(loaded)))
    throw new RedisUnavailableError('no word from Redis about the channel in time');
}

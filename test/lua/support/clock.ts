/** Redis's clock, whose seconds go into message ids. */
import type { Redis } from 'ioredis';
import { sleep } from '../../support/wait.ts';

const ATTEMPTS = 20;

/** Redis's clock, in Unix milliseconds. */
export async function redisMilliseconds(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
}

/** The Unix second of Redis's clock. */
export async function redisSecond(redis: Redis): Promise<number> {
  return Math.floor((await redisMilliseconds(redis)) / 1000);
}

/** Resolves when Redis's clock has come to a Unix millisecond. */
export async function waitUntil(redis: Redis, milliseconds: number): Promise<void> {
  for (;;) {
    const left = milliseconds - (await redisMilliseconds(redis));
    if (left <= 0) return;
    await sleep(left);
  }
}

/** Resolves at the beginning of a second of Redis's clock. */
export async function nextSecond(redis: Redis): Promise<void> {
  await waitUntil(redis, ((await redisSecond(redis)) + 1) * 1000);
}

/**
 * Runs something that must not see two different seconds; again, if it did, whether it failed or not.
 * @param run - starts from the same state each time
 * @throws what `run` throws; Error when it never fits into one second
 */
export async function inOneSecond<T>(redis: Redis, run: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await redisSecond(redis);
    const [outcome] = await Promise.allSettled([run()]);
    if ((await redisSecond(redis)) !== before) continue;
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }
  throw new Error(`${ATTEMPTS} attempts did not fit into one second each`);
}

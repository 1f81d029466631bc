/** Redis's clock, whose seconds go into message ids. */
import type { Redis } from 'ioredis';

const ATTEMPTS = 20;

/** The Unix second of Redis's clock. */
export async function redisSecond(redis: Redis): Promise<number> {
  const [seconds] = await redis.time();
  return Number(seconds);
}

/** Resolves at the beginning of a second of Redis's clock, the next one or a later one. */
export async function nextSecond(redis: Redis): Promise<void> {
  const [seconds, microseconds] = await redis.time();
  const left = 1000 - Math.floor(Number(microseconds) / 1000);
  await new Promise((resolve) => setTimeout(resolve, left));
  // Timers may fire a little early.
  while ((await redisSecond(redis)) === Number(seconds)) await new Promise(setImmediate);
}

/**
 * Runs something that must not see two different seconds; again, if it did.
 * @param run - starts from the same state each time
 * @throws Error when it never fits into one second
 */
export async function inOneSecond<T>(redis: Redis, run: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await redisSecond(redis);
    const result = await run();
    if ((await redisSecond(redis)) === before) return result;
  }
  throw new Error(`${ATTEMPTS} attempts did not fit into one second each`);
}

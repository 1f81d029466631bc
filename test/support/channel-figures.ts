import { request } from './raw-http.ts';
import { DEADLINE_MS, waitFor } from './wait.ts';

/**
 * How many subscribers a channel has, 0 if there is no such channel.
 * @param target - of a location that publishes to the channel, for example `/pub/foo`
 * @throws Error when the location does not tell
 */
export async function subscribersOf(port: number, target: string): Promise<number> {
  const { status, statusLine, body } = await request(port, 'GET', target);
  if (status !== 200 && status !== 404) throw new Error(`${target} answers ${statusLine}`);
  return Number(/active subscribers: (\d+)/.exec(body.toString())?.[1] ?? 0);
}

/** Waits until a channel has exactly so many subscribers. */
export async function untilSubscribers(
  port: number,
  target: string,
  count: number,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const there = async (): Promise<boolean> => (await subscribersOf(port, target)) === count;
  await waitFor(`${count} subscribers at ${target}`, there, deadlineMs);
}

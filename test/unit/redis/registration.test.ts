import { beforeEach, describe, expect, it } from 'vitest';
import { channelKeys } from '../../../sidecar/store/redis/channel-keys.ts';
import type { RedisLink } from '../../../sidecar/store/redis/link.ts';
import { Registration } from '../../../sidecar/store/redis/registration.ts';

describe('a registration', () => {
  let registration: Registration;
  let calls: { name: string; args: readonly unknown[] }[];
  /** Answer the calls that are under way. */
  let replies: ((reply: unknown) => void)[];
  let failures: ((error: Error) => void)[];

  beforeEach(() => {
    calls = [];
    replies = [];
    failures = [];
    registration = new Registration(
      {
        run: ({ name }: { name: string }, _: unknown, args: readonly unknown[]) => {
          calls.push({ name, args });
          return new Promise((resolve, reject) => {
            replies.push(resolve);
            failures.push(reject);
          });
        },
      } as unknown as RedisLink,
      channelKeys('', 'a'),
      {
        server: 'us',
        keepalive: { minMs: 600_000, jitter: 0, backoff: 0, maxMs: 0 },
        marginMs: 60_000,
        emptyTtlSeconds: 5,
      },
      { lost() {}, fault() {} },
    );
  });
  const names = () => calls.map(({ name }) => name);
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('that is under way is taken back when it is there', async () => {
    void registration.renew();
    const ended = registration.end();
    await turn();
    expect(names()).toEqual(['subscriber_register']);
    replies[0]?.([7, 1, 600_000]);
    await turn();
    expect(calls.at(-1)).toMatchObject({ name: 'subscriber_unregister', args: ['us', 7, 5] });
    replies[1]?.(0);
    await ended;
    registration.stop();
  });

  it('that did not come to be is not taken back', async () => {
    const renewed = registration.renew();
    const ended = registration.end();
    failures[0]?.(new Error('OOM'));
    await expect(renewed).rejects.toThrow('OOM');
    await ended;
    expect(names()).toEqual(['subscriber_register']);
  });

  it('of a channel that was deleted meanwhile does not count, and is taken back all the same', async () => {
    const renewed = registration.renew();
    registration.forget();
    replies[0]?.([7, 1, 600_000]);
    await renewed;
    expect(registration.registered).toBe(false);
    expect(registration.farewell()?.args).toEqual(['us', 7, 5]);
    const again = registration.renew();
    replies[1]?.([8, 1, 600_000]);
    await again;
    expect(registration.registered).toBe(true);
    registration.stop();
  });
});

import { expect, it, vi } from 'vitest';
import { channelKeys } from '../../../sidecar/store/redis/channel-keys.ts';
import type { RedisLink } from '../../../sidecar/store/redis/link.ts';
import { Registration } from '../../../sidecar/store/redis/registration.ts';

it('a registration that is renewed does not last longer each time, one that is kept alive does', async () => {
  vi.useFakeTimers();
  const asked: [string, unknown][] = [];
  const link = {
    worker: 'nchan_worker:{1}',
    run: async (script: { name: string }, _keys: unknown, args: readonly unknown[]) => {
      const registers = script.name === 'subscriber_register';
      asked.push([script.name, args[registers ? 2 : 1]]);
      return registers ? [1, 1, 1000] : 1000;
    },
  } as unknown as RedisLink;
  const registration = new Registration(
    link,
    channelKeys('', 'a'),
    {
      server: 'x',
      keepalive: { minMs: 1000, jitter: 0, backoff: 1, maxMs: 0 },
      marginMs: 1,
      emptyTtlSeconds: 5,
    },
    { lost: () => {}, fault: (error) => expect.unreachable(String(error)) },
  );
  await registration.renew();
  await registration.renew();
  await vi.advanceTimersByTimeAsync(1000);
  await registration.renew();
  registration.stop();
  vi.useRealTimers();
  expect(asked).toEqual([
    ['subscriber_register', 1000],
    ['subscriber_register', 1000],
    ['channel_keepalive', 2000],
    ['subscriber_register', 2000],
  ]);
});

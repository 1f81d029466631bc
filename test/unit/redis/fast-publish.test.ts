/** What publishing costs Redis where it stores nothing. */
import { afterEach, expect, it, vi } from 'vitest';
import { MemoryStore } from '../../../sidecar/store/memory/memory-store.ts';
import type { RedisLink } from '../../../sidecar/store/redis/link.ts';
import { RedisStore, type RedisStoreSettings } from '../../../sidecar/store/redis/redis-store.ts';

const DRAFT = { data: Buffer.from('x'), contentType: '', eventsourceEvent: '' };

afterEach(() => void vi.useRealTimers());

it.each([
  [true, []],
  [false, ['publish_nostore', 'forget_workers']],
])(
  'scripts that a message to subscribers elsewhere has Redis run, published fast: %s',
  async (fast, scripts) => {
    vi.useFakeTimers();
    const run: string[] = [];
    const link = {
      available: true,
      publishCommand: 'PUBLISH',
      publish: async () => 2,
      run: async ({ name }: { name: string }) => {
        run.push(name);
        return name === 'publish_nostore' ? [1, 2, -1] : '';
      },
    } as unknown as RedisLink;
    const settings = {
      redisNamespace: '',
      redisStorageMode: 'nostore',
      redisNostoreFastpublish: fast,
      channelTimeout: 5,
      idleChannelKeepalive: { minMs: 60_000, jitter: 0, backoff: 0, maxMs: 0 },
    } as unknown as RedisStoreSettings;
    const store = new RedisStore(settings, link, new MemoryStore({ limitBytes: 1e6 }), (_, error) => {
      throw error;
    });
    const info = await store.publish('/a', DRAFT, { length: 1, timeoutSeconds: 60 });
    expect(info.subscribers).toBe(2);
    await vi.advanceTimersByTimeAsync(2000);
    expect(run).toEqual(scripts);
    await store.close();
  },
);

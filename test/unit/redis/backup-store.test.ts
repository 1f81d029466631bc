/** Backup over a link that comes and goes as the test says. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MemoryStore } from '../../../sidecar/store/memory/memory-store.ts';
import { BackupStore } from '../../../sidecar/store/redis/backup-store.ts';
import { type RedisLink, RedisUnavailableError } from '../../../sidecar/store/redis/link.ts';
import type { RedisStoreSettings } from '../../../sidecar/store/redis/redis-store.ts';
import { PLENTY_BYTES } from '../../store/contract/fixture.ts';

const LIMITS = { length: 3, timeoutSeconds: 3600 };
const KEEPALIVE_MS = 60_000;
const text = (...parts: readonly string[]) => parts.map((part) => Buffer.from(part));
const stored = (tag: number) => [60, 100, tag, 0, 0, ...text(`stored ${tag}`, '', '', '0'), 1];

let available = true;
/** Redis goes away when the first message was read. */
let breaks = false;
let called: string[] = [];
let store: BackupStore;

beforeEach(() => {
  vi.useFakeTimers();
  available = true;
  breaks = false;
  called = [];
  const link = {
    get available() {
      return available;
    },
    publishCommand: 'PUBLISH',
    run: async ({ name }: { name: string }, [key]: Buffer[], [, tag]: number[]) => {
      if (!available) throw new RedisUnavailableError('away');
      called.push(name);
      if (name === 'subscriber_register') return [1, 1, KEEPALIVE_MS];
      if (name === 'channel_keepalive') return KEEPALIVE_MS;
      if (name !== 'get_messages') return null;
      const isFull = key?.toString().includes('full');
      if (!isFull) return [1, ...text('3', ''), []];
      if (!breaks) return [1, ...text('3', ''), [stored(1), stored(2), stored(3)]];
      if (tag === 1) {
        available = false;
        throw new RedisUnavailableError('away');
      }
      return [1, ...text('3', '100:1'), [stored(1)]];
    },
  } as unknown as RedisLink;
  const settings = {
    redisNamespace: '',
    publishCutoffBytes: 5120,
    channelTimeout: 5,
    idleChannelKeepalive: { minMs: KEEPALIVE_MS, jitter: 0, backoff: 0, maxMs: 0 },
    idleChannelKeepaliveMarginMs: 1000,
  } as unknown as RedisStoreSettings;
  store = new BackupStore(
    settings,
    link,
    (forgotten) => new MemoryStore({ limitBytes: 1e6, forgotten }),
    (_channel, error) => {
      throw error;
    },
  );
});
afterEach(async () => {
  await store.close();
  vi.useRealTimers();
});

const publish = (to: string, data: string) =>
  store.publish(to, { data: Buffer.from(data), contentType: '', eventsourceEvent: '' }, LIMITS);
async function messages(name: string): Promise<string[]> {
  const deliveries = await store.read([name], { first: 1 }, 10, PLENTY_BYTES);
  return deliveries.map(({ message }) => message.data.toString());
}

it('a channel that is first used during an outage is read once that is over', async () => {
  await publish('/empty', 'x');
  available = false;
  expect(await messages('/full')).toEqual([]);
  available = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(await messages('/full')).toEqual(['stored 1', 'stored 2', 'stored 3']);
});

it('what was published meanwhile comes after it, and no more is kept than the channel may have', async () => {
  await publish('/empty', 'x');
  available = false;
  await publish('/full', 'meanwhile');
  available = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(await messages('/full')).toEqual(['stored 2', 'stored 3', 'meanwhile']);
  await publish('/full', 'later');
  expect(await messages('/full')).toEqual(['stored 3', 'meanwhile', 'later']);
});

it('nothing is left out of a channel whose reading was broken off', async () => {
  await publish('/empty', 'x');
  breaks = true;
  expect(await messages('/full')).toEqual([]);
  await publish('/full', 'meanwhile');
  breaks = false;
  available = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(await messages('/full')).toEqual(['stored 2', 'stored 3', 'meanwhile']);
});

it('goes on with keepalives after one that failed', async () => {
  await publish('/full', 'x');
  available = false;
  await vi.advanceTimersByTimeAsync(2 * KEEPALIVE_MS);
  available = true;
  called = [];
  await vi.advanceTimersByTimeAsync(2 * KEEPALIVE_MS);
  expect(called).toContain('subscriber_register');
  expect(called).toContain('channel_keepalive');
});

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
const stored = (tag: number, data = `stored ${tag}`) => [60, 100, tag, 0, 0, ...text(data, '', '', '0'), 1];

/** A channel that is larger than the memory may be. */
const MEMORY_BYTES = 1e6;
const LARGE_MESSAGES = 300;
const LARGE_DATA = 'x'.repeat(10_000);

let available = true;
/** Redis goes away when the first message was read. */
let breaks = false;
let called: string[] = [];
let store: BackupStore;
/** Called before a page of the large channel is given. */
let beforePage: () => void = () => {};
/** Resolves when Redis answers. */
let answers: Promise<void> | undefined;

/** Has Redis answer no further call before it is told to, or to fail. */
function holdAnswers() {
  let answer = () => {};
  let fail = (_error: Error) => {};
  answers = new Promise((resolve, reject) => {
    answer = resolve;
    fail = reject;
  });
  return { answer, fail };
}

beforeEach(() => {
  vi.useFakeTimers();
  available = true;
  breaks = false;
  answers = undefined;
  called = [];
  const link = {
    get available() {
      return available;
    },
    publishCommand: 'PUBLISH',
    run: async ({ name }: { name: string }, [key]: Buffer[], [, tag = 0]: number[]) => {
      if (!available) throw new RedisUnavailableError('away');
      called.push(name);
      await answers;
      if (name === 'subscriber_register') return [1, 1, KEEPALIVE_MS];
      if (name === 'channel_keepalive') return KEEPALIVE_MS;
      if (name !== 'get_messages') return null;
      if (key?.toString().includes('large')) {
        beforePage();
        return [1, ...text('0', tag < LARGE_MESSAGES ? `100:${tag + 1}` : ''), [stored(tag + 1, LARGE_DATA)]];
      }
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
    (forgotten) => new MemoryStore({ limitBytes: MEMORY_BYTES, forgotten }),
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

it('reads a channel once, however long that takes', async () => {
  const held = holdAnswers();
  const first = messages('/full');
  await vi.advanceTimersByTimeAsync(20_000);
  const second = messages('/full');
  held.answer();
  expect(await Promise.all([first, second])).toEqual(Array(2).fill(['stored 1', 'stored 2', 'stored 3']));
  expect(called.filter((name) => name === 'get_messages')).toHaveLength(1);
});

it('reads a few channels at a time', async () => {
  await publish('/empty', 'x');
  called = [];
  const first = holdAnswers();
  const readings = () => called.filter((name) => name === 'get_messages').length;
  const all = Array.from({ length: 100 }, (_, i) => messages(`/full${i}`));
  const held = holdAnswers();
  first.answer();
  await vi.advanceTimersByTimeAsync(1000);
  expect(readings()).toBeGreaterThan(0);
  expect(readings()).toBeLessThanOrEqual(20);
  answers = undefined;
  held.answer();
  await vi.advanceTimersByTimeAsync(1000);
  expect(await Promise.all(all)).toEqual(Array(100).fill(['stored 1', 'stored 2', 'stored 3']));
});

it('lets nobody wait for readings that begin after Redis went away', async () => {
  await publish('/empty', 'x');
  const first = holdAnswers();
  const all = Array.from({ length: 100 }, (_, i) => messages(`/full${i}`));
  const readings = holdAnswers();
  first.answer();
  await vi.advanceTimersByTimeAsync(1000);
  called = [];
  available = false;
  readings.fail(new RedisUnavailableError('away'));
  await vi.advanceTimersByTimeAsync(10);
  expect(await Promise.all(all)).toEqual(Array(100).fill([]));
  expect(called).toEqual([]);
});

it('takes no more memory than it may for what it reads', async () => {
  let keptBytes = 0;
  beforePage = () => {
    keptBytes = store.size.bytes;
  };
  const newest = await store.read(['/large'], { first: -1 }, 1, PLENTY_BYTES);
  expect(newest.map(({ message }) => message.id.tag)).toEqual([LARGE_MESSAGES + 1]);
  // What was read is what is counted.
  expect(keptBytes).toBeGreaterThan(0.9 * MEMORY_BYTES);
  expect(keptBytes).toBeLessThanOrEqual(MEMORY_BYTES);
});

it('nor for what it reads after an outage', async () => {
  await publish('/empty', 'x');
  available = false;
  await publish('/large', 'meanwhile');
  available = true;
  await vi.advanceTimersByTimeAsync(5000);
  const all = await store.read(['/large'], { first: 1 }, 1000, PLENTY_BYTES);
  expect(all.at(-1)?.message.data.toString()).toBe('meanwhile');
  expect(all.at(-2)?.message.id.tag).toBe(LARGE_MESSAGES + 1);
  expect(store.size.bytes).toBeLessThanOrEqual(MEMORY_BYTES);
});

it('what was read before it broke off is no more than what was not', async () => {
  await publish('/empty', 'x');
  breaks = true;
  expect(await messages('/full')).toEqual([]);
  breaks = false;
  available = true;
  await vi.advanceTimersByTimeAsync(5000);
  expect(await messages('/full')).toEqual(['stored 1', 'stored 2', 'stored 3']);
  const resumed = await store.read(
    ['/full'],
    { after: { time: 100, tags: [2], active: 0 } },
    10,
    PLENTY_BYTES,
  );
  expect(resumed.map(({ message }) => message.id.tag)).toEqual([3]);
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

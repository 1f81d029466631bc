import { afterEach, describe, expect, it, vi } from 'vitest';
import { IdClock, StoreClock } from '../../sidecar/store/memory/id-clock.ts';
import { MemoryStore } from '../../sidecar/store/memory/memory-store.ts';
import { MessageBuffer } from '../../sidecar/store/memory/message-buffer.ts';
import type { Message } from '../../sidecar/store/message.ts';
import { StorageFullError } from '../../sidecar/store/store.ts';
import { messageOf } from '../support/deliveries.ts';
import { storeContract } from './contract.ts';
import { sharingContract } from './sharing.ts';

const LIMIT_BYTES = 64 * 1024 * 1024;
/** So few that the tests' lists and groups take many turns. */
const STEPS_PER_TURN = 5;

storeContract('memory', async () => new MemoryStore({ limitBytes: LIMIT_BYTES }));
sharingContract(
  'memory',
  async () => new MemoryStore({ limitBytes: LIMIT_BYTES, stepsPerTurn: STEPS_PER_TURN }),
  STEPS_PER_TURN,
);

describe('the memory store', () => {
  afterEach(() => vi.useRealTimers());

  const draft = (bytes: number) => ({ data: Buffer.alloc(bytes), contentType: '', eventsourceEvent: '' });

  it('refuses a message beyond its limit, takes unbuffered ones, and has room again after a deletion', async () => {
    const store = new MemoryStore({ limitBytes: 10_000 });
    const limits = { length: 10, timeoutSeconds: 60 };
    await store.publish('/a', draft(6000), limits);
    await expect(store.publish('/b', draft(6000), limits)).rejects.toBeInstanceOf(StorageFullError);
    await store.publish('/b', draft(6000), { length: 0, timeoutSeconds: 60 });
    await store.delete('/a');
    await store.publish('/b', draft(6000), limits);
    expect(store.totals()).toMatchObject({ messages: 1 });
    await store.close();
  });

  it('counts long names of channels, which clients may choose', async () => {
    const store = new MemoryStore({ limitBytes: 100_000 });
    const limits = { length: 10, timeoutSeconds: 60 };
    const name = (i: number): string => `${String(i).repeat(20_000)}/a`;
    for (let i = 1; i <= 4; i++) await store.publish(name(i), draft(1), limits);
    await store.publish(name(5), draft(1), { length: 0, timeoutSeconds: 60 });
    await expect(store.publish(name(6), draft(1), limits)).rejects.toBeInstanceOf(StorageFullError);
    store.forget(name(5));
    await store.publish(name(6), draft(1), limits);
    await store.close();
  });

  it('keeps no trace of channels whose messages expired, however long they lived', async () => {
    vi.useFakeTimers();
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    for (let i = 0; i < 1000; i++) {
      await store.publish(`/c${i}`, draft(10), { length: 3, timeoutSeconds: 1 + (i % 300) });
      if (i % 10 === 0) vi.advanceTimersByTime(1000);
    }
    expect(store.totals().channels).toBeGreaterThan(0);
    vi.advanceTimersByTime(400_000);
    expect(store.totals()).toEqual({ channels: 0, subscribers: 0, messages: 0, bytes: 0 });
    await store.close();
  });

  it('keeps no trace of channels that were deleted long before their messages would have expired', async () => {
    vi.useFakeTimers();
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    for (let i = 0; i < 500; i++) {
      await store.publish(`/d${i % 5}`, draft(10), { length: 3, timeoutSeconds: 3600 + i });
      await store.delete(`/d${i % 5}`);
    }
    expect(store.filed).toBeLessThanOrEqual(5);
    vi.advanceTimersByTime(20_000);
    expect(store.totals().channels).toBe(0);
    expect(store.filed).toBe(0);
    await store.close();
  });

  it('keeps its messages for their time when the wall clock leaps ahead by years', async () => {
    vi.useFakeTimers();
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    await store.publish('/a', draft(10), { length: 3, timeoutSeconds: 60 });
    vi.setSystemTime(Date.now() + 10 * 365 * 86400_000);
    vi.advanceTimersByTime(58_000);
    expect(store.totals()).toMatchObject({ channels: 1, messages: 1 });
    vi.advanceTimersByTime(20_000);
    expect(store.totals().channels).toBe(0);
    await store.close();
  });
});

describe('the id clock', () => {
  it('counts tags within a second and starts over in the next', () => {
    const clock = new IdClock(new StoreClock(0));
    const ids = [5000, 5999, 6000].map((ms) => clock.next(ms));
    expect(ids).toEqual([
      { time: 5, tag: 0 },
      { time: 5, tag: 1 },
      { time: 6, tag: 0 },
    ]);
  });

  it('goes on in the last second when the clock steps back', () => {
    const clock = new IdClock(new StoreClock(0));
    clock.next(9000);
    expect(clock.next(4000)).toEqual({ time: 9, tag: 1 });
  });

  it('runs into the next second when one has no tags left', () => {
    const clock = new IdClock(new StoreClock(0));
    for (let i = 0; i <= 32767; i++) clock.next(5000);
    expect(clock.last).toEqual({ time: 5, tag: 32767 });
    expect(clock.next(5000)).toEqual({ time: 6, tag: 0 });
  });

  it('keeps the channels of a store together when one runs ahead', () => {
    const store = new StoreClock(0);
    const [busy, quiet] = [new IdClock(store), new IdClock(store)];
    for (let i = 0; i <= 32768; i++) busy.next(5000);
    expect(quiet.next(5000)).toEqual({ time: 6, tag: 0 });
  });

  it('gives no id in a second that a predecessor may have used', () => {
    expect(new IdClock(new StoreClock(8)).next(7000)).toEqual({ time: 8, tag: 0 });
  });
});

describe('the message buffer', () => {
  const message = (tag: number): Message => messageOf('', { id: { time: 1, tag } });

  it('finds the successor of any id, kept or not, after any number of removals', () => {
    const dropped: number[] = [];
    const buffer = new MessageBuffer((m) => dropped.push(m.id.tag));
    for (let tag = 0; tag < 200; tag += 2) {
      buffer.push(message(tag));
      buffer.trim(7);
      const first = Math.max(tag - 12, 0);
      expect(buffer.at(0)?.id.tag).toBe(first);
      for (let probe = -1; probe <= tag; probe++) {
        const next = buffer.at(buffer.indexAfter({ time: 1, tag: probe }))?.id.tag;
        const expected = Math.max(first, probe % 2 === 0 ? probe + 2 : probe + 1);
        expect(next).toBe(expected > tag ? undefined : expected);
      }
    }
    expect(dropped).toEqual(Array.from({ length: 93 }, (_, i) => i * 2));
  });
});

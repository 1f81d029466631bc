/** Nothing that lasts goes by the wall clock: it may be set, back or forward, at any moment. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageFormat } from '../../sidecar/fanout/format.ts';
import { MemoryStore } from '../../sidecar/store/memory/memory-store.ts';
import { compareIds, type MessageId } from '../../sidecar/store/message.ts';
import type { BufferLimits, ChannelInfo, Sink } from '../../sidecar/store/store.ts';
import { IdleTimer } from '../../sidecar/subscriber/subscriber.ts';
import { LeapingClock } from '../support/clock.ts';

const HOUR = 3600;
/** Long enough for every channel without messages and subscribers to be forgotten, in milliseconds. */
const IDLE_MS = 10_000;

const FORMAT: MessageFormat = { once: false, encode: ({ message }) => message.data };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each([
  ['back', -HOUR],
  ['forward', HOUR],
])('while the wall clock steps %s an hour', (_, seconds) => {
  let clock: LeapingClock;
  let store: MemoryStore;
  beforeEach(() => {
    clock = new LeapingClock();
    store = new MemoryStore({ limitBytes: 10_000, clock });
  });
  afterEach(() => store.close());

  const publish = (channel: string, limits: Partial<BufferLimits> = {}, bytes = 10): Promise<ChannelInfo> =>
    store.publish(
      channel,
      { data: Buffer.alloc(bytes), contentType: '', eventsourceEvent: '' },
      { length: 100, timeoutSeconds: 60, ...limits },
    );

  it('a message is kept for its time, no longer and no shorter', async () => {
    await publish('/a');
    clock.leap(seconds);
    vi.advanceTimersByTime(59_000);
    expect((await store.info('/a'))?.messages).toBe(1);
    expect(store.totals().messages).toBe(1);
    vi.advanceTimersByTime(2_000);
    expect(store.totals().messages).toBe(0);
  });

  it('a full store has room again as soon as its messages expire', async () => {
    await publish('/a', {}, 8000);
    clock.leap(seconds);
    await expect(publish('/b', {}, 8000)).rejects.toThrow();
    vi.advanceTimersByTime(61_000);
    expect((await publish('/b', {}, 8000)).messages).toBe(1);
  });

  it('an idle channel is forgotten some seconds after its last use', async () => {
    await publish('/a', { length: 0 });
    const sink: Sink = { format: FORMAT, write: () => 0, end() {} };
    store.subscribe(['/b'], { first: 1 }, sink).cancel();
    clock.leap(seconds);
    vi.advanceTimersByTime(2_000);
    expect(store.totals().channels).toBe(2);
    vi.advanceTimersByTime(IDLE_MS);
    expect(store.totals().channels).toBe(0);
    expect(store.filed).toBe(0);
  });

  it('ids grow, also those of a channel that was forgotten in between', async () => {
    const ids: MessageId[] = [];
    for (let i = 0; i < 20; i++) {
      if (i % 4 === 1) clock.leap(seconds);
      if (i % 4 === 3) clock.leap(-seconds);
      ids.push((await publish('/a', { length: 0 })).lastMessageId);
      if (i % 5 === 0) {
        vi.advanceTimersByTime(IDLE_MS);
        expect(await store.info('/a')).toBeUndefined();
      }
    }
    for (let i = 1; i < ids.length; i++) {
      expect(compareIds(ids[i] as MessageId, ids[i - 1] as MessageId)).toBeGreaterThan(0);
    }
  });

  it('ids are of the wall clock once it has caught up', async () => {
    await publish('/a');
    clock.leap(seconds);
    vi.advanceTimersByTime((HOUR + 60) * 1000);
    const { lastMessageId } = await publish('/a');
    expect(lastMessageId.time).toBe(Math.floor(clock.unixMs() / 1000));
  });

  it('the last activity of a subscriber is told in Unix time', async () => {
    clock.leap(seconds);
    store.subscribe(['/a'], { first: 1 }, { format: FORMAT, write: () => 0, end() {} });
    expect((await store.info('/a'))?.lastSeenSubscriber).toBe(Math.floor(clock.unixMs() / 1000));
  });

  it('a subscriber that receives nothing times out in its time', () => {
    const expired = vi.fn();
    const idle = new IdleTimer(30, expired);
    vi.advanceTimersByTime(20_000);
    idle.touch();
    vi.setSystemTime(Date.now() + seconds * 1000);
    vi.advanceTimersByTime(29_000);
    expect(expired).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2_000);
    expect(expired).toHaveBeenCalledTimes(1);
  });
});

/** Events on their way to a store: in order, bounded, and nobody's trouble. */
import { describe, expect, it } from 'vitest';
import {
  EventQueue,
  MAX_WAITING_EVENT_BYTES,
  MAX_WAITING_EVENTS,
} from '../../../sidecar/events/event-queue.ts';
import type { ChannelInfo, Store } from '../../../sidecar/store/store.ts';

const UNDER_WAY = 64;
const FIGURES = {} as ChannelInfo;

/** A store whose publishing is settled by hand. */
function openQueue() {
  const published: string[] = [];
  const settle: { resolve(info: ChannelInfo): void; reject(error: Error): void }[] = [];
  const lost: string[] = [];
  let empty = 0;
  const store = {
    publish(channel: string, { data, contentType }: { data: Buffer; contentType: string }, limits: object) {
      expect([contentType, limits]).toEqual(['', { length: 100, timeoutSeconds: 10 }]);
      published.push(`${channel} ${data}`);
      return new Promise<ChannelInfo>((resolve, reject) => settle.push({ resolve, reject }));
    },
  } as unknown as Store;
  const queue = new EventQueue(
    store,
    (why, location) => lost.push(`${location}: ${why}`),
    () => {
      empty += 1;
    },
  );
  return {
    queue,
    published,
    lost,
    get empty() {
      return empty;
    },
    /** Settles the oldest that is under way. */
    async settle(error?: Error) {
      const next = settle.shift();
      if (error) next?.reject(error);
      else next?.resolve(FIGURES);
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    },
  };
}

const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `meta/c ${from + i}`);

describe('a queue of events', () => {
  it('publishes them in order, some at a time', async () => {
    const { queue, published, settle } = openQueue();
    for (let i = 0; i < UNDER_WAY + 10; i++) queue.add('meta/c', Buffer.from(String(i)), 'here');
    expect(published).toEqual(names(UNDER_WAY));
    await settle();
    expect(published).toEqual(names(UNDER_WAY + 1));
    queue.add('meta/c', Buffer.from(String(UNDER_WAY + 10)), 'here');
    for (let i = 0; i < 10; i++) await settle();
    expect(published).toEqual(names(UNDER_WAY + 11));
  });

  it('goes on after one that could not be published, and tells of it', async () => {
    const opened = openQueue();
    opened.queue.add('meta/c', Buffer.from('0'), 'here');
    await opened.settle(new Error('Redis is away'));
    expect(opened.lost).toEqual(['here: Redis is away']);
    expect(opened.empty).toBe(1);
    opened.queue.add('meta/c', Buffer.from('1'), 'here');
    expect(opened.published).toEqual(names(2));
  });

  it('loses what is more than may wait', () => {
    const { queue, lost } = openQueue();
    for (let i = 0; i < UNDER_WAY + MAX_WAITING_EVENTS; i++) queue.add('meta/c', Buffer.from('x'), 'here');
    expect(lost).toEqual([]);
    queue.add('meta/c', Buffer.from('x'), 'here');
    expect(lost).toEqual(['here: there are more than can be published']);
  });

  it('counts the names of the channels, which may be long', () => {
    const { queue, lost } = openQueue();
    const name = `meta/${'x'.repeat(MAX_WAITING_EVENT_BYTES / 4)}`;
    for (let i = 0; i < UNDER_WAY + 3; i++) queue.add(name, Buffer.from('x'), 'here');
    expect(lost).toEqual([]);
    queue.add(name, Buffer.from('x'), 'here');
    expect(lost).toHaveLength(1);
  });

  it('loses what has more bytes than may wait, and takes more once there is room', async () => {
    const { queue, lost, settle } = openQueue();
    const half = Buffer.alloc(MAX_WAITING_EVENT_BYTES / 2 - 'meta/c'.length);
    for (let i = 0; i < UNDER_WAY + 3; i++) queue.add('meta/c', half, 'here');
    expect(lost).toHaveLength(1);
    await settle();
    queue.add('meta/c', half, 'here');
    expect(lost).toHaveLength(1);
  });
});

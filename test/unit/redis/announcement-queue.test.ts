import { expect, it } from 'vitest';
import type { Announcement } from '../../../sidecar/store/redis/announcement.ts';
import {
  AnnouncementQueue,
  MAX_WAITING,
  MAX_WAITING_BYTES,
} from '../../../sidecar/store/redis/announcement-queue.ts';

const deletionOf = (channel: string): Announcement => ({ kind: 'delete', channelId: Buffer.from(channel) });

it('has room again for what was taken out', () => {
  const queue = new AnnouncementQueue();
  for (let n = 0; n < 3; n++) {
    expect(queue.push(deletionOf(`${n}`), MAX_WAITING_BYTES)).toBe(true);
    expect(queue.shift()).toEqual(deletionOf(`${n}`));
  }
  expect(queue.shift()).toBeUndefined();
  expect(queue.push(deletionOf('a'), MAX_WAITING_BYTES)).toBe(true);
  expect(queue.push(deletionOf('b'), 1)).toBe(false);
});

it('has room for so many, and gives all back in their order', () => {
  const queue = new AnnouncementQueue();
  const all = Array.from({ length: MAX_WAITING + 1 }, (_, n) => deletionOf(`${n}`));
  expect(all.map((one) => queue.push(one, 1))).toEqual([...Array(MAX_WAITING).fill(true), false]);
  expect(queue.first).toEqual(all[0]);
  expect(queue.clear()).toEqual(all);
  expect([queue.first, queue.clear()]).toEqual([undefined, []]);
  expect(queue.push(deletionOf('a'), MAX_WAITING_BYTES)).toBe(true);
});

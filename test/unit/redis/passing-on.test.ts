import { beforeEach, describe, expect, it } from 'vitest';
import type { Announcement, RedisMessage } from '../../../sidecar/store/redis/announcement.ts';
import { MAX_WAITING, MAX_WAITING_BYTES } from '../../../sidecar/store/redis/announcement-queue.ts';
import { PassingOn } from '../../../sidecar/store/redis/passing-on.ts';

const ID = { time: 1, tag: 0 };
const message = (data: string, compressed = false): RedisMessage => ({
  id: ID,
  previous: { time: 0, tag: 0 },
  ttlSeconds: 60,
  data: Buffer.from(data),
  contentType: '',
  eventsourceEvent: '',
  compressed,
});
const plain = (data: string): Announcement => ({
  kind: 'message',
  maxMessages: undefined,
  message: message(data),
  noServers: false,
});
const toCompress = (data: string): Announcement =>
  ({ ...plain(data), message: message(data, true) }) as Announcement;
const byKey = (key: string): Announcement => ({
  kind: 'key',
  maxMessages: undefined,
  id: ID,
  key: Buffer.from(key),
});
const deletion: Announcement = { kind: 'delete', channelId: Buffer.from('a') };
const status: Announcement = { kind: 'status', channelId: Buffer.from('a'), status: 409 };

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what Redis does not store', () => {
  let got: string[];
  let faults: unknown[];
  /** Ends the compression, or the reading, of what is under way. */
  let finish: (() => void)[];
  let passingOn: PassingOn;

  beforeEach(() => {
    got = [];
    faults = [];
    finish = [];
    passingOn = new PassingOn(
      {
        stored: false,
        newest: undefined,
        maxMessages: -1,
        takeNow: ({ data }) => void got.push(data.toString()),
        take: async ({ data, compressed }, _, isWanted = () => true) => {
          if (compressed) await new Promise<void>((resolve) => finish.push(resolve));
          if (isWanted()) got.push(`${data} compressed`);
        },
        delete() {},
        forget() {},
      },
      {
        deleted: (id) => void got.push(`deleted ${id}`),
        fetch: ({ key }) =>
          new Promise((resolve, reject) => {
            finish.push(() => {
              if (String(key) === 'unreadable') reject(new Error('WRONGTYPE'));
              else resolve(String(key) === 'gone' ? undefined : message(String(key)));
            });
          }),
        fault: (error) => void faults.push(error),
      },
    );
  });
  const take = (...announcements: Announcement[]) => {
    for (const announcement of announcements) passingOn.take(announcement, 100);
  };
  async function finishAll(): Promise<void> {
    while (finish.length > 0) {
      finish.shift()?.();
      await turn();
    }
  }

  it('goes at once where nothing is under way', () => {
    take(plain('a'), deletion, status, plain('b'));
    expect(got).toEqual(['a', 'deleted a', 'b']);
  });

  it('waits for what takes time', async () => {
    take(toCompress('a'), plain('b'), deletion, byKey('c'), byKey('gone'), toCompress('d'), plain('e'));
    expect(got).toEqual([]);
    await finishAll();
    expect(got).toEqual(['a compressed', 'b', 'deleted a', 'c compressed', 'd compressed', 'e']);
    take(plain('f'));
    expect(got.at(-1)).toBe('f');
  });

  it.each([
    ['messages', () => take(...Array.from({ length: MAX_WAITING }, () => plain('b')))],
    ['bytes', () => passingOn.take(plain('b'), MAX_WAITING_BYTES)],
  ])('goes as it is when too many %s wait, once and in order', async (_, many) => {
    take(toCompress('a'));
    many();
    take(plain('c'), toCompress('d'), plain('e'));
    expect([got[0], got.at(-1)]).toEqual(['a', 'c']);
    await finishAll();
    expect([...new Set(got)]).toEqual(['a', 'b', 'c', 'd compressed', 'e']);
    expect(got.filter((data) => data !== 'b')).toEqual(['a', 'c', 'd compressed', 'e']);
    expect(faults).toEqual([]);
  });

  it('is told of when it was to be read and cannot be waited for', async () => {
    take(byKey('a'), deletion);
    passingOn.take(plain('b'), MAX_WAITING_BYTES);
    expect(got).toEqual(['deleted a', 'b']);
    await finishAll();
    expect(got).toEqual(['deleted a', 'b']);
    expect(faults).toHaveLength(1);
  });

  it('does not hold up the others when it cannot be read', async () => {
    take(byKey('unreadable'), plain('b'));
    await finishAll();
    expect(got).toEqual(['b']);
    expect(faults).toHaveLength(1);
  });

  it('goes nowhere once the channel is used no more', async () => {
    take(toCompress('a'), plain('b'));
    passingOn.stop();
    await finishAll();
    expect(got).toEqual([]);
  });
});

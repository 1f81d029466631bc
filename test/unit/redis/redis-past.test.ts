/** What is read of the past of many channels at once, over a link that answers when the test says so. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Lack, Page } from '../../../sidecar/store/memory/past.ts';
import { Deflater } from '../../../sidecar/store/redis/deflater.ts';
import { type RedisLink, RedisUnavailableError } from '../../../sidecar/store/redis/link.ts';
import { MAX_PAGES, pastLimiter, RedisPast } from '../../../sidecar/store/redis/redis-past.ts';

const text = (...parts: readonly string[]) => parts.map((part) => Buffer.from(part));
const stored = (tag: number) => [60, 100, tag, 0, 0, ...text(`message ${tag}`, '', '', '0'), 1];
const lack = (tag: number, place = 0): Lack => ({
  place,
  after: { time: 100, tag },
  upTo: { time: 100, tag: 9 },
});

interface Call {
  readonly channel: string;
  readonly tag: number;
  readonly maxBytes: number;
  /** Answers with messages up to this tag, of nine. */
  answer(lastTag: number): void;
  fail(error: Error): void;
}

let calls: Call[];
let faults: unknown[];
let past: RedisPast;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  calls = [];
  faults = [];
  const link = {
    run: (_script: unknown, [key]: Buffer[], [, tag, , , maxBytes]: number[]) =>
      new Promise((resolve, fail) => {
        calls.push({
          channel: String(key),
          tag: Number(tag),
          maxBytes: Number(maxBytes),
          fail,
          answer: (lastTag) => {
            const tags = Array.from({ length: lastTag - Number(tag) }, (_, i) => Number(tag) + 1 + i);
            const readOn = lastTag < 9 ? `100:${lastTag}` : '';
            resolve([1, ...text('10', readOn), tags.map(stored)]);
          },
        });
      }),
  } as unknown as RedisLink;
  past = new RedisPast({
    link,
    limiter: pastLimiter(),
    deflater: new Deflater(),
    head: (name) => Buffer.from(name),
    fault: (_channel, error) => faults.push(error),
  });
});
afterEach(() => {
  past.stop();
  vi.useRealTimers();
});

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};
const tags = (page: Page, place = 0) => page.get(place)?.messages.map(({ id }) => id.tag);

/** Asks, and keeps what comes. */
function ask(after: number, name = 'a'): { pages: Page[]; takeBack: () => void } {
  const pages: Page[] = [];
  return { pages, takeBack: past.ask([name], [lack(after)], (page) => pages.push(page)) };
}

it('reads one page for all who ask for what it has', async () => {
  const asked = [ask(2), ask(4), ask(2), ask(0), ask(7)];
  await turns();
  expect(calls.map(({ tag }) => tag)).toEqual([2]);
  calls[0]?.answer(6);
  await turns();
  // Those before the page and after it wait for others.
  expect(asked.map(({ pages }) => pages.length)).toEqual([1, 1, 1, 0, 0]);
  expect(tags(asked[1]?.pages[0] as Page)).toEqual([3, 4, 5, 6]);
  expect(calls.map(({ tag }) => tag)).toEqual([2, 0]);
  calls[1]?.answer(9);
  await turns();
  expect(asked.map(({ pages }) => pages.length)).toEqual([1, 1, 1, 1, 1]);
  expect(asked[4]?.pages[0]?.get(0)).toMatchObject({ after: { tag: 0 }, upTo: { tag: 9 } });
});

it('reads another page for those who ask while one is read', async () => {
  const early = ask(0);
  await turns();
  const late = ask(0);
  calls[0]?.answer(9);
  await turns();
  expect([early.pages.length, late.pages.length, calls.length]).toEqual([1, 0, 2]);
  calls[1]?.answer(9);
  await turns();
  expect(late.pages).toHaveLength(1);
});

it('reads a few lists at a time, and none for those who have left', async () => {
  const asked = Array.from({ length: MAX_PAGES + 3 }, (_, i) => ask(0, `list ${i}`));
  await turns();
  expect(calls).toHaveLength(MAX_PAGES);
  asked[MAX_PAGES]?.takeBack();
  asked[0]?.takeBack();
  calls[0]?.answer(9);
  calls[1]?.answer(9);
  await turns();
  expect(asked[0]?.pages).toHaveLength(0);
  expect(asked[1]?.pages).toHaveLength(1);
  expect(calls.slice(MAX_PAGES).map(({ channel }) => channel)).toEqual([
    `list ${MAX_PAGES + 1}`,
    `list ${MAX_PAGES + 2}`,
  ]);
});

it('divides the bytes of a page among the channels of a list', async () => {
  ask(0);
  past.ask(['a', 'b', 'c'], [lack(0, 0), lack(0, 2)], () => {});
  await turns();
  const [alone, first, second] = calls.map(({ maxBytes }) => maxBytes) as [number, number, number];
  expect([first, second]).toEqual([alone / 2, alone / 2]);
  expect(calls.map(({ channel }) => channel)).toEqual(['a', 'a', 'c']);
});

it('reads again what could not be read, and tells of it unless Redis is away', async () => {
  const asked = ask(0);
  for (const error of [new RedisUnavailableError('away'), new Error('no')]) {
    await turns();
    calls.at(-1)?.fail(error);
    await turns();
    const before = calls.length;
    ask(0).takeBack();
    await turns();
    expect(calls).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(1000);
  }
  await turns();
  expect(calls).toHaveLength(3);
  calls.at(-1)?.answer(9);
  await turns();
  expect(asked.pages).toHaveLength(1);
  expect(faults).toEqual([new Error('no')]);
});

it('makes nobody wait for long who shall be answered', async () => {
  const answered = past.read(['a'], [lack(0)], () => {});
  const refused = expect(answered).rejects.toThrow(RedisUnavailableError);
  await turns();
  await vi.advanceTimersByTimeAsync(5000);
  await refused;
  calls[0]?.answer(9);
  await turns();
  expect(calls).toHaveLength(1);
});

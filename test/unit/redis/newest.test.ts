import { expect, it } from 'vitest';
import type { RedisMessage } from '../../../sidecar/store/redis/announcement.ts';
import { Newest } from '../../../sidecar/store/redis/newest.ts';

const message = (text: string) => ({ data: Buffer.from(text) }) as RedisMessage;
const texts = (newest: Newest) => newest.messages().map(({ data }) => data.toString());

it.each<[limitBytes: number, most: number, kept: string[]]>([
  [100, 10, ['a1', 'b2', 'c3', 'd4', 'e5']],
  [100, 2, ['d4', 'e5']],
  [5, 10, ['d4', 'e5']],
  [6, 10, ['c3', 'd4', 'e5']],
  [1, 10, []],
  [100, 0, []],
])('keeps the newest in %i bytes, at most %i', (limitBytes, most, kept) => {
  const newest = new Newest(limitBytes);
  for (const text of ['a1', 'b2', 'c3', 'd4', 'e5']) newest.add(message(text), most);
  expect(texts(newest)).toEqual(kept);
});

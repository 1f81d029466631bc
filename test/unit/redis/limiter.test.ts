import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Limiter } from '../../../sidecar/store/redis/limiter.ts';

function setUp(max: number) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const limiter = new Limiter<string>({
    max,
    urgencies: 2,
    run: (item) => {
      begun.push(item);
      return item === 'nothing' ? undefined : new Promise<void>((resolve) => ends.push(resolve));
    },
  });
  const end = async () => {
    ends.shift()?.();
    await nextTurn();
    await nextTurn();
  };
  return { limiter, begun, end };
}

it('begins with so many at once and no more, the urgent ones first', async () => {
  const { limiter, begun, end } = setUp(2);
  for (const item of ['a', 'b', 'c', 'nothing', 'd']) limiter.add(item, 1);
  limiter.add('urgent', 0);
  expect(begun).toEqual(['a', 'b']);
  await end();
  expect(begun).toEqual(['a', 'b', 'urgent']);
  await end();
  await end();
  expect(begun.slice(3)).toEqual(['c', 'nothing', 'd']);
});

it('does what is asked for twice once, as urgently as anybody asked', async () => {
  const { limiter, begun, end } = setUp(1);
  for (const item of ['a', 'b', 'c']) limiter.add(item, 1);
  limiter.add('c', 0);
  limiter.add('c', 1);
  for (let i = 0; i < 4; i++) await end();
  expect(begun).toEqual(['a', 'c', 'b']);
  limiter.add('c');
  expect(begun).toHaveLength(4);
});

it('leaves out what is not to be done any more', async () => {
  const { limiter, begun, end } = setUp(1);
  for (const item of ['a', 'b', 'c']) limiter.add(item);
  limiter.delete('b');
  await end();
  expect(begun).toEqual(['a', 'c']);
  limiter.add('d');
  limiter.clear();
  await end();
  expect(begun).toEqual(['a', 'c']);
});

import { expect, it } from 'vitest';
import { Shares } from '../../../../sidecar/hooks/shares.ts';

it('a target has room up to its own limit, and again once it has given back', () => {
  const shares = new Shares({ guaranteed: 10, perTarget: 30, shared: 100 });
  shares.count('a', 25);
  expect([shares.hasRoom('a', 5), shares.hasRoom('a', 6)]).toEqual([true, false]);
  shares.count('a', -25);
  expect(shares.hasRoom('a', 30)).toBe(true);
});

it('what is shared counts only above what is guaranteed', () => {
  const shares = new Shares({ guaranteed: 10, perTarget: 30, shared: 20 });
  shares.count('a', 30);
  shares.count('b', 1);
  expect([shares.hasRoom('b', 9), shares.hasRoom('b', 10)]).toEqual([true, false]);
  shares.count('a', -1);
  expect(shares.hasRoom('b', 10)).toBe(true);
});

it('one that is larger than all limits is let in alone', () => {
  const shares = new Shares({ guaranteed: 10, perTarget: 30, shared: 20 });
  expect(shares.hasRoom('a', 1000)).toBe(true);
  shares.count('a', 1000);
  expect(shares.hasRoom('a', 1)).toBe(false);
  expect(shares.hasRoom('b', 1000)).toBe(true);
});

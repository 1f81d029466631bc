import { expect, it } from 'vitest';
import { Recurrences } from '../../../sidecar/recurrences.ts';

it('has each thing told once a minute, with the number of times in between', () => {
  let now = 0;
  const recurrences = new Recurrences(() => now);
  expect(recurrences.met('a')).toBe('');
  expect(recurrences.met('a')).toBeUndefined();
  expect(recurrences.met('b')).toBe('');
  now = 59_999;
  expect(recurrences.met('a')).toBeUndefined();
  now = 60_000;
  expect(recurrences.met('a')).toBe(' (and 2 times more since this was logged last)');
  expect(recurrences.met('a')).toBeUndefined();
  now = 200_000;
  expect(recurrences.met('b')).toBe('');
});

it('remembers no more than it has to', () => {
  const recurrences = new Recurrences(() => 0);
  for (let thing = 0; thing <= 100; thing++) recurrences.met(`${thing}`);
  expect(recurrences.met('100')).toBeUndefined();
  expect(recurrences.met('0')).toBe('');
});

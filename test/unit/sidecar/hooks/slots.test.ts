import { expect, it } from 'vitest';
import { Slots } from '../../../../sidecar/hooks/slots.ts';

/** Takes a slot for each target named, and notes who started. */
function takeAll(slots: Slots, targets: string): string[] {
  const started: string[] = [];
  for (const target of targets.split('')) slots.take(target, () => started.push(target));
  return started;
}

it('a target gets no more than it may, and leaves the rest to others', () => {
  const started = takeAll(new Slots({ guaranteed: 1, perTarget: 2, shared: 5 }), 'aaaabb');
  expect(started.join('')).toBe('aabb');
});

it('what waits starts when its own target has room', () => {
  const slots = new Slots({ guaranteed: 1, perTarget: 1, shared: 5 });
  const started = takeAll(slots, 'aabb');
  slots.release('b');
  expect(started.join('')).toBe('abb');
  slots.release('a');
  expect(started.join('')).toBe('abba');
});

it('all together get no more than is shared, and take turns', () => {
  const slots = new Slots({ guaranteed: 1, perTarget: 3, shared: 2 });
  const started = takeAll(slots, 'aaaaabbbccc');
  expect(started.join('')).toBe('aaabc');
  slots.release('a');
  slots.release('a');
  expect(started.join('')).toBe('aaabcab');
  slots.release('b');
  slots.release('a');
  expect(started.join('')).toBe('aaabcabca');
});

it('silent targets that have all that is shared leave every other what it is guaranteed', () => {
  const slots = new Slots({ guaranteed: 2, perTarget: 4, shared: 4 });
  const started = takeAll(slots, 'aaaaaabbbbbbcccccc');
  expect(started.join('')).toBe('aaaabbbbcc');
  slots.take('d', () => started.push('d'));
  slots.take('d', () => started.push('d'));
  slots.take('d', () => started.push('late'));
  expect(started.slice(10)).toEqual(['d', 'd']);
  slots.release('d');
  expect(started.slice(12)).toEqual(['late']);
});

it('who leaves while it waits is not started, and the next is', () => {
  const slots = new Slots({ guaranteed: 1, perTarget: 1, shared: 0 });
  const started = takeAll(slots, 'a');
  const leaver = () => void started.push('leaver');
  slots.take('a', leaver);
  slots.take('a', () => started.push('next'));
  slots.leave('a', leaver);
  slots.release('a');
  expect(started).toEqual(['a', 'next']);
});

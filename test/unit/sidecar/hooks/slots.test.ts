import { expect, it } from 'vitest';
import { Slots } from '../../../../sidecar/hooks/slots.ts';

/** Takes a slot for each target named, and notes who started. */
function takeAll(slots: Slots, targets: string): string[] {
  const started: string[] = [];
  for (const target of targets.split('')) slots.take(target, () => started.push(target));
  return started;
}

it('a target gets no more than its share, and leaves the rest to others', () => {
  const started = takeAll(new Slots(2, 5), 'aaaabb');
  expect(started.join('')).toBe('aabb');
});

it('what waits starts when its own target has room', () => {
  const slots = new Slots(1, 5);
  const started = takeAll(slots, 'aabb');
  slots.release('b');
  expect(started.join('')).toBe('abb');
  slots.release('a');
  expect(started.join('')).toBe('abba');
});

it('in all there are no more than allowed, and targets take turns', () => {
  const slots = new Slots(2, 2);
  const started = takeAll(slots, 'aabbcc');
  slots.release('a');
  slots.release('a');
  expect(started.join('')).toBe('aabc');
  slots.release('b');
  slots.release('c');
  expect(started.join('')).toBe('aabcbc');
});

it('a target that is full does not keep others waiting', () => {
  const slots = new Slots(1, 2);
  const started = takeAll(slots, 'aaab');
  expect(started.join('')).toBe('ab');
  slots.release('b');
  slots.take('c', () => started.push('c'));
  expect(started.join('')).toBe('abc');
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heap } from '../../../sidecar/store/memory/heap.ts';

interface Item {
  value: number;
}

describe('a heap', () => {
  it('gives its items in order, also when the first one has moved back', () => {
    const item = fc.record({ value: fc.nat(50), later: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 300 }), (items) => {
        const heap = new Heap<Item>((a, b) => a.value < b.value);
        heap.fill(items.map(({ value }) => ({ value })));
        const left = items.map(({ value }) => value).sort((a, b) => a - b);
        for (const { later } of items) {
          expect(heap.first?.value).toBe(left[0]);
          (heap.first as Item).value += later;
          heap.firstMoved();
          left.push((left.shift() as number) + later);
          left.sort((a, b) => a - b);
        }
        for (const value of left) {
          expect(heap.first?.value).toBe(value);
          heap.removeFirst();
        }
        expect(heap.first).toBeUndefined();
        heap.removeFirst();
      }),
    );
  });

  it('has only what it was filled with last', () => {
    const heap = new Heap<number>((a, b) => a < b);
    heap.fill([1, 2]);
    heap.fill([5, 3]);
    expect(heap.first).toBe(3);
  });
});

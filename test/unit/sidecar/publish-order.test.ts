import { describe, expect, it } from 'vitest';
import { PublishOrder } from '../../../sidecar/publisher/publish-order.ts';

/** A promise and what settles it. */
function pending<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('publishing in order', () => {
  it('is at once when nothing is prepared and nobody waits', () => {
    const called: string[] = [];
    void new PublishOrder().run(['a'], undefined, async () => called.push('first'));
    expect(called).toEqual(['first']);
  });

  it('does not let a message overtake one of its channel that takes longer', async () => {
    const order = new PublishOrder();
    const [slow, fast] = [pending<string>(), pending<string>()];
    const called: string[] = [];
    const publish = async (text: string) => called.push(text);
    const all = [
      order.run(['a'], slow.promise, publish),
      order.run(['a', 'b'], fast.promise, publish),
      order.run(['b'], 'third', publish),
      order.run(['c'], 'elsewhere', publish),
    ];
    fast.resolve('second');
    await settled();
    expect(called).toEqual(['elsewhere']);
    slow.resolve('first');
    await Promise.all(all);
    expect(called).toEqual(['elsewhere', 'first', 'second', 'third']);
  });

  it('does not wait for the store itself', async () => {
    const order = new PublishOrder();
    const stored = pending<number>();
    const called: string[] = [];
    const first = order.run(['a'], Promise.resolve(), () => {
      called.push('first');
      return stored.promise;
    });
    await order.run(['a'], undefined, async () => called.push('second'));
    expect(called).toEqual(['first', 'second']);
    stored.resolve(5);
    expect(await first).toBe(5);
  });

  it('goes on after a message that could not be prepared or stored, in its place', async () => {
    const order = new PublishOrder();
    const [first, second] = [pending<void>(), pending<void>()];
    const called: string[] = [];
    const publish = (name: string) => async () => {
      called.push(name);
      if (name === 'first') throw new Error('full');
    };
    const results = Promise.allSettled([
      order.run(['a'], first.promise, publish('first')),
      order.run(['a'], second.promise, publish('second')),
      order.run(['a'], undefined, publish('third')),
    ]);
    second.reject(new Error('bad'));
    await settled();
    expect(called).toEqual([]);
    first.resolve();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(called).toEqual(['first', 'third']);
  });
});

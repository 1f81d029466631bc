import { beforeEach, describe, expect, it } from 'vitest';
import { ListOrder } from '../../../sidecar/store/redis/list-order.ts';

interface Channel {
  readonly name: string;
}

describe('the order of lists', () => {
  let order: ListOrder<Channel>;
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name })) as [Channel, Channel, Channel];
  beforeEach(() => {
    order = new ListOrder();
  });

  it('makes nobody wait who is in no list', () => {
    order.join('b', [b]);
    order.behind(a, 10);
    expect(order.mustWait(b, 20)).toBe(false);
    expect(order.turn(b, 20)).toBeUndefined();
  });

  it('makes those in a list with one that is behind wait, for what is before their message', () => {
    order.join('a,b', [a, b]);
    order.behind(a, 10);
    expect(order.mustWait(b, 9)).toBe(false);
    expect(order.mustWait(b, 10)).toBe(false);
    expect(order.mustWait(b, 11)).toBe(true);
    expect(order.mustWait(c, 11)).toBe(false);
    expect(order.mustWait(a, 11)).toBe(false);
    order.behind(a, 11);
    expect(order.mustWait(b, 11)).toBe(false);
    order.behind(a, 10);
    expect(order.mustWait(b, 11)).toBe(false);
  });

  it('knows a list for as long as somebody has it', () => {
    order.behind(a, 10);
    order.join('a,b', [a, b]);
    order.join('a,b', [a, b]);
    order.leave('a,b');
    expect(order.mustWait(b, 11)).toBe(true);
    order.leave('a,b');
    expect(order.mustWait(b, 11)).toBe(false);
    order.leave('a,b');
    order.join('a,b', [a, b]);
    expect(order.mustWait(b, 11)).toBe(true);
  });

  it('takes a channel that is twice in a list for one', () => {
    order.join('a,a', [a, a]);
    order.behind(a, 10);
    expect(order.mustWait(a, 11)).toBe(false);
  });

  it('gives each of several its turn, the earliest first', async () => {
    order.join('a,b', [a, b]);
    order.join('b,c', [b, c]);
    const turns: string[] = [];
    for (const channel of [a, b, c]) order.behind(channel, 0);
    const wait = async (channel: Channel, second: number) => {
      await order.turn(channel, second);
      turns.push(channel.name);
      order.caughtUp(channel);
    };
    await Promise.all([wait(a, 3), wait(c, 2), wait(b, 1)]);
    expect(turns[0]).toBe('b');
    expect(turns).toHaveLength(3);
  });

  it('finds among very many lists those that matter', () => {
    const others = Array.from({ length: 1000 }, (_, i) => ({ name: `user${i}` }));
    for (const other of others) order.join(`a,${other.name}`, [a, other]);
    order.behind(c, 10);
    expect(order.mustWait(a, 20)).toBe(false);
    order.behind(others[999] as Channel, 10);
    expect(order.mustWait(a, 20)).toBe(true);
    for (const other of others) order.behind(other, 30);
    expect(order.mustWait(a, 20)).toBe(false);
    expect(order.mustWait(a, 40)).toBe(true);
    expect(order.mustWait(others[0] as Channel, 40)).toBe(false);
    order.behind(a, 35);
    expect(order.mustWait(others[0] as Channel, 40)).toBe(true);
  });

  it('says when channels have come equally far', async () => {
    expect(order.together([a, b])).toBeUndefined();
    order.behind(a, 10);
    expect(order.together([b, c])).toBeUndefined();
    const together = order.together([a, b]);
    order.behind(a, 11);
    order.caughtUp(a);
    await together;
    expect(order.together([a, b])).toBeUndefined();
  });
});

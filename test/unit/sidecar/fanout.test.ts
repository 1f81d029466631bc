import { describe, expect, it, vi } from 'vitest';
import type { MessageFormat } from '../../../sidecar/fanout/format.ts';
import { FanoutGroup, type GroupOwner, type Member } from '../../../sidecar/fanout/group.ts';
import { STEPS_PER_TURN, WorkQueue } from '../../../sidecar/fanout/work-queue.ts';
import type { Delivery } from '../../../sidecar/store/message.ts';
import { deliveryOf } from '../../support/deliveries.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const encode = vi.fn((delivery: Delivery) => delivery.message.data);

class Recorder implements Member {
  firstBatch = 0;
  readonly writes: string[] = [];
  readonly buffers: Buffer[] = [];
  onDeliver: () => void = () => {};
  deliver(bytes: Buffer): void {
    this.buffers.push(bytes);
    this.writes.push(bytes.toString());
    this.onDeliver();
  }
}

/** What a group says of faults. */
class Owner implements GroupOwner<Member> {
  readonly faults: unknown[] = [];
  readonly expelled: Member[] = [];
  fault(error: unknown): void {
    this.faults.push(error);
  }
  expel(member: Member): void {
    this.expelled.push(member);
  }
}

const newGroup = (format: Partial<MessageFormat> = {}, queue = new WorkQueue(), owner = new Owner()) =>
  new FanoutGroup({ encode, once: false, ...format }, queue, owner);

describe('a fan-out group', () => {
  it('encodes a message once and gives the same bytes to every member', async () => {
    const group = newGroup();
    const members = [new Recorder(), new Recorder(), new Recorder()];
    for (const member of members) group.add(member);
    encode.mockClear();
    group.push(deliveryOf('a'));
    await turn();
    expect(encode).toHaveBeenCalledTimes(1);
    expect(new Set(members.map((member) => member.buffers[0])).size).toBe(1);
  });

  it('joins the messages of one turn into one write', async () => {
    const group = newGroup();
    const member = new Recorder();
    group.add(member);
    for (const text of ['a', 'b', 'c']) group.push(deliveryOf(text));
    await turn();
    group.push(deliveryOf('d'));
    await turn();
    expect(member.writes).toEqual(['abc', 'd']);
  });

  it('gives a member nothing that was pushed before it came, even in the same turn', async () => {
    const group = newGroup();
    const [early, late] = [new Recorder(), new Recorder()];
    group.add(early);
    group.push(deliveryOf('a'));
    group.add(late);
    group.push(deliveryOf('b'));
    await turn();
    expect(early.writes.join('')).toBe('ab');
    expect(late.writes.join('')).toBe('b');
  });

  it('serves a large group in slices and keeps the order for messages that come in between', async () => {
    const group = newGroup();
    const members = Array.from({ length: 1500 }, () => new Recorder());
    for (const member of members) group.add(member);
    group.push(deliveryOf('a'));
    await turn();
    const served = members.filter((member) => member.writes.length === 1).length;
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(1500);
    group.push(deliveryOf('b'));
    const late = new Recorder();
    group.add(late);
    group.push(deliveryOf('c'));
    for (let i = 0; i < 20; i++) await turn();
    expect(new Set(members.map((member) => member.writes.join('')))).toEqual(new Set(['abc']));
    expect(late.writes).toEqual(['c']);
    expect(group.idle).toBe(false);
  });

  it('lets members of a once-only format go with their first message', async () => {
    const group = newGroup({ once: true });
    const member = new Recorder();
    group.add(member);
    group.push(deliveryOf('a'));
    group.push(deliveryOf('b'));
    await turn();
    expect(member.writes).toEqual(['a']);
    expect(group.size).toBe(0);
    expect(group.idle).toBe(true);
  });

  it('gives nothing to a member that another member removes while it is served', async () => {
    const group = newGroup();
    const [first, second] = [new Recorder(), new Recorder()];
    first.onDeliver = () => group.remove(second);
    group.add(first);
    group.add(second);
    group.push(deliveryOf('a'));
    await turn();
    expect(second.writes).toEqual([]);
  });

  it('gives a member that it finishes what is on its way to it at once, and nothing later', async () => {
    const group = newGroup();
    const [leaving, staying] = [new Recorder(), new Recorder()];
    group.add(leaving);
    group.add(staying);
    group.push(deliveryOf('a'));
    group.finish(leaving);
    expect(leaving.writes).toEqual(['a']);
    group.push(deliveryOf('b'));
    await turn();
    expect(leaving.writes).toEqual(['a']);
    expect(staying.writes.join('')).toBe('ab');
  });

  it('finishes a member in the middle of a delivery with what it has not got yet', async () => {
    const group = newGroup({}, new WorkQueue(2));
    const members = Array.from({ length: 4 }, () => new Recorder());
    for (const member of members) group.add(member);
    group.push(deliveryOf('a'));
    await turn();
    group.push(deliveryOf('b'));
    for (const member of members) group.finish(member);
    await turn();
    expect(members.map(({ writes }) => writes)).toEqual(members.map(() => ['a', 'b']));
  });

  describe('when a member cannot take a message', () => {
    const fault = new Error('a bug');

    it('expels it, says why, and gives the others everything', async () => {
      const owner = new Owner();
      const group = newGroup({}, new WorkQueue(), owner);
      const members = Array.from({ length: 3 }, () => new Recorder());
      for (const member of members) group.add(member);
      const [, faulty] = members as [Recorder, Recorder, Recorder];
      faulty.onDeliver = () => {
        throw fault;
      };
      owner.expel = (member) => group.remove(member);
      group.push(deliveryOf('a'));
      await turn();
      group.push(deliveryOf('b'));
      await turn();
      expect(owner.faults).toEqual([fault]);
      expect(members.map(({ writes }) => writes.join(''))).toEqual(['ab', 'a', 'ab']);
    });

    it('expels all when it cannot even be encoded, after what came before it, and goes on with those who come later', async () => {
      const owner = new Owner();
      const group = newGroup(
        {
          encode: (delivery) => {
            if (delivery.message.data.toString() === 'bad') throw fault;
            return delivery.message.data;
          },
        },
        new WorkQueue(),
        owner,
      );
      const [early, late] = [new Recorder(), new Recorder()];
      group.add(early);
      owner.expel = (member) => {
        owner.expelled.push(member);
        group.remove(member);
      };
      for (const text of ['a', 'bad']) group.push(deliveryOf(text));
      group.add(late);
      group.push(deliveryOf('b'));
      await turn();
      expect(owner.faults).toEqual([fault]);
      expect(owner.expelled).toEqual([early]);
      expect([early.writes, late.writes]).toEqual([['a'], ['b']]);
    });
  });
});

describe('a work queue', () => {
  it('has one budget of steps a turn, so that many groups hold nobody up', async () => {
    const queue = new WorkQueue();
    const groups = Array.from({ length: 3 * STEPS_PER_TURN }, () => newGroup({}, queue));
    const members = groups.map((group) => {
      const member = new Recorder();
      group.add(member);
      group.push(deliveryOf('a'));
      return member;
    });
    const served = () => members.filter(({ writes }) => writes.length > 0).length;
    for (let slices = 1; slices <= 3; slices++) {
      await turn();
      expect(served()).toBe(slices * STEPS_PER_TURN);
    }
  });

  it('gives a small group its turn before a large one is done', async () => {
    const queue = new WorkQueue();
    const [large, small] = [newGroup({}, queue), newGroup({}, queue)];
    const members = Array.from({ length: 10 * STEPS_PER_TURN }, () => new Recorder());
    for (const member of members) large.add(member);
    const other = new Recorder();
    small.add(other);
    large.push(deliveryOf('a'));
    small.push(deliveryOf('b'));
    await turn();
    await turn();
    expect(other.writes).toEqual(['b']);
    expect(members.at(-1)?.writes).toEqual([]);
    for (let i = 0; i < 10; i++) await turn();
    expect(members.every(({ writes }) => writes.length === 1)).toBe(true);
  });
});

import { describe, expect, it, vi } from 'vitest';
import { FanoutGroup, type Member } from '../../../sidecar/fanout/group.ts';
import type { Delivery } from '../../../sidecar/store/message.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const message = (text: string): Delivery => ({
  message: {
    id: { time: 1, tag: 0 },
    data: Buffer.from(text),
    contentType: '',
    eventsourceEvent: '',
    expiresAtMs: 0,
    buffered: true,
  },
  id: { time: 1, tags: '0' },
  channel: 0,
});
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

describe('a fan-out group', () => {
  it('encodes a message once and gives the same bytes to every member', async () => {
    const group = new FanoutGroup({ encode, once: false });
    const members = [new Recorder(), new Recorder(), new Recorder()];
    for (const member of members) group.add(member);
    encode.mockClear();
    group.push(message('a'));
    await turn();
    expect(encode).toHaveBeenCalledTimes(1);
    expect(new Set(members.map((member) => member.buffers[0])).size).toBe(1);
  });

  it('joins the messages of one turn into one write', async () => {
    const group = new FanoutGroup({ encode, once: false });
    const member = new Recorder();
    group.add(member);
    for (const text of ['a', 'b', 'c']) group.push(message(text));
    await turn();
    group.push(message('d'));
    await turn();
    expect(member.writes).toEqual(['abc', 'd']);
  });

  it('gives a member nothing that was pushed before it came, even in the same turn', async () => {
    const group = new FanoutGroup({ encode, once: false });
    const [early, late] = [new Recorder(), new Recorder()];
    group.add(early);
    group.push(message('a'));
    group.add(late);
    group.push(message('b'));
    await turn();
    expect(early.writes.join('')).toBe('ab');
    expect(late.writes.join('')).toBe('b');
  });

  it('serves a large group in slices and keeps the order for messages that come in between', async () => {
    const group = new FanoutGroup({ encode, once: false });
    const members = Array.from({ length: 1500 }, () => new Recorder());
    for (const member of members) group.add(member);
    group.push(message('a'));
    await turn();
    const served = members.filter((member) => member.writes.length === 1).length;
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(1500);
    group.push(message('b'));
    const late = new Recorder();
    group.add(late);
    group.push(message('c'));
    for (let i = 0; i < 20; i++) await turn();
    expect(new Set(members.map((member) => member.writes.join('')))).toEqual(new Set(['abc']));
    expect(late.writes).toEqual(['c']);
    expect(group.idle).toBe(false);
  });

  it('lets members of a once-only format go with their first message', async () => {
    const group = new FanoutGroup({ encode, once: true });
    const member = new Recorder();
    group.add(member);
    group.push(message('a'));
    group.push(message('b'));
    await turn();
    expect(member.writes).toEqual(['a']);
    expect(group.size).toBe(0);
    expect(group.idle).toBe(true);
  });

  it('gives nothing to a member that another member removes while it is served', async () => {
    const group = new FanoutGroup({ encode, once: false });
    const [first, second] = [new Recorder(), new Recorder()];
    first.onDeliver = () => group.remove(second);
    group.add(first);
    group.add(second);
    group.push(message('a'));
    await turn();
    expect(second.writes).toEqual([]);
  });

  it('delivers at once when it is flushed, and not again later', async () => {
    const group = new FanoutGroup({ encode, once: false });
    const member = new Recorder();
    group.add(member);
    group.push(message('a'));
    group.flush();
    expect(member.writes).toEqual(['a']);
    await turn();
    expect(member.writes).toEqual(['a']);
  });
});

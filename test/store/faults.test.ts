/** A fault of ours that concerns one subscriber stays with that one. Real sinks do not throw, so these are made up. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageFormat } from '../../sidecar/fanout/format.ts';
import { MemoryStore } from '../../sidecar/store/memory/memory-store.ts';
import {
  type ChannelInfo,
  type EndReason,
  PAUSE_BYTES,
  type Sink,
  type Subscription,
} from '../../sidecar/store/store.ts';
import { waitFor } from '../support/wait.ts';

const FAULT = new Error('a bug');
const fail = (): never => {
  throw FAULT;
};

const MANY: MessageFormat = { once: false, encode: ({ message }) => message.data };
const ONE: MessageFormat = { once: true, encode: ({ message }) => message.data };
/** Cannot encode messages that say "bad". */
const PICKY: MessageFormat = {
  once: false,
  encode: ({ message }) => (message.data.toString() === 'bad' ? fail() : message.data),
};

class Listener implements Sink {
  readonly format: MessageFormat;
  readonly ends: EndReason[] = [];
  text = '';
  undrained = 0;
  failsToWrite = false;
  failsToEnd = false;

  constructor(format = MANY) {
    this.format = format;
  }

  write(bytes: Buffer): number {
    if (this.failsToWrite) fail();
    this.text += bytes;
    return this.undrained;
  }

  end(reason: EndReason): void {
    this.ends.push(reason);
    if (this.failsToEnd) fail();
  }
}

describe('a fault while one subscriber is served', () => {
  let store: MemoryStore;
  let faults: unknown[];
  beforeEach(() => {
    faults = [];
    store = new MemoryStore({ limitBytes: 1 << 30, fault: (error) => void faults.push(error) });
  });
  afterEach(() => store.close());

  const publish = (data: string, length = 10): Promise<ChannelInfo> =>
    store.publish(
      '/a',
      { data: Buffer.from(data), contentType: '', eventsourceEvent: '' },
      { length, timeoutSeconds: 60 },
    );
  const join = (listener: Listener, first = 0): Subscription => store.subscribe(['/a'], { first }, listener);
  const joinThree = (format = MANY): [Listener, Listener, Listener] => {
    const three: [Listener, Listener, Listener] = [
      new Listener(format),
      new Listener(format),
      new Listener(format),
    ];
    for (const listener of three) join(listener);
    return three;
  };

  it('ends one that fails when it goes on reading the buffer after its client drained', async () => {
    for (const text of ['1', '2']) await publish(text);
    const listener = new Listener();
    listener.undrained = PAUSE_BYTES + 1;
    const subscription = join(listener, 1);
    await publish('3');
    listener.failsToWrite = true;
    subscription.resume();
    expect(listener.ends).toEqual(['fault']);
    expect(faults).toEqual([FAULT]);
    expect(store.totals().subscribers).toBe(0);
  });

  it('ends that one when writing to it fails; the others get everything', async () => {
    const [before, faulty, after] = joinThree();
    faulty.failsToWrite = true;
    await publish('1');
    await waitFor('its end', () => faulty.ends.length > 0);
    await publish('2');
    await waitFor('the others', () => [before, after].every(({ text }) => text === '12'));
    expect([before.ends, faulty.ends, after.ends]).toEqual([[], ['fault'], []]);
    expect(faults).toEqual([FAULT]);
    expect((await store.info('/a'))?.subscribers).toBe(2);
  });

  it('tells one that waits for a single message, too', async () => {
    const [before, faulty, after] = joinThree(ONE);
    faulty.failsToWrite = true;
    await publish('1');
    await waitFor('its end', () => faulty.ends.length > 0);
    expect([before.text, after.text, faulty.ends]).toEqual(['1', '1', ['fault']]);
    expect(faults).toEqual([FAULT]);
  });

  it('ends those whose format cannot encode a message, after what came before; publishing it succeeds', async () => {
    const [first, second, third] = joinThree(PICKY);
    const other = new Listener();
    join(other);
    const infos = await Promise.all(['1', 'bad', '2'].map((data) => publish(data)));
    expect(infos.map(({ messages }) => messages)).toEqual([1, 2, 3]);
    await waitFor('the other', () => other.text === '1bad2');
    await waitFor('the ends', () => third.ends.length > 0);
    for (const { text, ends } of [first, second, third]) expect([text, ends]).toEqual(['1', ['fault']]);
    expect(faults).toEqual([FAULT]);
  });

  it('does not keep the others from being told that they end', async () => {
    const [before, faulty, after] = joinThree();
    faulty.failsToEnd = true;
    await store.delete('/a');
    expect([before.ends, faulty.ends, after.ends]).toEqual([['deleted'], ['deleted'], ['deleted']]);
    expect(faults).toEqual([FAULT]);
  });

  it('does not fail a publish for which a slow subscriber cannot be ended', async () => {
    const [slow, other] = joinThree();
    slow.undrained = PAUSE_BYTES + 1;
    await publish('1');
    await waitFor('the first', () => slow.text === '1');
    slow.failsToEnd = true;
    const megabyte = 'x'.repeat(1024 * 1024);
    while (slow.ends.length === 0) await publish(megabyte, 0);
    await publish('2', 0);
    await waitFor('the other', () => other.text.endsWith('2'));
    expect(slow.ends).toEqual(['overflow']);
    expect(faults).toEqual([FAULT]);
  });

  it('that a new subscriber causes at once is its own, and leaves nothing behind', async () => {
    await publish('1');
    const faulty = new Listener();
    faulty.failsToWrite = true;
    expect(() => join(faulty, 1)).toThrow(FAULT);
    expect((await store.info('/a'))?.subscribers).toBe(0);
    expect(store.totals().subscribers).toBe(0);
    expect([faults, faulty.ends]).toEqual([[], []]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageFormat } from '../../../sidecar/fanout/format.ts';
import { MemoryStore } from '../../../sidecar/store/memory/memory-store.ts';
import type { Sink } from '../../../sidecar/store/store.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const MESSAGES = 20_000;
const LIMITS = { length: MESSAGES, timeoutSeconds: 3600 };

/** Counts the messages that it gets, and the most in one write. */
class Counter implements Sink {
  count = 0;
  mostInOneWrite = 0;
  #encoded = 0;
  readonly format: MessageFormat = {
    once: false,
    encode: ({ message }) => {
      this.#encoded += 1;
      return message.data;
    },
  };

  write(): number {
    this.mostInOneWrite = Math.max(this.mostInOneWrite, this.#encoded);
    this.count += this.#encoded;
    this.#encoded = 0;
    return 0;
  }

  end(): void {}
}

describe('a subscriber that reads the buffers', () => {
  let store: MemoryStore;
  beforeEach(() => {
    store = new MemoryStore({ limitBytes: 1 << 30 });
  });
  afterEach(() => store.close());

  const list = (channels: number): string[] => Array.from({ length: channels }, (_, i) => `/c${i}`);
  /** Publishes MESSAGES of so many bytes, in turn to each channel. */
  const fill = async (channels: string[], bytes = 10): Promise<void> => {
    const draft = { data: Buffer.alloc(bytes), contentType: '', eventsourceEvent: '' };
    for (let i = 0; i < MESSAGES; i++) {
      await store.publish(channels[i % channels.length] as string, draft, LIMITS);
    }
  };
  /** Lets so many subscribers read everything; gives the most messages that they all got in one turn. */
  const mostInOneTurn = async (channels: string[], counters: Counter[]): Promise<number> => {
    const count = (): number => counters.reduce((sum, counter) => sum + counter.count, 0);
    for (const counter of counters) {
      store.subscribe(channels, { first: 1 }, counter);
      await turn();
    }
    let most = 0;
    for (let before = count(); before < counters.length * MESSAGES; ) {
      await turn();
      most = Math.max(most, count() - before);
      before = count();
    }
    expect(count()).toBe(counters.length * MESSAGES);
    return most;
  };

  it.each([
    ['one channel', 1, 2000],
    ['255 channels', 255, 250],
  ])('of %s leaves other work its turn', async (_, channels, bound) => {
    const counter = new Counter();
    await fill(list(channels));
    expect(await mostInOneTurn(list(channels), [counter])).toBeLessThanOrEqual(bound);
    expect(counter.mostInOneWrite).toBeLessThanOrEqual(250);
  });

  it('of large messages leaves other work its turn sooner', async () => {
    await fill(list(1), 4096);
    expect(await mostInOneTurn(list(1), [new Counter()])).toBeLessThanOrEqual(500);
  });

  it('shares its turns with all others that do', async () => {
    await fill(list(1));
    const counters = Array.from({ length: 10 }, () => new Counter());
    expect(await mostInOneTurn(list(1), counters)).toBeLessThanOrEqual(2000);
  });
});

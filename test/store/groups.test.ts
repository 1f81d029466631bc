/** What a store says of its groups is what one finds who counts everything anew. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkQueue } from '../../sidecar/fanout/work-queue.ts';
import { deleteGroup } from '../../sidecar/store/group-deletion.ts';
import type { MemoryChannel } from '../../sidecar/store/memory/channel.ts';
import { MemoryStore } from '../../sidecar/store/memory/memory-store.ts';
import { keptBytes } from '../../sidecar/store/message.ts';
import type { Sink, Subscription } from '../../sidecar/store/store.ts';

const GROUPS = ['', 'g', 'h'];
const STEPS_PER_TURN = 5;
const LIMITS = { length: 5, timeoutSeconds: 60 };

const draft = (bytes: number) => ({ data: Buffer.alloc(bytes), contentType: '', eventsourceEvent: '' });

/** A client; `live` while it is subscribed. */
class Client implements Sink {
  readonly format: Sink['format'];
  readonly names: readonly string[];
  live = true;
  subscription: Subscription | undefined;

  constructor(names: readonly string[], format: Sink['format']) {
    this.names = names;
    this.format = format;
  }

  write(): number {
    if (this.format.once) this.live = false;
    return 0;
  }

  end(): void {
    this.live = false;
  }
}

const STREAM: Sink['format'] = { once: false, encode: ({ message }) => message.data };
const POLL: Sink['format'] = { once: true, encode: ({ message }) => message.data };

/** Everything counted anew. */
function recount(store: MemoryStore, clients: Iterable<Client>, group: string) {
  const own = (name: string): boolean => name.startsWith(`${group}/`);
  const channels = [...(store.channels as ReadonlyMap<string, MemoryChannel>).values()].filter(({ name }) =>
    own(name),
  );
  const messages = channels.flatMap(({ buffer }) =>
    Array.from({ length: buffer.length }, (_, at) => buffer.at(at)),
  );
  return {
    channels: channels.length,
    subscribers: [...clients].filter(({ live, names }) => live && own(names[0] as string)).length,
    messages: messages.length,
    messagesMemory: messages.reduce((sum, message) => sum + (message ? keptBytes(message) : 0), 0),
  };
}

const names = fc
  .tuple(fc.constantFrom(...GROUPS), fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }))
  .map(([group, ids]) => ids.map((id) => `${group}/${id}`));

const operation = fc.oneof(
  fc.record({
    do: fc.constant('publish' as const),
    names,
    bytes: fc.nat(50),
    length: fc.nat(3),
    seconds: fc.integer({ min: 1, max: 8 }),
  }),
  fc.record({
    do: fc.constant('subscribe' as const),
    names,
    once: fc.boolean(),
    first: fc.integer({ min: -1, max: 1 }),
  }),
  fc.record({ do: fc.constant('cancel' as const), which: fc.nat(100) }),
  fc.record({ do: fc.constant('delete' as const), names }),
  fc.record({ do: fc.constant('delete group' as const), group: fc.constantFrom(...GROUPS) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1000, 7000) }),
);

describe('the groups of a memory store', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('have what one finds who counts anew', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
        const store = new MemoryStore({ limitBytes: 1 << 30, stepsPerTurn: STEPS_PER_TURN });
        const queue = new WorkQueue(STEPS_PER_TURN);
        const clients: Client[] = [];
        for (const one of operations) {
          const pending: Promise<unknown>[] = [];
          if (one.do === 'publish') {
            const limits = { length: one.length, timeoutSeconds: one.seconds };
            for (const name of one.names) pending.push(store.publish(name, draft(one.bytes), limits));
          } else if (one.do === 'subscribe') {
            const client = new Client(one.names, one.once ? POLL : STREAM);
            clients.push(client);
            client.subscription = store.subscribe(one.names, { first: one.first }, client);
          } else if (one.do === 'cancel') {
            const client = clients[one.which % Math.max(clients.length, 1)];
            client?.subscription?.cancel();
            if (client) client.live = false;
          } else if (one.do === 'delete') {
            for (const name of one.names) pending.push(store.delete(name));
          } else if (one.do === 'delete group') {
            pending.push(deleteGroup(store, one.group, 1, queue));
          } else await vi.advanceTimersByTimeAsync(one.ms);
          let settled = false;
          const all = Promise.all(pending).finally(() => {
            settled = true;
          });
          for (let turn = 0; turn < 100 && !settled; turn++) await vi.advanceTimersByTimeAsync(1);
          expect(settled).toBe(true);
          await all;
          // What is on its way to its client is there after some turns.
          for (let turn = 0; turn < 5; turn++) await vi.advanceTimersByTimeAsync(1);
          for (const group of GROUPS) {
            expect(store.groups.figures(group)).toMatchObject(recount(store, clients, group));
          }
        }
        const closed = store.close();
        await vi.advanceTimersByTimeAsync(100);
        await closed;
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it('are not remembered when their last channel is forgotten', async () => {
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    for (let i = 0; i < 1000; i++)
      await store.publish(`user${i}/a`, draft(1), { length: 1, timeoutSeconds: 1 });
    expect(store.groups.size).toBe(1000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.groups.size).toBe(0);
    await store.close();
  });

  it('count the subscribers of a list once, and lose them when one of its channels is deleted', async () => {
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    store.subscribe(['g/a', 'g/b'], { first: 1 }, new Client(['g/a', 'g/b'], STREAM));
    expect(store.groups.figures('g')).toMatchObject({ channels: 2, subscribers: 1 });
    await store.delete('g/b');
    expect(store.groups.figures('g')).toMatchObject({ channels: 2, subscribers: 0 });
    await store.close();
  });
});

describe('deleting a group', () => {
  it('leaves turns to others, however many channels there are, and other groups alone', async () => {
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    const CHANNELS = 20_000;
    const clients: Client[] = [];
    for (let i = 0; i < CHANNELS; i++) {
      await store.publish(`${i % 2 === 0 ? 'g' : 'gg'}/${i}`, draft(1), LIMITS);
      if (i % 100 !== 0) continue;
      const client = new Client([`g/${i}`], STREAM);
      clients.push(client);
      store.subscribe(client.names, { first: 1 }, client);
    }
    let turns = 0;
    let counting = true;
    const count = (): void => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    count();
    await deleteGroup(store, 'g', 1, new WorkQueue());
    counting = false;
    expect(turns).toBeGreaterThan(CHANNELS / 2 / 512);
    expect(store.groups.figures('g')).toMatchObject({ messages: 0, messagesMemory: 0, subscribers: 0 });
    expect(store.groups.figures('gg')).toMatchObject({ messages: CHANNELS / 2 });
    expect(clients.filter(({ live }) => live)).toEqual([]);
    await store.close();
  });

  it('takes what stands before the first slash for the group, and nothing else', async () => {
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    await store.publish('g/b/c', draft(1), LIMITS);
    // A group location may name what is no group.
    for (const name of ['g/b', 'g/b/c', '/']) await deleteGroup(store, name, 1, new WorkQueue());
    expect(store.groups.figures('g').messages).toBe(1);
    await deleteGroup(store, 'g', 1, new WorkQueue());
    expect(store.groups.figures('g').messages).toBe(0);
    await store.close();
  });

  it('spares channels that are made while it goes on', async () => {
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    for (let i = 0; i < 5000; i++) await store.publish(`g/${i}`, draft(1), LIMITS);
    const deleted = deleteGroup(store, 'g', 1, new WorkQueue(1));
    await store.publish('g/new', draft(1), LIMITS);
    await deleted;
    expect(store.groups.figures('g').messages).toBe(1);
    await store.close();
  });

  it('tells of a fault, once what was under way has ended', async () => {
    const store = new MemoryStore({ limitBytes: 1 << 30 });
    for (const name of ['g/a', 'g/b', 'g/c']) await store.publish(name, draft(1), LIMITS);
    const faulty = Object.create(store, {
      channels: { value: store.channels },
      subscribersHere: { value: () => 0 },
      delete: {
        value: (name: string) => (name === 'g/b' ? Promise.reject(new Error('away')) : store.delete(name)),
      },
    });
    await expect(deleteGroup(faulty, 'g', 1, new WorkQueue())).rejects.toThrow('away');
    expect(store.groups.figures('g').messages).toBe(1);
    await store.close();
  });
});

/**
 * What every store promises (sidecar/store/store.ts) when very many lists share a channel, as with a list a user. Such
 * a store serves them in slices; nobody may notice but by the clock.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageFormat } from '../../sidecar/fanout/format.ts';
import { formatSubscriptionId } from '../../sidecar/store/message.ts';
import {
  type BufferLimits,
  type ChannelInfo,
  type EndReason,
  PAUSE_BYTES,
  type Sink,
  type Start,
  type Store,
  type Subscription,
} from '../../sidecar/store/store.ts';
import { waitFor } from '../support/wait.ts';

const KEPT: BufferLimits = { length: 1000, timeoutSeconds: 3600 };
const PASSING: BufferLimits = { length: 0, timeoutSeconds: 3600 };
const OLDEST: Start = { first: 1 };
const NEWEST: Start = { first: 0 };

/** Turns of the event loop after which nothing that was done can still be on its way. */
const MOST_TURNS = 1000;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const LINES: MessageFormat = {
  once: false,
  encode: ({ message, id }) => Buffer.from(`${formatSubscriptionId(id)}=${message.data}\n`),
};

class Listener implements Sink {
  readonly format: MessageFormat = LINES;
  readonly messages: string[] = [];
  readonly ends: EndReason[] = [];
  /** Called with every write and end, which may throw. */
  onCall: () => void = () => {};
  /** What came after the end. */
  late = 0;
  undrained = 0;
  subscription: Subscription | undefined;

  write(bytes: Buffer): number {
    this.onCall();
    if (this.ends.length > 0) this.late += 1;
    for (const line of bytes.toString().split('\n').slice(0, -1)) {
      this.messages.push(line.slice(line.indexOf('=') + 1));
    }
    return this.undrained;
  }

  end(reason: EndReason): void {
    this.onCall();
    this.ends.push(reason);
  }
}

/**
 * Runs the suite against stores that `create` makes; each is closed after its test.
 * @param stepsPerTurn writes and ends that the store does at most in one turn of the event loop.
 */
export function sharingContract(name: string, create: () => Promise<Store>, stepsPerTurn: number): void {
  describe(`a channel that many lists share, in the ${name} store`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await create();
    });
    afterEach(() => store.close());

    const USERS = Math.max(40, 4 * stepsPerTurn);
    const publish = (to: string, data: string, limits = KEPT): Promise<ChannelInfo> =>
      store.publish(to, { data: Buffer.from(data), contentType: '', eventsourceEvent: '' }, limits);
    const join = (names: readonly string[], start = NEWEST, listener = new Listener()): Listener => {
      listener.subscription = store.subscribe(names, start, listener);
      return listener;
    };
    const joinAll = (): Listener[] => Array.from({ length: USERS }, (_, i) => join(['all', `u${i}`]));
    const ended = (listeners: readonly Listener[]) =>
      waitFor('all ends', () => listeners.every(({ ends }) => ends.length > 0));

    it('reaches all of them in the order of publishing, whatever else they get', async () => {
      const listeners = joinAll();
      const last = USERS - 1;
      await Promise.all([
        publish('all', '1'),
        publish(`u${last}`, 'own 1'),
        publish('all', '2', PASSING),
        publish(`u${last}`, 'own 2', PASSING),
        publish('all', '3'),
      ]);
      await waitFor('all', () => listeners.every(({ messages }) => messages.length >= 3));
      expect(listeners[last]?.messages).toEqual(['1', 'own 1', '2', 'own 2', '3']);
      for (const { messages } of listeners.slice(0, last)) expect(messages).toEqual(['1', '2', '3']);
    });

    it('gives those who join while a message goes round what their start says, once', async () => {
      const listeners = joinAll();
      const published = publish('all', '1');
      const last = `u${USERS - 1}`;
      const oldest = join(['all', last], OLDEST);
      const newest = join(['all', last], NEWEST);
      const fresh = join(['all', 'fresh'], NEWEST);
      await published;
      await publish('all', '2');
      await waitFor('all', () => [...listeners, oldest].every(({ messages }) => messages.length >= 2));
      for (const { messages } of [...listeners, oldest]) expect(messages).toEqual(['1', '2']);
      await waitFor('the new ones', () => fresh.messages.length > 0 && newest.messages.length > 0);
      expect([newest.messages, fresh.messages]).toEqual([['2'], ['2']]);
    });

    it('ends all of them once when it is deleted, after what was on its way', async () => {
      const listeners = joinAll();
      void publish('all', '1', PASSING);
      void publish(`u${USERS - 1}`, 'own', PASSING);
      expect(await store.delete('all')).toMatchObject({ subscribers: USERS });
      expect(listeners.every(({ ends }) => ends.length === 1)).toBe(true);
      for (const { messages } of listeners.slice(0, -1)) expect(messages).toEqual(['1']);
      expect(listeners.at(-1)?.messages).toEqual(['1', 'own']);
    });

    it('has lost them as soon as it is deleted: what is published next is for others', async () => {
      const listeners = joinAll();
      const deleted = store.delete('all');
      const infos = await Promise.all([publish('all', 'x'), publish(`u${USERS - 1}`, 'y')]);
      expect(infos.map(({ subscribers }) => subscribers)).toEqual([0, 0]);
      await deleted;
      await ended(listeners);
      expect(listeners.flatMap(({ messages }) => messages)).toEqual([]);
      expect((await store.info('all'))?.subscribers).toBe(0);
      expect(await store.listInfo(['all', `u${USERS - 1}`])).toBeUndefined();
    });

    it('keeps those who join while it is being deleted, and does not tell those who leave', async () => {
      const listeners = joinAll();
      const deleted = store.delete('all');
      const leaving = listeners.at(-2) as Listener;
      leaving.subscription?.cancel();
      const joined = [join(['all', `u${USERS - 1}`]), join(['all', 'fresh'])];
      const late = listeners.at(-1) as Listener;
      late.subscription?.cancel();
      expect((await publish('all', 'x')).subscribers).toBe(2);
      await deleted;
      await waitFor('both', () => joined.every(({ messages }) => messages.length > 0));
      for (const { messages, ends } of joined) expect([messages, ends]).toEqual([['x'], []]);
      expect([leaving.ends, late.ends]).toEqual([[], []]);
      expect((await store.listInfo(['all', `u${USERS - 1}`]))?.subscribers).toBe(1);
      for (const listener of listeners) expect(listener.messages).toEqual([]);
    });

    it('that is deleted twice, or with one of the other channels, ends nobody twice', async () => {
      const listeners = joinAll();
      const again = await Promise.all([
        store.delete('all'),
        store.delete(`u${USERS - 1}`),
        store.delete('all'),
      ]);
      expect(again.map((info) => info?.subscribers)).toEqual([USERS, 0, 0]);
      for (const { ends } of listeners) expect(ends).toEqual(['deleted']);
    });

    it('is closed with its store while it is being deleted: everyone is told once', async () => {
      const listeners = joinAll();
      const others = Array.from({ length: USERS }, (_, i) => join([`other${i}`]));
      void store.delete('all');
      const closed = store.close();
      const late = join(['late']);
      await closed;
      for (const { ends } of listeners) expect(ends).toEqual(['deleted']);
      for (const { ends } of others) expect(ends).toEqual(['shutdown']);
      await ended([late]);
      expect(late.ends).toEqual(['shutdown']);
    });

    it('does so much in one turn of the event loop and no more, for a message, a deletion and the close', async () => {
      let calls = 0;
      const onCall = (): void => {
        calls += 1;
      };
      const listeners = joinAll();
      const crowd = Array.from({ length: USERS }, () => join(['crowd']));
      for (const listener of [...listeners, ...crowd]) listener.onCall = onCall;
      const most = async (over: () => boolean): Promise<number> => {
        let most = 0;
        for (; !over(); calls = 0) {
          await turn();
          most = Math.max(most, calls);
        }
        return most;
      };
      void publish('all', '1');
      void publish('all', '2');
      expect(await most(() => listeners.every(({ messages }) => messages.length === 2))).toBe(stepsPerTurn);
      void publish('all', '3');
      void store.delete('all');
      // What is on its way and the end are one step.
      expect(await most(() => listeners.every(({ ends }) => ends.length === 1))).toBeLessThanOrEqual(
        2 * stepsPerTurn,
      );
      void publish('crowd', '1');
      void store.close();
      // The first slice is served at once, before the turn's own.
      expect(await most(() => crowd.every(({ ends }) => ends.length === 1))).toBeLessThanOrEqual(
        4 * stepsPerTurn,
      );
      for (const { messages } of listeners) expect(messages).toEqual(['1', '2', '3']);
      for (const { messages } of crowd) expect(messages).toEqual(['1']);
    });

    describe('keeps the order of messages with and without a buffer for a client', () => {
      const names = ['all', `u${USERS - 1}`];
      let client: Listener;
      beforeEach(() => {
        joinAll();
        client = join(names);
        client.undrained = PAUSE_BYTES + 1;
      });
      const drain = (): void => {
        client.undrained = 0;
        client.subscription?.resume();
      };

      it('that drains while they go round', async () => {
        await publish('all', '1');
        await waitFor('the first', () => client.messages.length === 1);
        void publish('all', '2', PASSING);
        void publish('all', '3');
        drain();
        await publish('all', '4');
        await waitFor('the rest', () => client.messages.length >= 4);
        expect(client.messages).toEqual(['1', '2', '3', '4']);
      });

      it('that becomes slow, and drains again, while they go round', async () => {
        void publish(`u${USERS - 1}`, '1');
        void publish('all', '2', PASSING);
        void publish('all', '3');
        await turn();
        expect(client.messages).toEqual(['1']);
        drain();
        await publish('all', '4');
        await waitFor('the rest', () => client.messages.length >= 4);
        expect(client.messages).toEqual(['1', '2', '3', '4']);
      });
    });

    it('whatever happens in whatever order, nothing is lost, repeated or told twice', async () => {
      // Lists i and i+HALF share a user's channel; "more" is in half of them.
      const HALF = 17;
      const lists = Array.from({ length: 2 * HALF }, (_, i) =>
        i < HALF ? ['all', `u${i}`] : ['more', 'all', `u${i - HALF}`],
      );
      const anyChannel = fc.oneof(
        { weight: 3, arbitrary: fc.constant('all') },
        { weight: 2, arbitrary: fc.constant('more') },
        { weight: 3, arbitrary: fc.nat(HALF - 1).map((i) => `u${i}`) },
      );
      const step = fc.oneof(
        { weight: 6, arbitrary: fc.record({ publish: anyChannel, kept: fc.boolean() }) },
        { weight: 1, arbitrary: fc.record({ delete: anyChannel }) },
        {
          weight: 4,
          arbitrary: fc.record({ join: fc.nat(lists.length - 1), oldest: fc.boolean(), slow: fc.boolean() }),
        },
        { weight: 2, arbitrary: fc.record({ leave: fc.nat() }) },
        { weight: 2, arbitrary: fc.record({ drain: fc.nat() }) },
        { weight: 2, arbitrary: fc.constant({ turn: true }) },
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          run += 1;
          const own = (channel: string): string => `run${run}-${channel}`;
          const buffers = new Map<string, string[]>();
          /** Buffered messages that a later unbuffered one drove out. */
          const drivenOut = new Set<string>();
          const members: Member[] = [];
          type Member = {
            readonly channels: readonly string[];
            readonly listener: Listener;
            readonly buffered: string[];
            readonly live: string[];
            readonly slow: boolean;
            left: 'deleted' | 'cancelled' | undefined;
          };
          const present = (channel: string): Member[] =>
            members.filter(({ left, channels }) => !left && channels.includes(channel));
          const enter = (list: number, oldest: boolean, slow: boolean): void => {
            const channels = lists[list] as string[];
            const listener = new Listener();
            if (slow) listener.undrained = PAUSE_BYTES + 1;
            const buffered = oldest ? channels.flatMap((channel) => buffers.get(channel) ?? []) : [];
            members.push({ channels, listener, buffered, live: [], slow, left: undefined });
            join(channels.map(own), oldest ? OLDEST : NEWEST, listener);
          };
          const checks: Promise<void>[] = [];
          for (let i = 0; i < lists.length; i++) enter(i, false, false);
          let count = 0;
          /** Those under way. */
          let deletions = 0;
          for (const one of steps) {
            if ('publish' in one) {
              const text = `${one.publish}#${count++}`;
              const buffer = buffers.get(one.publish) ?? [];
              buffers.set(one.publish, buffer);
              if (one.kept) buffer.push(text);
              else for (const gone of buffer.splice(0)) drivenOut.add(gone);
              const those = present(one.publish);
              for (const { live } of those) live.push(text);
              // A channel of many lists may still count those of another's that is being deleted.
              const exact = deletions === 0 || one.publish.startsWith('u');
              const told = publish(own(one.publish), text, one.kept ? KEPT : PASSING);
              checks.push(
                told.then(({ subscribers }) => {
                  expect(subscribers).toBeGreaterThanOrEqual(those.length);
                  if (exact) expect(subscribers).toBe(those.length);
                }),
              );
            } else if ('delete' in one) {
              for (const member of present(one.delete)) member.left = 'deleted';
              buffers.delete(one.delete);
              deletions += 1;
              checks.push(
                store.delete(own(one.delete)).then(() => {
                  deletions -= 1;
                }),
              );
            } else if ('join' in one) enter(one.join, one.oldest, one.slow);
            else if ('leave' in one) {
              const member = members[one.leave % members.length] as Member;
              member.listener.subscription?.cancel();
              if (member.listener.ends.length === 0) member.left = 'cancelled';
            } else if ('drain' in one) {
              const { listener } = members[one.drain % members.length] as Member;
              listener.undrained = 0;
              listener.subscription?.resume();
            } else await turn();
          }
          await Promise.all(checks);
          for (const { listener } of members) {
            listener.undrained = 0;
            listener.subscription?.resume();
          }
          // After a last message to every list nothing is on its way to anyone.
          for (const channel of ['all', 'more']) {
            for (const { live } of present(channel)) live.push(`${channel}#last`);
            await publish(own(channel), `${channel}#last`);
          }
          const reached = (): boolean =>
            ['all', 'more'].every((channel) =>
              present(channel).every(({ listener }) => listener.messages.includes(`${channel}#last`)),
            );
          for (let turns = 0; turns < MOST_TURNS && !reached(); turns++) await turn();
          for (const { left, listener, buffered, live, slow, channels } of members) {
            const { messages, ends, late } = listener;
            expect(late).toBe(0);
            expect(ends).toEqual(left === 'deleted' ? ['deleted'] : []);
            expect(new Set(messages).size).toBe(messages.length);
            const expected = [...buffered, ...live];
            if (slow || buffered.length > 0) {
              for (const channel of channels) {
                const own = (texts: string[]) => texts.filter((text) => text.startsWith(`${channel}#`));
                const got = own(messages);
                expect(own(expected).filter((text) => got.includes(text))).toEqual(got);
              }
            } else expect(messages).toEqual(live.slice(0, messages.length));
            if (left === 'cancelled' || (left && slow)) continue;
            const missing = expected.filter((text) => !messages.includes(text));
            expect(slow ? missing.filter((text) => !drivenOut.has(text)) : missing).toEqual([]);
          }
        }),
        { numRuns: 300 },
      );
    });
  });
}

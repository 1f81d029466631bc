import { describe, expect, it } from 'vitest';
import { compareIds } from '../../../sidecar/store/message.ts';
import type { Subscription } from '../../../sidecar/store/store.ts';
import { sleep, waitFor } from '../../support/wait.ts';
import { type Fixture, LIMITS, OLDEST, PLENTY_BYTES, resumeAtText, TestSink } from './fixture.ts';

const LISTS = 20_000;
const LISTS_AT_ONCE = 1_000;
/** For a machine that has much else to do. */
const MANY_LISTS_DEADLINE_MS = 120_000;

/** Several channels in one subscription (spec/message-ids.md §7). */
export function multiplexing(on: Fixture): void {
  const { publish, collect } = on;
  const list = (): [string, string, string] => [`${on.channel}-a`, `${on.channel}-b`, `${on.channel}-c`];

  describe('several channels in one subscription', () => {
    it('come live in the order of publishing, each id naming all channels', async () => {
      const [a, b, c] = list();
      const sink = await collect([a, b, c], OLDEST, 0);
      for (const to of [a, b, c, a, b]) await publish(to.slice(-1), LIMITS, to);
      await waitFor('five', () => sink.messages.length === 5);
      expect(sink.messages).toEqual(['a', 'b', 'c', 'a', 'b']);
      // Whatever second each fell into: the active channel is in brackets, an unseen one is a dash.
      expect(sink.ids[0]).toMatch(/^\d+:\[0\],-,-$/);
      expect(sink.ids[4]).toMatch(/^\d+:(\d+|-),\[\d+\],(\d+|-)$/);
    });

    it('come from the buffers by time, tag and place in the list', async () => {
      const [a, b, c] = list();
      for (const [to, data] of [
        [b, 'b0'],
        [a, 'a0'],
        [b, 'b1'],
        [c, 'c0'],
      ] as const)
        await publish(data, LIMITS, to);
      const sink = await collect([a, b, c], OLDEST, 4);
      const order = await Promise.all(
        [a, b, c].map(async (name) =>
          (await on.store.read([name], OLDEST, 10, PLENTY_BYTES)).map(({ message }) => message),
        ),
      );
      const expected = order.flatMap((messages, index) => messages.map((message) => ({ message, index })));
      expected.sort((x, y) => compareIds(x.message.id, y.message.id) || x.index - y.index);
      expect(sink.messages).toEqual(expected.map(({ message }) => message.data.toString()));
    });

    it('resume at every id they gave, buffered or live', async () => {
      const [a, b, c] = list();
      const live = await collect([a, b, c], OLDEST, 0);
      const sequence = [a, b, b, c, a, a, c, b];
      for (const [i, to] of sequence.entries()) {
        await publish(`m${i}`, LIMITS, to);
        if (i === 4) await sleep(1100); // into another second
      }
      await waitFor('all live', () => live.messages.length === sequence.length);
      const buffered = await collect([a, b, c], OLDEST, sequence.length);
      for (const seen of [live, buffered]) {
        for (const [i, id] of seen.ids.entries()) {
          const rest = new Set(
            live.messages.filter((message) => !seen.messages.slice(0, i + 1).includes(message)),
          );
          const resumed = await collect([a, b, c], resumeAtText(id), rest.size);
          expect(new Set(resumed.messages)).toEqual(rest);
          expect(resumed.messages).toHaveLength(rest.size);
        }
      }
    });

    it('start at the Nth message of each', async () => {
      const [a, b] = list();
      for (const data of ['1', '2', '3']) {
        await publish(`a${data}`, LIMITS, a);
        await publish(`b${data}`, LIMITS, b);
      }
      const sink = await collect([a, b], { first: -1 }, 2);
      expect(sink.messages.sort()).toEqual(['a3', 'b3']);
    });

    it('end when any one is deleted, and the others go on for other subscribers', async () => {
      const [a, b] = list();
      const both = await collect([a, b], OLDEST, 0);
      const one = await collect([a], OLDEST, 0);
      await on.store.delete(b);
      await waitFor('the end', () => both.ends.length === 1);
      await publish('still', LIMITS, a);
      await waitFor('the other', () => one.messages.length === 1);
      expect([both.ends, one.ends, both.messages]).toEqual([['deleted'], [], []]);
      expect((await on.store.info(a))?.subscribers).toBe(1);
    });

    it(
      'may be very many lists with one channel in common',
      async () => {
        const common = `${on.channel}-all`;
        const sinks = Array.from({ length: LISTS }, () => new TestSink());
        const subscriptions: Subscription[] = [];
        for (const [i, sink] of sinks.entries()) {
          const own = `${on.channel}-user${i}`;
          subscriptions.push(on.store.subscribe([common, own], { first: 0 }, sink));
          // Not all at once: what a store may be asked to do in a given time is no matter of this test.
          if ((i + 1) % LISTS_AT_ONCE === 0) expect((await on.store.info(own))?.subscribers).toBe(1);
        }
        for (const subscription of subscriptions.slice(0, 1000)) subscription.cancel();
        expect((await publish('x', LIMITS, common)).subscribers).toBe(LISTS - 1000);
        await on.store.delete(common);
        const left = sinks.slice(1000);
        await waitFor('all ends', () => left.every(({ ends }) => ends.length === 1), MANY_LISTS_DEADLINE_MS);
        expect(left.every(({ messages }) => messages.length === 1)).toBe(true);
      },
      MANY_LISTS_DEADLINE_MS,
    );

    it('give a message twice to a list that names its channel twice', async () => {
      const [a, b] = list();
      const sink = await collect([a, a, b], OLDEST, 0);
      expect((await publish('x', LIMITS, a)).subscribers).toBe(2);
      await waitFor('both', () => sink.messages.length === 2);
      const again = await collect([a, a, b], resumeAtText(sink.ids[0] as string), 1);
      expect(again.messages).toEqual(['x']);
    });

    it('are known as a list while somebody subscribes to it', async () => {
      const [a, b] = list();
      expect(await on.store.listInfo([a, b])).toBeUndefined();
      const subscription = on.store.subscribe([a, b], OLDEST, new TestSink());
      on.store.subscribe([a, b], OLDEST, new TestSink());
      expect((await on.store.listInfo([a, b]))?.subscribers).toBe(2);
      expect(await on.store.listInfo([b, a])).toBeUndefined();
      subscription.cancel();
      expect((await on.store.listInfo([a, b]))?.subscribers).toBe(1);
    });

    it('counts its subscribers here, of a channel or of the very list', async () => {
      const [a, b] = list();
      const { store } = on;
      expect(store.subscribersHere([a])).toBe(0);
      const alone = store.subscribe([a], OLDEST, new TestSink());
      const both = store.subscribe([a, b], OLDEST, new TestSink());
      expect([[a], [b], [a, b], [b, a]].map((names) => store.subscribersHere(names))).toEqual([2, 1, 1, 0]);
      alone.cancel();
      both.cancel();
      expect([[a], [b], [a, b]].map((names) => store.subscribersHere(names))).toEqual([0, 0, 0]);
    });
  });
}

import { describe, expect, it } from 'vitest';
import { waitFor } from '../../support/wait.ts';
import { type Fixture, OLDEST, ONE_LINE, TestSink } from './fixture.ts';

/** How messages reach a subscriber whose client drains them, and how that ends. */
export function delivery(on: Fixture): void {
  const { publish, publishAll, read } = on;

  describe('delivery', () => {
    it('ends a once-only subscriber with its first message, buffered or live', async () => {
      await publishAll('a', 'b');
      const buffered = new TestSink(ONE_LINE);
      on.attach(buffered);
      const live = new TestSink(ONE_LINE);
      on.attach(live, { first: 0 });
      await waitFor('the buffered one', () => buffered.messages.length === 1);
      await publishAll('c', 'd');
      await waitFor('the live one', () => live.messages.length === 1);
      expect([buffered.messages, live.messages]).toEqual([['a'], ['c']]);
      expect((await on.store.info(on.channel))?.subscribers).toBe(0);
    });

    it('gives a cancelled subscriber nothing more and does not end it', async () => {
      const sink = new TestSink();
      const subscription = on.attach(sink);
      await publish('a');
      subscription.cancel();
      await publish('b');
      await on.store.delete(on.channel);
      const other = await read({ first: 0 }, 0);
      await publish('c');
      await waitFor('the other', () => other.messages.length === 1);
      expect(sink.messages).not.toContain('b');
      expect(sink.ends).toEqual([]);
    });

    it('tells a subscriber once that it has what was in the buffer', async () => {
      await publishAll('a', 'b', 'c');
      const sink = await read(OLDEST, 3);
      await waitFor('to be told', () => sink.upToDateAfter.length > 0);
      await publish('d');
      await waitFor('the live one', () => sink.messages.length === 4);
      expect(sink.upToDateAfter).toEqual([3]);
      const empty = await read({ first: 0 }, 0);
      await waitFor('to be told of nothing', () => empty.upToDateAfter.length > 0);
      expect(empty.upToDateAfter).toEqual([0]);
    });

    it('tells a slow one when it has caught up for the first time only', async () => {
      await publishAll('a', 'b');
      const sink = new TestSink();
      sink.stall();
      on.attach(sink);
      await waitFor('the first', () => sink.messages.length > 0);
      expect(sink.upToDateAfter).toEqual([]);
      sink.drain();
      await waitFor('to be told', () => sink.upToDateAfter.length > 0);
      sink.stall();
      await publishAll('c', 'd');
      await waitFor('the third', () => sink.messages.length >= 3);
      sink.drain();
      await waitFor('all', () => sink.messages.length === 4);
      expect(sink.upToDateAfter).toEqual([2]);
    });

    it('says which message was the one before', async () => {
      await publishAll('a', 'b', 'c');
      const sink = await read(OLDEST, 3);
      expect(sink.before?.message.data.toString()).toBe('b');
      await Promise.all([publish('d'), publish('e')]);
      await waitFor('both', () => sink.messages.length === 5);
      expect(sink.before?.message.data.toString()).toBe('d');
    });

    it('ends everyone when the store closes', async () => {
      const sink = await read(OLDEST, 0);
      await on.store.close();
      expect(sink.ends).toEqual(['shutdown']);
    });
  });
}

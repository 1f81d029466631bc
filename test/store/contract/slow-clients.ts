import { describe, expect, it } from 'vitest';
import { OVERFLOW_BYTES } from '../../../sidecar/store/store.ts';
import { sleep, waitFor } from '../../support/wait.ts';
import { type Fixture, OLDEST, TestSink, turn, UNBUFFERED } from './fixture.ts';

/** What a client that does not drain is owed, and when that is too much. */
export function slowClients(on: Fixture): void {
  const { publish, publishAll, read } = on;
  /** A live subscriber whose client drains nothing from its next message on. */
  const slow = async (): Promise<TestSink> => {
    const sink = await read(OLDEST, 0);
    sink.stall();
    return sink;
  };

  describe('a slow client', () => {
    it('is read the buffer on only when it drains', async () => {
      await publishAll('a', 'b');
      const sink = new TestSink();
      sink.stall();
      on.attach(sink);
      await waitFor('the buffered ones', () => sink.messages.length === 2);
      await publish('c');
      await publish('u', UNBUFFERED);
      await publish('d');
      expect(sink.messages).toEqual(['a', 'b']);
      sink.drain();
      // Where the unbuffered publish has emptied the buffer (spec/surprises.md E5), c went with it.
      const expected = on.unbufferedEmptiesBuffer ? ['a', 'b', 'u', 'd'] : ['a', 'b', 'c', 'u', 'd'];
      await waitFor('the rest', () => sink.messages.length >= expected.length);
      expect(sink.messages).toEqual(expected);
    });

    it('goes on after unbuffered messages that it was owed', async () => {
      await publish('a');
      const sink = new TestSink();
      sink.stall();
      const subscription = on.attach(sink);
      await waitFor('the buffered one', () => sink.messages.length === 1);
      await publish('u', UNBUFFERED);
      subscription.resume();
      await waitFor('the unbuffered one', () => sink.messages.length === 2);
      await publish('b');
      sink.drain();
      await publish('c');
      await waitFor('the rest', () => sink.messages.length === 4);
      expect(sink.messages).toEqual(['a', 'u', 'b', 'c']);
    });

    it('gets nothing more until it drains, then everything in order', async () => {
      const sink = await slow();
      await publish('a');
      await waitFor('the first', () => sink.messages.length === 1);
      for (const data of ['b', 'c', 'd']) await publish(data);
      await sleep(20);
      expect(sink.messages).toEqual(['a']);
      sink.drain();
      await waitFor('the rest', () => sink.messages.length === 4);
      await publish('e');
      await waitFor('the live one', () => sink.messages.length === 5);
      expect(sink.messages).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect(sink.ends).toEqual([]);
    });

    it('gets messages with and without a buffer in their order', async () => {
      const sink = await slow();
      await publish('first');
      await waitFor('the first', () => sink.messages.length === 1);
      await publishAll('b0', 'b1');
      await publish('u1', UNBUFFERED);
      await publish('b2');
      await publish('u2', UNBUFFERED);
      await publish('b3');
      sink.drain();
      // Where b0 and b1 went with the buffer when u1 was published without one, b2 went with u2.
      const before = on.unbufferedEmptiesBuffer ? [] : ['b0', 'b1'];
      const expected = ['first', ...before, 'u1', 'b2', 'u2', 'b3'];
      await waitFor('the rest', () => sink.messages.length >= expected.length);
      expect(sink.messages).toEqual(expected);
    });

    it('is owed what was on its way in the same turn, buffered or not', async () => {
      const sink = await slow();
      // All in one turn: the first write makes the client slow.
      await Promise.all([publish('a'), publish('b', UNBUFFERED), publish('c', UNBUFFERED)]);
      await waitFor('the first write', () => sink.messages.length > 0);
      await Promise.all([publish('d', UNBUFFERED), publish('e')]);
      sink.drain();
      await waitFor('the rest', () => sink.messages.length === 5);
      expect(sink.messages).toEqual(['a', 'b', 'c', 'd', 'e']);
    });

    it('gets one message of any size', async () => {
      const size = 20 * 1024 * 1024;
      const sink = await read(OLDEST, 0);
      sink.stall(size);
      await publish('x'.repeat(size));
      await waitFor('it', () => sink.messages.length === 1);
      expect(sink.ends).toEqual([]);
    });

    it('is ended when it is owed too many bytes without a buffer', async () => {
      const sink = await slow();
      const megabyte = 'x'.repeat(1024 * 1024);
      for (let i = 0; i <= 2 + OVERFLOW_BYTES / megabyte.length && sink.ends.length === 0; i++) {
        await publish(megabyte, UNBUFFERED);
        await turn();
      }
      expect(sink.ends).toEqual(['overflow']);
      expect((await on.store.info(on.channel))?.subscribers).toBe(0);
    });

    it('is ended when it is owed very many small messages without a buffer', async () => {
      const sink = await slow();
      await publish('', UNBUFFERED);
      await turn();
      for (let i = 0; i < 50_000 && sink.ends.length === 0; i++) await publish('', UNBUFFERED);
      expect(sink.ends).toEqual(['overflow']);
    });
  });
}

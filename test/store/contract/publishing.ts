import { describe, expect, it } from 'vitest';
import type { MessageFormat } from '../../../sidecar/fanout/format.ts';
import { compareIds, type MessageId } from '../../../sidecar/store/message.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fixture, LIMITS, OLDEST, TestSink, UNBUFFERED } from './fixture.ts';

/** What publishing does to a channel, and what it answers. */
export function publishing(on: Fixture): void {
  const { publish, publishAll, read } = on;

  describe('publish', () => {
    it('gives ids that grow, and reports the newest', async () => {
      const ids = await publishAll('a', 'b', 'c');
      for (let i = 1; i < ids.length; i++) {
        expect(compareIds(ids[i] as MessageId, ids[i - 1] as MessageId)).toBeGreaterThan(0);
      }
      expect((await on.store.info(on.channel))?.lastMessageId).toEqual(ids[2]);
    });

    it('keeps the newest messages up to the length of the last publisher', async () => {
      await publishAll('a', 'b', 'c');
      expect((await publish('d', { length: 2, timeoutSeconds: 3600 })).messages).toBe(2);
      expect((await read(OLDEST, 2)).messages).toEqual(['c', 'd']);
    });

    it('with length 0 reaches present subscribers only, and its ids advance', async () => {
      const sink = await read(OLDEST, 0);
      const first = await publish('a', UNBUFFERED);
      const second = await publish('b', UNBUFFERED);
      expect([first.messages, second.messages]).toEqual([0, 0]);
      expect(compareIds(second.lastMessageId, first.lastMessageId)).toBeGreaterThan(0);
      await waitFor('both', () => sink.messages.length === 2);
      const late = await read(OLDEST, 0);
      await publish('c');
      await waitFor('the next', () => late.messages.length === 1);
      expect(late.messages).toEqual(['c']);
    });

    it('mixed with and without a buffer in one second repeats no id and loses nothing live', async () => {
      const sink = await read(OLDEST, 0);
      for (const data of ['u0', 'b0', 'b1', 'u1', 'b2']) {
        await publish(data, data.startsWith('u') ? UNBUFFERED : LIMITS);
      }
      await waitFor('five', () => sink.messages.length === 5);
      expect(sink.messages).toEqual(['u0', 'b0', 'b1', 'u1', 'b2']);
      expect(new Set(sink.ids).size).toBe(5);
    });

    it('keeps any bytes, and nothing at all', async () => {
      const raw: Buffer[] = [];
      const format: MessageFormat = {
        once: false,
        encode: ({ message }) => {
          raw.push(message.data);
          return message.data;
        },
      };
      const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      await on.store.publish(on.channel, { data: every, contentType: 'a/b', eventsourceEvent: 'e' }, LIMITS);
      await publish('');
      on.attach(new TestSink(format));
      await waitFor('both', () => raw.length === 2);
      expect(raw[0]?.equals(every)).toBe(true);
      expect(raw[1]?.length).toBe(0);
    });

    it('counts the subscribers that are there', async () => {
      expect((await publish('a')).subscribers).toBe(0);
      const subscription = on.attach(new TestSink());
      on.attach(new TestSink());
      await waitFor('two', async () => (await publish('b')).subscribers === 2);
      subscription.cancel();
      await waitFor('one', async () => (await publish('c')).subscribers === 1);
    });
  });
}

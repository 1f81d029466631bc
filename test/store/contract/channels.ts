import { describe, expect, it } from 'vitest';
import { compareIds, type MessageId } from '../../../sidecar/store/message.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fixture, OLDEST, resumeAt, TestSink } from './fixture.ts';

/** The figures of a channel, and its end: by deletion, by expiry, by disuse. */
export function channels(on: Fixture): void {
  const { publish, publishAll, read } = on;

  describe('info and delete', () => {
    it('know nothing of a channel that nobody used', async () => {
      expect(await on.store.info(on.channel)).toBeUndefined();
      expect(await on.store.delete(on.channel)).toBeUndefined();
    });

    it('show a channel that only has a subscriber, with id 0:0', async () => {
      on.attach(new TestSink());
      const info = await on.store.info(on.channel);
      expect(info).toMatchObject({ messages: 0, lastMessageId: { time: 0, tag: 0 } });
      expect(info?.lastSeenSubscriber).toBeGreaterThan(0);
    });

    it('say that no subscriber was ever seen before the first', async () => {
      await publish('a');
      expect((await on.store.info(on.channel))?.lastSeenSubscriber).toBeUndefined();
    });

    it('deletion drops the messages and ends every subscriber after what is on its way to it', async () => {
      const sink = await read(OLDEST, 0);
      await publish('a');
      expect(await on.store.delete(on.channel)).toMatchObject({ messages: 1, subscribers: 1 });
      await waitFor('the end', () => sink.ends.length === 1);
      expect(sink.ends).toEqual(['deleted']);
      expect(sink.messages).toEqual(['a']);
      expect((await on.store.info(on.channel))?.messages ?? 0).toBe(0);
    });

    it('ids go on after a deletion in the same second, so a client that resumes misses nothing', async () => {
      const [, before] = await publishAll('a', 'b');
      await on.store.delete(on.channel);
      const after = (await publish('c')).lastMessageId;
      expect(compareIds(after, before as MessageId)).toBeGreaterThan(0);
      expect((await read(resumeAt(before as MessageId), 1)).messages).toEqual(['c']);
    });
  });

  it('drops messages when their time is over, from the oldest end only', async () => {
    await publish('long', { length: 10, timeoutSeconds: 3600 });
    await publish('short', { length: 10, timeoutSeconds: 1 });
    const other = `${on.channel}-short`;
    await publish('gone', { length: 10, timeoutSeconds: 1 }, other);
    expect((await on.store.info(other))?.messages).toBe(1);
    await waitFor('expiry', async () => ((await on.store.info(other))?.messages ?? 0) === 0);
    expect((await on.store.info(on.channel))?.messages).toBe(2);
  });

  it('forgets a channel some seconds after its last use, but not one with a subscriber', async () => {
    const deserted = `${on.channel}-deserted`;
    on.attach(new TestSink());
    on.store.subscribe([deserted], OLDEST, new TestSink()).cancel();
    expect(await on.store.info(deserted)).toBeDefined();
    await waitFor('the channel to go', async () => (await on.store.info(deserted)) === undefined);
    expect(await on.store.info(on.channel)).toBeDefined();
  });
}

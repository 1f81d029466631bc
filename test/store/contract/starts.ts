import { describe, expect, it } from 'vitest';
import type { MessageId } from '../../../sidecar/store/message.ts';
import type { Start } from '../../../sidecar/store/store.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fixture, OLDEST, PLENTY_BYTES, resumeAt } from './fixture.ts';

/** Where a subscriber begins (spec/message-ids.md §§4 and 5). */
export function starts(on: Fixture): void {
  const { publish, publishAll, read } = on;

  describe('a new subscriber', () => {
    it.each([
      [1, ['a', 'b', 'c', 'd']],
      [2, ['b', 'c', 'd']],
      [4, ['d']],
      [9, ['d']],
      [0, []],
      [-1, ['d']],
      [-3, ['b', 'c', 'd']],
      [-9, ['a', 'b', 'c', 'd']],
    ])('that starts at message %i gets %j, then every later one', async (first, buffered) => {
      await publishAll('a', 'b', 'c', 'd');
      const sink = await read({ first }, buffered.length);
      await publish('e');
      await waitFor('the live one', () => sink.messages.includes('e'));
      expect(sink.messages).toEqual([...buffered, 'e']);
    });

    it.each([1, 2, 0, -1, 32])(
      'of an empty channel that starts at message %i gets everything',
      async (first) => {
        const sink = await read({ first }, 0);
        await publishAll('a', 'b');
        await waitFor('both', () => sink.messages.length === 2);
        expect(sink.messages).toEqual(['a', 'b']);
      },
    );
  });

  describe('a subscriber that resumes', () => {
    it('gets exactly what came after its id', async () => {
      const ids = await publishAll('a', 'b', 'c');
      expect((await read(resumeAt(ids[0] as MessageId), 2)).messages).toEqual(['b', 'c']);
    });

    it('gets the oldest kept message when its own is long gone', async () => {
      const limits = { length: 2, timeoutSeconds: 3600 };
      const first = (await publish('a', limits)).lastMessageId;
      for (const data of ['b', 'c', 'd']) await publish(data, limits);
      expect((await read(resumeAt(first), 2)).messages).toEqual(['c', 'd']);
      expect((await read(resumeAt({ time: 1, tag: 0 }), 2)).messages).toEqual(['c', 'd']);
    });

    it('waits when it has the newest', async () => {
      const ids = await publishAll('a', 'b');
      const sink = await read(resumeAt(ids[1] as MessageId), 0);
      await publish('c');
      await waitFor('the next', () => sink.messages.length === 1);
      expect(sink.messages).toEqual(['c']);
    });

    it('with an id from the future gets the next message all the same', async () => {
      await publish('a');
      const sink = await read(resumeAt({ time: 4102444800, tag: 3 }), 0);
      await publish('b');
      await waitFor('the next', () => sink.messages.length === 1);
      expect(sink.messages).toEqual(['b']);
    });
  });

  it('reads what a subscriber would get at once', async () => {
    const ids = await publishAll('a', 'b', 'c');
    const readNow = async (start: Start, limit: number): Promise<string[]> =>
      (await on.store.read([on.channel], start, limit, PLENTY_BYTES)).map(({ message }) =>
        message.data.toString(),
      );
    expect(await readNow(OLDEST, 2)).toEqual(['a', 'b']);
    expect(await readNow(resumeAt(ids[0] as MessageId), 10)).toEqual(['b', 'c']);
    expect(await readNow({ first: 0 }, 10)).toEqual([]);
    expect(await on.store.read([on.channel], OLDEST, 10, 2)).toHaveLength(2);
    expect(await on.store.read([`${on.channel}-unknown`], OLDEST, 10, PLENTY_BYTES)).toEqual([]);
    expect(await on.store.info(`${on.channel}-unknown`)).toBeUndefined();
  });
}

/** What every store promises (sidecar/store/store.ts), as one suite that each store's test file runs. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageFormat } from '../../sidecar/fanout/format.ts';
import { compareIds, formatId, type Message, type MessageId } from '../../sidecar/store/message.ts';
import {
  type BufferLimits,
  type ChannelInfo,
  type EndReason,
  OVERFLOW_BYTES,
  PAUSE_BYTES,
  type Sink,
  type Store,
  type Subscription,
} from '../../sidecar/store/store.ts';
import { waitFor } from '../support/wait.ts';

const LIMITS: BufferLimits = { length: 10, timeoutSeconds: 3600 };
const OLDEST = { first: 1 };

/** One line a message, so that joined writes can be taken apart. */
const LINES: MessageFormat = {
  once: false,
  encode: (message) => Buffer.from(`${formatId(message.id)}=${message.data}\n`),
};
const ONE_LINE: MessageFormat = { ...LINES, once: true };

class TestSink implements Sink {
  readonly format: MessageFormat;
  readonly ends: EndReason[] = [];
  text = '';
  last: Message | undefined;
  /** What write reports as undrained. */
  undrained = 0;

  constructor(format: MessageFormat = LINES) {
    this.format = format;
  }

  get messages(): string[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.slice(line.indexOf('=') + 1));
  }

  get ids(): MessageId[] {
    return this.text
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [time, tag] = line.slice(0, line.indexOf('=')).split(':');
        return { time: Number(time), tag: Number(tag) };
      });
  }

  write(bytes: Buffer, last: Message): number {
    this.text += bytes.toString();
    this.last = last;
    return this.undrained;
  }

  end(reason: EndReason): void {
    this.ends.push(reason);
  }
}

/** Runs the suite against stores that `create` makes; each is closed after its test. */
export function storeContract(name: string, create: () => Promise<Store>): void {
  describe(`the ${name} store`, () => {
    let store: Store;
    let channels = 0;
    let channel: string;
    beforeEach(async () => {
      store = await create();
      channel = `/test${channels++}`;
    });
    afterEach(() => store.close());

    const publish = (data: string, limits = LIMITS, to = channel): Promise<ChannelInfo> =>
      store.publish(to, { data: Buffer.from(data), contentType: '', eventsourceEvent: '' }, limits);
    const publishAll = async (...data: string[]): Promise<MessageId[]> => {
      const ids: MessageId[] = [];
      for (const text of data) ids.push((await publish(text)).lastMessageId);
      return ids;
    };
    const read = async (
      start: { after: MessageId } | { first: number },
      count: number,
    ): Promise<TestSink> => {
      const sink = new TestSink();
      store.subscribe(channel, start, sink);
      await waitFor(`${count} messages`, () => sink.messages.length >= count);
      return sink;
    };

    describe('publish', () => {
      it('gives ids that grow, and reports the newest', async () => {
        const ids = await publishAll('a', 'b', 'c');
        for (let i = 1; i < ids.length; i++) {
          expect(compareIds(ids[i] as MessageId, ids[i - 1] as MessageId)).toBeGreaterThan(0);
        }
        expect((await store.info(channel))?.lastMessageId).toEqual(ids[2]);
      });

      it('keeps the newest messages up to the length of the last publisher', async () => {
        await publishAll('a', 'b', 'c');
        expect((await publish('d', { length: 2, timeoutSeconds: 3600 })).messages).toBe(2);
        expect((await read(OLDEST, 2)).messages).toEqual(['c', 'd']);
      });

      it('with length 0 reaches present subscribers only, and its ids advance', async () => {
        const sink = await read(OLDEST, 0);
        const first = await publish('a', { length: 0, timeoutSeconds: 3600 });
        const second = await publish('b', { length: 0, timeoutSeconds: 3600 });
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
        for (const [data, length] of [
          ['u0', 0],
          ['b0', 10],
          ['b1', 10],
          ['u1', 0],
          ['b2', 10],
        ] as const) {
          await publish(data, { length, timeoutSeconds: 3600 });
        }
        await waitFor('five', () => sink.messages.length === 5);
        expect(sink.messages).toEqual(['u0', 'b0', 'b1', 'u1', 'b2']);
        expect(new Set(sink.ids.map(formatId)).size).toBe(5);
      });

      it('keeps any bytes, and nothing at all', async () => {
        const raw: Buffer[] = [];
        const format: MessageFormat = {
          once: false,
          encode: (message) => {
            raw.push(message.data);
            return message.data;
          },
        };
        const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        await store.publish(channel, { data: every, contentType: 'a/b', eventsourceEvent: 'e' }, LIMITS);
        await publish('');
        const sink = new TestSink(format);
        store.subscribe(channel, OLDEST, sink);
        await waitFor('both', () => raw.length === 2);
        expect(raw[0]?.equals(every)).toBe(true);
        expect(raw[1]?.length).toBe(0);
      });

      it('counts the subscribers that are there', async () => {
        expect((await publish('a')).subscribers).toBe(0);
        const subscription = store.subscribe(channel, OLDEST, new TestSink());
        store.subscribe(channel, OLDEST, new TestSink());
        await waitFor('two', async () => (await publish('b')).subscribers === 2);
        subscription.cancel();
        await waitFor('one', async () => (await publish('c')).subscribers === 1);
      });
    });

    describe('info and delete', () => {
      it('know nothing of a channel that nobody used', async () => {
        expect(await store.info(channel)).toBeUndefined();
        expect(await store.delete(channel)).toBeUndefined();
      });

      it('show a channel that only has a subscriber, with id 0:0', async () => {
        store.subscribe(channel, OLDEST, new TestSink());
        const info = await store.info(channel);
        expect(info).toMatchObject({ messages: 0, lastMessageId: { time: 0, tag: 0 } });
        expect(info?.lastSeenSubscriber).toBeGreaterThan(0);
      });

      it('say that no subscriber was ever seen before the first', async () => {
        await publish('a');
        expect((await store.info(channel))?.lastSeenSubscriber).toBeUndefined();
      });

      it('deletion drops the messages and ends every subscriber after what is on its way to it', async () => {
        const sink = await read(OLDEST, 0);
        await publish('a');
        expect(await store.delete(channel)).toMatchObject({ messages: 1, subscribers: 1 });
        await waitFor('the end', () => sink.ends.length === 1);
        expect(sink.ends).toEqual(['deleted']);
        expect(sink.messages).toEqual(['a']);
        expect((await store.info(channel))?.messages ?? 0).toBe(0);
      });

      it('ids go on after a deletion in the same second, so a client that resumes misses nothing', async () => {
        const [, before] = await publishAll('a', 'b');
        await store.delete(channel);
        const after = (await publish('c')).lastMessageId;
        expect(compareIds(after, before as MessageId)).toBeGreaterThan(0);
        expect((await read({ after: before as MessageId }, 1)).messages).toEqual(['c']);
      });
    });

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
        expect((await read({ after: ids[0] as MessageId }, 2)).messages).toEqual(['b', 'c']);
      });

      it('gets the oldest kept message when its own is long gone', async () => {
        const limits = { length: 2, timeoutSeconds: 3600 };
        const first = (await publish('a', limits)).lastMessageId;
        for (const data of ['b', 'c', 'd']) await publish(data, limits);
        expect((await read({ after: first }, 2)).messages).toEqual(['c', 'd']);
        expect((await read({ after: { time: 1, tag: 0 } }, 2)).messages).toEqual(['c', 'd']);
      });

      it('waits when it has the newest', async () => {
        const ids = await publishAll('a', 'b');
        const sink = await read({ after: ids[1] as MessageId }, 0);
        await publish('c');
        await waitFor('the next', () => sink.messages.length === 1);
        expect(sink.messages).toEqual(['c']);
      });

      it('with an id from the future gets the next message all the same', async () => {
        await publish('a');
        const sink = await read({ after: { time: 4102444800, tag: 3 } }, 0);
        await publish('b');
        await waitFor('the next', () => sink.messages.length === 1);
        expect(sink.messages).toEqual(['b']);
      });
    });

    it('drops messages when their time is over, from the oldest end only', async () => {
      await publish('long', { length: 10, timeoutSeconds: 3600 });
      await publish('short', { length: 10, timeoutSeconds: 1 });
      const other = `${channel}-short`;
      await publish('gone', { length: 10, timeoutSeconds: 1 }, other);
      expect((await store.info(other))?.messages).toBe(1);
      await waitFor('expiry', async () => ((await store.info(other))?.messages ?? 0) === 0);
      expect((await store.info(channel))?.messages).toBe(2);
    });

    it('forgets a channel some seconds after its last use, but not one with a subscriber', async () => {
      const deserted = `${channel}-deserted`;
      store.subscribe(channel, OLDEST, new TestSink());
      store.subscribe(deserted, OLDEST, new TestSink()).cancel();
      expect(await store.info(deserted)).toBeDefined();
      await waitFor('the channel to go', async () => (await store.info(deserted)) === undefined);
      expect(await store.info(channel)).toBeDefined();
    });

    describe('delivery', () => {
      it('ends a once-only subscriber with its first message, buffered or live', async () => {
        await publishAll('a', 'b');
        const buffered = new TestSink(ONE_LINE);
        store.subscribe(channel, OLDEST, buffered);
        const live = new TestSink(ONE_LINE);
        store.subscribe(channel, { first: 0 }, live);
        await waitFor('the buffered one', () => buffered.messages.length === 1);
        await publishAll('c', 'd');
        await waitFor('the live one', () => live.messages.length === 1);
        expect([buffered.messages, live.messages]).toEqual([['a'], ['c']]);
        expect((await store.info(channel))?.subscribers).toBe(0);
      });

      it('gives a cancelled subscriber nothing more and does not end it', async () => {
        const sink = new TestSink();
        const subscription = store.subscribe(channel, OLDEST, sink);
        await publish('a');
        subscription.cancel();
        await publish('b');
        await store.delete(channel);
        const other = await read({ first: 0 }, 0);
        await publish('c');
        await waitFor('the other', () => other.messages.length === 1);
        expect(sink.messages).not.toContain('b');
        expect(sink.ends).toEqual([]);
      });

      it('pauses reading the buffer for a slow client and goes on when it drains', async () => {
        await publishAll('a', 'b');
        const sink = new TestSink();
        sink.undrained = PAUSE_BYTES + 1;
        const subscription = store.subscribe(channel, OLDEST, sink);
        await waitFor('the buffered ones', () => sink.messages.length === 2);
        await publish('c');
        await publish('u', { length: 0, timeoutSeconds: 3600 });
        await publish('d');
        expect(sink.messages).toEqual(['a', 'b']);
        sink.undrained = 0;
        subscription.resume();
        await waitFor('the rest', () => sink.messages.length >= 4);
        expect(sink.messages.slice(-2)).toEqual(['u', 'd']);
      });

      it('ends a subscriber that does not drain, and it can resume', async () => {
        const sink = await read(OLDEST, 0);
        sink.undrained = OVERFLOW_BYTES + 1;
        await publish('a');
        await waitFor('the end', () => sink.ends.length === 1);
        expect(sink.ends).toEqual(['overflow']);
        await publish('b');
        expect((await read({ after: sink.last?.id as MessageId }, 1)).messages).toEqual(['b']);
      });

      it('ends everyone when the store closes', async () => {
        const sink = await read(OLDEST, 0);
        await store.close();
        expect(sink.ends).toEqual(['shutdown']);
      });
    });

    it('loses and repeats nothing for subscribers that come, go and resume at random', async () => {
      const step = fc.oneof(
        { weight: 3, arbitrary: fc.record({ publish: fc.integer({ min: 1, max: 4 }) }) },
        fc.record({ leave: fc.nat(4) }),
        fc.record({ join: fc.nat(4) }),
        fc.constant({ turn: true }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const name = `${channel}-run${run++}`;
          const limits = { length: 1000, timeoutSeconds: 3600 };
          const clients = Array.from({ length: 5 }, () => ({
            seen: [] as string[],
            last: undefined as MessageId | undefined,
            sink: undefined as TestSink | undefined,
            subscription: undefined as Subscription | undefined,
          }));
          const leave = (client: (typeof clients)[number]): void => {
            client.subscription?.cancel();
            client.seen.push(...(client.sink?.messages ?? []));
            client.last = client.sink?.last?.id ?? client.last;
            client.sink = client.subscription = undefined;
          };
          const join = (client: (typeof clients)[number]): void => {
            if (client.sink) return;
            client.sink = new TestSink();
            client.subscription = store.subscribe(
              name,
              client.last ? { after: client.last } : OLDEST,
              client.sink,
            );
          };
          const published: string[] = [];
          for (const one of steps) {
            if ('publish' in one) {
              for (let i = 0; i < one.publish; i++) {
                published.push(`m${published.length}`);
                await publish(published[published.length - 1] as string, limits, name);
              }
            } else if ('leave' in one) leave(clients[one.leave] as (typeof clients)[number]);
            else if ('join' in one) join(clients[one.join] as (typeof clients)[number]);
            else await new Promise((resolve) => setImmediate(resolve));
          }
          for (const client of clients) join(client);
          for (const client of clients) {
            const all = () => [...client.seen, ...(client.sink?.messages ?? [])];
            await waitFor('every message', () => all().length >= published.length);
            expect(all()).toEqual(published);
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}

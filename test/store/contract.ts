/** What every store promises (sidecar/store/store.ts), as one suite that each store's test file runs. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ParsedMessageId, parseMessageId } from '../../handoff/message-id.ts';
import type { MessageFormat } from '../../sidecar/fanout/format.ts';
import {
  compareIds,
  type Delivery,
  formatId,
  formatSubscriptionId,
  type MessageId,
} from '../../sidecar/store/message.ts';
import {
  type BufferLimits,
  type ChannelInfo,
  type EndReason,
  OVERFLOW_BYTES,
  PAUSE_BYTES,
  type Sink,
  type Start,
  type Store,
  type Subscription,
} from '../../sidecar/store/store.ts';
import { waitFor } from '../support/wait.ts';

const LIMITS: BufferLimits = { length: 10, timeoutSeconds: 3600 };
const OLDEST = { first: 1 };

/** One line a message, so that joined writes can be taken apart. */
const LINES: MessageFormat = {
  once: false,
  encode: ({ message, id }) => Buffer.from(`${formatSubscriptionId(id)}=${message.data}\n`),
};
const ONE_LINE: MessageFormat = { ...LINES, once: true };

/** The start of a subscriber that has this id. */
const resumeAt = (id: MessageId): Start => ({ after: { time: id.time, tags: [id.tag], active: 0 } });

class TestSink implements Sink {
  readonly format: MessageFormat;
  readonly ends: EndReason[] = [];
  text = '';
  last: Delivery | undefined;
  subscription: Subscription | undefined;
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

  write(bytes: Buffer, last: Delivery): number {
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
    const read = async (start: Start, count: number): Promise<TestSink> => {
      const sink = new TestSink();
      sink.subscription = store.subscribe([channel], start, sink);
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
          encode: ({ message }) => {
            raw.push(message.data);
            return message.data;
          },
        };
        const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        await store.publish(channel, { data: every, contentType: 'a/b', eventsourceEvent: 'e' }, LIMITS);
        await publish('');
        const sink = new TestSink(format);
        store.subscribe([channel], OLDEST, sink);
        await waitFor('both', () => raw.length === 2);
        expect(raw[0]?.equals(every)).toBe(true);
        expect(raw[1]?.length).toBe(0);
      });

      it('counts the subscribers that are there', async () => {
        expect((await publish('a')).subscribers).toBe(0);
        const subscription = store.subscribe([channel], OLDEST, new TestSink());
        store.subscribe([channel], OLDEST, new TestSink());
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
        store.subscribe([channel], OLDEST, new TestSink());
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
        expect((await read(resumeAt(before as MessageId), 1)).messages).toEqual(['c']);
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
      store.subscribe([channel], OLDEST, new TestSink());
      store.subscribe([deserted], OLDEST, new TestSink()).cancel();
      expect(await store.info(deserted)).toBeDefined();
      await waitFor('the channel to go', async () => (await store.info(deserted)) === undefined);
      expect(await store.info(channel)).toBeDefined();
    });

    describe('delivery', () => {
      it('ends a once-only subscriber with its first message, buffered or live', async () => {
        await publishAll('a', 'b');
        const buffered = new TestSink(ONE_LINE);
        store.subscribe([channel], OLDEST, buffered);
        const live = new TestSink(ONE_LINE);
        store.subscribe([channel], { first: 0 }, live);
        await waitFor('the buffered one', () => buffered.messages.length === 1);
        await publishAll('c', 'd');
        await waitFor('the live one', () => live.messages.length === 1);
        expect([buffered.messages, live.messages]).toEqual([['a'], ['c']]);
        expect((await store.info(channel))?.subscribers).toBe(0);
      });

      it('gives a cancelled subscriber nothing more and does not end it', async () => {
        const sink = new TestSink();
        const subscription = store.subscribe([channel], OLDEST, sink);
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
        const subscription = store.subscribe([channel], OLDEST, sink);
        await waitFor('the buffered ones', () => sink.messages.length === 2);
        await publish('c');
        await publish('u', { length: 0, timeoutSeconds: 3600 });
        await publish('d');
        expect(sink.messages).toEqual(['a', 'b']);
        sink.undrained = 0;
        subscription.resume();
        // The unbuffered publish has emptied the buffer (spec/surprises.md E5), and c with it.
        await waitFor('the rest', () => sink.messages.length >= 4);
        expect(sink.messages).toEqual(['a', 'b', 'u', 'd']);
      });

      it('goes on after unbuffered messages that a slow client was owed', async () => {
        await publish('a');
        const sink = new TestSink();
        sink.undrained = PAUSE_BYTES + 1;
        const subscription = store.subscribe([channel], OLDEST, sink);
        await waitFor('the buffered one', () => sink.messages.length === 1);
        await publish('u', { length: 0, timeoutSeconds: 3600 });
        subscription.resume();
        await waitFor('the unbuffered one', () => sink.messages.length === 2);
        await publish('b');
        sink.undrained = 0;
        subscription.resume();
        await publish('c');
        await waitFor('the rest', () => sink.messages.length === 4);
        expect(sink.messages).toEqual(['a', 'u', 'b', 'c']);
      });

      it('gives a slow client nothing more until it drains, then everything in order', async () => {
        const sink = await read(OLDEST, 0);
        sink.undrained = PAUSE_BYTES + 1;
        const subscription = sink.subscription as Subscription;
        await publish('a');
        await waitFor('the first', () => sink.messages.length === 1);
        for (const data of ['b', 'c', 'd']) await publish(data);
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(sink.messages).toEqual(['a']);
        sink.undrained = 0;
        subscription.resume();
        await waitFor('the rest', () => sink.messages.length === 4);
        await publish('e');
        await waitFor('the live one', () => sink.messages.length === 5);
        expect(sink.messages).toEqual(['a', 'b', 'c', 'd', 'e']);
        expect(sink.ends).toEqual([]);
      });

      it('keeps the order of messages with and without a buffer for a slow client', async () => {
        const sink = await read(OLDEST, 0);
        sink.undrained = PAUSE_BYTES + 1;
        const none = { length: 0, timeoutSeconds: 3600 };
        await publish('first');
        await waitFor('the first', () => sink.messages.length === 1);
        for (const [data, limits] of [
          ['b0', LIMITS],
          ['b1', LIMITS],
        ] as const)
          await publish(data, limits);
        await publish('u1', none);
        await publish('b2');
        await publish('u2', none);
        await publish('b3');
        sink.undrained = 0;
        (sink.subscription as Subscription).resume();
        await waitFor('the rest', () => sink.messages.length >= 5);
        // b0 and b1 went with the buffer when u1 was published without one.
        expect(sink.messages).toEqual(['first', 'u1', 'b2', 'u2', 'b3']);
      });

      it('owes a slow client what was on its way in the same turn, buffered or not', async () => {
        const sink = await read(OLDEST, 0);
        sink.undrained = PAUSE_BYTES + 1;
        const none = { length: 0, timeoutSeconds: 3600 };
        // All in one turn: the first write makes the client slow.
        await Promise.all([publish('a'), publish('b', none), publish('c', none)]);
        await waitFor('the first write', () => sink.messages.length > 0);
        await Promise.all([publish('d', none), publish('e')]);
        sink.undrained = 0;
        (sink.subscription as Subscription).resume();
        await waitFor('the rest', () => sink.messages.length === 5);
        expect(sink.messages).toEqual(['a', 'b', 'c', 'd', 'e']);
      });

      it('delivers one message of any size', async () => {
        const sink = await read(OLDEST, 0);
        sink.undrained = 20 * 1024 * 1024;
        await publish('x'.repeat(20 * 1024 * 1024));
        await waitFor('it', () => sink.messages.length === 1);
        expect(sink.ends).toEqual([]);
      });

      it('ends a slow client that is owed too many bytes without a buffer', async () => {
        const sink = await read(OLDEST, 0);
        sink.undrained = PAUSE_BYTES + 1;
        const none = { length: 0, timeoutSeconds: 3600 };
        const megabyte = 'x'.repeat(1024 * 1024);
        for (let i = 0; i <= 2 + OVERFLOW_BYTES / megabyte.length && sink.ends.length === 0; i++) {
          await publish(megabyte, none);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(sink.ends).toEqual(['overflow']);
        expect((await store.info(channel))?.subscribers).toBe(0);
      });

      it('ends a slow client that is owed very many small messages without a buffer', async () => {
        const sink = await read(OLDEST, 0);
        sink.undrained = PAUSE_BYTES + 1;
        const none = { length: 0, timeoutSeconds: 3600 };
        await publish('', none);
        await new Promise((resolve) => setImmediate(resolve));
        for (let i = 0; i < 50_000 && sink.ends.length === 0; i++) await publish('', none);
        expect(sink.ends).toEqual(['overflow']);
      });

      it('ends everyone when the store closes', async () => {
        const sink = await read(OLDEST, 0);
        await store.close();
        expect(sink.ends).toEqual(['shutdown']);
      });
    });

    describe('several channels in one subscription', () => {
      const ids = (sink: TestSink): string[] =>
        sink.text
          .split('\n')
          .slice(0, -1)
          .map((line) => line.slice(0, line.indexOf('=')));
      const list = (): string[] => ['a', 'b', 'c'].map((name) => `${channel}-${name}`);
      const collect = async (channels: string[], start: Start, count: number): Promise<TestSink> => {
        const sink = new TestSink();
        store.subscribe(channels, start, sink);
        await waitFor(`${count} messages`, () => sink.messages.length >= count);
        return sink;
      };
      const parsed = (id: string): Start => ({ after: parseMessageId(id) as ParsedMessageId });

      it('come live in the order of publishing, each id naming all channels', async () => {
        const [a, b, c] = list() as [string, string, string];
        const sink = await collect([a, b, c], OLDEST, 0);
        for (const to of [a, b, c, a, b]) await publish(to.slice(-1), LIMITS, to);
        await waitFor('five', () => sink.messages.length === 5);
        expect(sink.messages).toEqual(['a', 'b', 'c', 'a', 'b']);
        // Whatever second each fell into: the active channel is in brackets, an unseen one is a dash.
        expect(ids(sink)[0]).toMatch(/^\d+:\[0\],-,-$/);
        expect(ids(sink)[4]).toMatch(/^\d+:(\d+|-),\[\d+\],(\d+|-)$/);
      });

      it('come from the buffers by time, tag and place in the list', async () => {
        const [a, b, c] = list() as [string, string, string];
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
            (await store.read([name], OLDEST, 10, 1 << 20)).map(({ message }) => message),
          ),
        );
        const expected = order.flatMap((messages, index) => messages.map((message) => ({ message, index })));
        expected.sort((x, y) => compareIds(x.message.id, y.message.id) || x.index - y.index);
        expect(sink.messages).toEqual(expected.map(({ message }) => message.data.toString()));
      });

      it('resume at every id they gave, buffered or live', async () => {
        const [a, b, c] = list() as [string, string, string];
        const live = await collect([a, b, c], OLDEST, 0);
        const sequence = [a, b, b, c, a, a, c, b];
        for (const [i, to] of sequence.entries()) {
          await publish(`m${i}`, LIMITS, to);
          if (i === 4) await new Promise((resolve) => setTimeout(resolve, 1100)); // into another second
        }
        await waitFor('all live', () => live.messages.length === sequence.length);
        const buffered = await collect([a, b, c], OLDEST, sequence.length);
        for (const seen of [live, buffered]) {
          for (const [i, id] of ids(seen).entries()) {
            const rest = new Set(
              live.messages.filter((message) => !seen.messages.slice(0, i + 1).includes(message)),
            );
            const resumed = await collect([a, b, c], parsed(id), rest.size);
            expect(new Set(resumed.messages)).toEqual(rest);
            expect(resumed.messages).toHaveLength(rest.size);
          }
        }
      });

      it('start at the Nth message of each', async () => {
        const [a, b] = list() as [string, string];
        for (const data of ['1', '2', '3']) {
          await publish(`a${data}`, LIMITS, a);
          await publish(`b${data}`, LIMITS, b);
        }
        const sink = await collect([a, b], { first: -1 }, 2);
        expect(sink.messages.sort()).toEqual(['a3', 'b3']);
      });

      it('end when any one is deleted, and the others go on for other subscribers', async () => {
        const [a, b] = list() as [string, string];
        const both = await collect([a, b], OLDEST, 0);
        const one = await collect([a], OLDEST, 0);
        await store.delete(b);
        await waitFor('the end', () => both.ends.length === 1);
        await publish('still', LIMITS, a);
        await waitFor('the other', () => one.messages.length === 1);
        expect([both.ends, one.ends, both.messages]).toEqual([['deleted'], [], []]);
        expect((await store.info(a))?.subscribers).toBe(1);
      });

      it('may be very many lists with one channel in common', async () => {
        const common = `${channel}-all`;
        const sinks = Array.from({ length: 20_000 }, () => new TestSink());
        const subscriptions = sinks.map((sink, i) =>
          store.subscribe([common, `${channel}-user${i}`], { first: 0 }, sink),
        );
        for (const subscription of subscriptions.slice(0, 1000)) subscription.cancel();
        expect((await publish('x', LIMITS, common)).subscribers).toBe(19_000);
        await store.delete(common);
        await waitFor('all ends', () => sinks.slice(1000).every(({ ends }) => ends.length === 1));
        expect(sinks.slice(1000).every(({ messages }) => messages.length === 1)).toBe(true);
      });

      it('give a message twice to a list that names its channel twice', async () => {
        const [a, b] = list() as [string, string];
        const sink = await collect([a, a, b], OLDEST, 0);
        expect((await publish('x', LIMITS, a)).subscribers).toBe(2);
        await waitFor('both', () => sink.messages.length === 2);
        const again = await collect([a, a, b], parsed(ids(sink)[0] as string), 1);
        expect(again.messages).toEqual(['x']);
      });

      it('are known as a list while somebody subscribes to it', async () => {
        const [a, b] = list() as [string, string];
        expect(await store.listInfo([a, b])).toBeUndefined();
        const subscription = store.subscribe([a, b], OLDEST, new TestSink());
        store.subscribe([a, b], OLDEST, new TestSink());
        expect((await store.listInfo([a, b]))?.subscribers).toBe(2);
        expect(await store.listInfo([b, a])).toBeUndefined();
        subscription.cancel();
        expect((await store.listInfo([a, b]))?.subscribers).toBe(1);
      });
    });

    it('reads what a subscriber would get at once', async () => {
      const ids = await publishAll('a', 'b', 'c');
      const read = async (start: Start, limit: number): Promise<string[]> =>
        (await store.read([channel], start, limit, 1 << 20)).map(({ message }) => message.data.toString());
      expect(await read(OLDEST, 2)).toEqual(['a', 'b']);
      expect(await read(resumeAt(ids[0] as MessageId), 10)).toEqual(['b', 'c']);
      expect(await read({ first: 0 }, 10)).toEqual([]);
      expect(await store.read([channel], OLDEST, 10, 2)).toHaveLength(2);
      expect(await store.read([`${channel}-unknown`], OLDEST, 10, 1 << 20)).toEqual([]);
      expect(await store.info(`${channel}-unknown`)).toBeUndefined();
    });

    it.each([1, 3])(
      'loses and repeats nothing for subscribers of %i channels that come, go and resume',
      async (width) => {
        const publishing = fc.record({
          publish: fc.array(fc.nat(width - 1), { minLength: 1, maxLength: 4 }),
        });
        const step = fc.oneof(
          { weight: 3, arbitrary: publishing },
          fc.record({ leave: fc.nat(4) }),
          fc.record({ join: fc.nat(4) }),
          fc.constant({ turn: true }),
        );
        let run = 0;
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
            run += 1;
            const names = Array.from({ length: width }, (_, i) => `${channel}-run${run}-${i}`);
            const limits = { length: 1000, timeoutSeconds: 3600 };
            const clients = Array.from({ length: 5 }, () => ({
              seen: [] as string[],
              start: OLDEST as Start,
              sink: undefined as TestSink | undefined,
              subscription: undefined as Subscription | undefined,
            }));
            type Client = (typeof clients)[number];
            const leave = (client: Client): void => {
              client.subscription?.cancel();
              client.seen.push(...(client.sink?.messages ?? []));
              const last = client.sink?.last;
              if (last)
                client.start = { after: parseMessageId(formatSubscriptionId(last.id)) as ParsedMessageId };
              client.sink = client.subscription = undefined;
            };
            const join = (client: Client): void => {
              if (client.sink) return;
              client.sink = new TestSink();
              client.subscription = store.subscribe(names, client.start, client.sink);
            };
            const published: string[][] = names.map(() => []);
            for (const one of steps) {
              if ('publish' in one) {
                for (const index of one.publish) {
                  const own = published[index] as string[];
                  own.push(`${index}:${own.length}`);
                  await publish(own[own.length - 1] as string, limits, names[index] as string);
                }
              } else if ('leave' in one) leave(clients[one.leave] as Client);
              else if ('join' in one) join(clients[one.join] as Client);
              else await new Promise((resolve) => setImmediate(resolve));
            }
            for (const client of clients) join(client);
            const count = published.flat().length;
            for (const client of clients) {
              const all = () => [...client.seen, ...(client.sink?.messages ?? [])];
              await waitFor('every message', () => all().length >= count);
              // In order within each channel; nothing missing and nothing twice over all.
              expect(names.map((_, index) => all().filter((text) => text.startsWith(`${index}:`)))).toEqual(
                published,
              );
              expect(all()).toHaveLength(count);
            }
          }),
          { numRuns: 200 },
        );
      },
    );
  });
}

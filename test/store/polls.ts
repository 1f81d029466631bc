/**
 * What every store promises to clients that come back with the id that they got, message after message: they get what a
 * subscriber that stays would get. A suite that each store's test file runs, as contract.ts.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ParsedMessageId, parseMessageId } from '../../handoff/message-id.ts';
import type { MessageFormat } from '../../sidecar/fanout/format.ts';
import { type Delivery, formatSubscriptionId } from '../../sidecar/store/message.ts';
import type { Sink, Start, Store } from '../../sidecar/store/store.ts';
import { waitFor } from '../support/wait.ts';

const LIMITS = { length: 10, timeoutSeconds: 3600 };
const LETTERS = ['a', 'b', 'c'];
/** Messages of one second in channels a, b and c: their letter and place, as `a0 a1 a2 b3 b4 c5`. */
const SEQUENCE = 'aaabbc';
/** How often publishing is tried again when its messages do not fall into one second. */
const ATTEMPTS = 10;

const resumeAt = (id: string): Start => ({ after: parseMessageId(id) as ParsedMessageId });
const idOf = (line: string): string => line.slice(0, line.indexOf('='));
const textOf = (line: string): string => line.slice(line.indexOf('=') + 1);
const lineOf = ({ message, id }: Delivery): string => `${formatSubscriptionId(id)}=${message.data}`;

/** A subscriber that notes `id=message` of each message it gets. */
class Listener implements Sink {
  readonly lines: string[] = [];
  readonly format: MessageFormat;

  /** @param once whether it takes one message only, as a long-poll. */
  constructor(once: boolean) {
    const encode = (delivery: Delivery): Buffer => {
      this.lines.push(lineOf(delivery));
      return delivery.message.data;
    };
    this.format = { once, encode };
  }

  write(): number {
    return 0;
  }

  end(): void {}
}

/** Runs the suite against stores that `create` makes; each is closed after its test. */
export function pollsContract(name: string, create: () => Promise<Store>): void {
  describe(`clients of the ${name} store that come back with each id`, () => {
    let store: Store;
    let lists = 0;
    beforeEach(async () => {
      store = await create();
    });
    afterEach(() => store.close());

    const publish = async (channel: string, data: string): Promise<number> => {
      const draft = { data: Buffer.from(data), contentType: '', eventsourceEvent: '' };
      return (await store.publish(channel, draft, LIMITS)).lastMessageId.time;
    };
    const channelsOf = (list: string): string[] => LETTERS.map((letter) => `${list}-${letter}`);

    /** Publishes the letters to channels of a new list, all in one second; gives that list. */
    const published = async (letters: string): Promise<string[]> => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const list = `/polls${lists++}`;
        const times = new Set<number>();
        for (const [i, letter] of [...letters].entries()) {
          times.add(await publish(`${list}-${letter}`, `${letter}${i}`));
        }
        if (times.size === 1) return channelsOf(list);
      }
      throw new Error(`${letters} did not fall into one second`);
    };
    /** What an interval-poll gets, again and again until there is nothing. */
    const polled = async (channels: string[], start: Start): Promise<string[]> => {
      const lines: string[] = [];
      for (let from = start; ; ) {
        const [next] = await store.read(channels, from, 1, 1);
        if (!next) return lines;
        lines.push(lineOf(next));
        from = resumeAt(formatSubscriptionId(next.id));
      }
    };
    const streamed = async (channels: string[], start: Start, count: number): Promise<string[]> => {
      const listener = new Listener(false);
      const subscription = store.subscribe(channels, start, listener);
      await waitFor(`${count} messages`, () => listener.lines.length >= count);
      subscription.cancel();
      return listener.lines;
    };
    const longPolled = async (channels: string[], start: Start, count: number): Promise<string[]> => {
      const lines: string[] = [];
      for (let from = start; lines.length < count; ) {
        const listener = new Listener(true);
        store.subscribe(channels, from, listener);
        await waitFor('a message', () => listener.lines.length === 1);
        lines.push(...listener.lines);
        from = resumeAt(idOf(listener.lines[0] as string));
      }
      return lines;
    };

    it.each([
      [1, ['a0', 'b3', 'c5', 'a1', 'b4', 'a2']],
      [2, ['c5', 'a1', 'b4', 'a2']],
      [3, ['c5', 'b4', 'a2']],
      [-1, ['c5', 'b4', 'a2']],
      [-2, ['b3', 'c5', 'a1', 'b4', 'a2']],
    ])('keep to where each of several channels starts: at %i they get %j', async (first, expected) => {
      const channels = await published(SEQUENCE);
      const stream = await streamed(channels, { first }, expected.length);
      expect(stream.map(textOf)).toEqual(expected);
      expect(await polled(channels, { first })).toEqual(stream);
      expect(await longPolled(channels, { first }, expected.length)).toEqual(stream);
    });

    it('get what is published later, from whatever second', async () => {
      const channels = await published(SEQUENCE);
      const last = (await polled(channels, { first: -1 })).at(-1) as string;
      const now = await publish(channels[1] as string, 'b6');
      await waitFor('another second', async () => (await publish('/polls-clock', '')) > now);
      await publish(channels[0] as string, 'a7');
      await publish(channels[2] as string, 'c8');
      expect((await polled(channels, resumeAt(idOf(last)))).map(textOf)).toEqual(['b6', 'a7', 'c8']);
    });

    it('that start at the newest get nothing from before', async () => {
      const channels = await published(SEQUENCE);
      const listener = new Listener(true);
      store.subscribe(channels, { first: 0 }, listener);
      await publish(channels[1] as string, 'b6');
      await waitFor('the live message', () => listener.lines.length === 1);
      const [line = ''] = listener.lines;
      expect(textOf(line)).toBe('b6');
      expect(await polled(channels, resumeAt(idOf(line)))).toEqual([]);
    });
  });
}

import { describe, expect, it } from 'vitest';
import { formatSubscriptionId } from '../../../sidecar/store/message.ts';
import type { Start } from '../../../sidecar/store/store.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fixture, LIMITS, ONE_LINE, resumeAtText, TestSink } from './fixture.ts';

const LETTERS = ['a', 'b', 'c'];
/** Messages of one second in channels a, b and c: their letter and place, as `a0 a1 a2 b3 b4 c5`. */
const SEQUENCE = 'aaabbc';
/** How often publishing is tried again when its messages do not fall into one second. */
const ATTEMPTS = 10;

/** Clients that come back with the id of each message get what a subscriber that stays would get. */
export function comingBack(on: Fixture): void {
  describe('clients that come back with each id', () => {
    const publish = async (channel: string, data: string): Promise<number> =>
      (await on.publish(data, LIMITS, channel)).lastMessageId.time;

    /** Publishes the letters to channels of a new list, all in one second; gives that list. */
    const published = async (letters: string): Promise<string[]> => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const list = LETTERS.map((letter) => `${on.channel}-${attempt}-${letter}`);
        const times = new Set<number>();
        for (const [i, letter] of [...letters].entries()) {
          times.add(await publish(list[LETTERS.indexOf(letter)] as string, `${letter}${i}`));
        }
        if (times.size === 1) return list;
      }
      throw new Error(`${letters} did not fall into one second`);
    };

    /** What an interval-poll gets, again and again until there is nothing. */
    const polled = async (channels: string[], start: Start): Promise<string[]> => {
      const lines: string[] = [];
      for (let from = start; ; ) {
        const [next] = await on.store.read(channels, from, 1, 1);
        if (!next) return lines;
        const id = formatSubscriptionId(next.id);
        lines.push(`${id}=${next.message.data}`);
        from = resumeAtText(id);
      }
    };
    const streamed = async (channels: string[], start: Start, count: number): Promise<string[]> => {
      const sink = await on.collect(channels, start, count);
      sink.subscription?.cancel();
      return sink.lines;
    };
    const longPolled = async (channels: string[], start: Start, count: number): Promise<string[]> => {
      const lines: string[] = [];
      for (let from = start; lines.length < count; ) {
        const sink = new TestSink(ONE_LINE);
        on.store.subscribe(channels, from, sink);
        await waitFor('a message', () => sink.lines.length === 1);
        lines.push(...sink.lines);
        from = resumeAtText(sink.ids[0] as string);
      }
      return lines;
    };
    const idOf = (line: string): string => line.slice(0, line.indexOf('='));
    const textOf = (line: string): string => line.slice(line.indexOf('=') + 1);

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
      const clock = `${on.channel}-clock`;
      await waitFor('another second', async () => (await publish(clock, '')) > now);
      await publish(channels[0] as string, 'a7');
      await publish(channels[2] as string, 'c8');
      expect((await polled(channels, resumeAtText(idOf(last)))).map(textOf)).toEqual(['b6', 'a7', 'c8']);
    });

    it('that start at the newest get nothing from before', async () => {
      const channels = await published(SEQUENCE);
      const sink = new TestSink(ONE_LINE);
      on.store.subscribe(channels, { first: 0 }, sink);
      await publish(channels[1] as string, 'b6');
      await waitFor('the live message', () => sink.lines.length === 1);
      expect(sink.messages).toEqual(['b6']);
      expect(await polled(channels, resumeAtText(sink.ids[0] as string))).toEqual([]);
    });
  });
}

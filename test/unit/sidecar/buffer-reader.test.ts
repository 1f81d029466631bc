import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ParsedMessageId, parseMessageId } from '../../../handoff/message-id.ts';
import { BufferReader } from '../../../sidecar/store/memory/buffer-reader.ts';
import { MessageBuffer } from '../../../sidecar/store/memory/message-buffer.ts';
import {
  BEFORE_ALL,
  compareIds,
  type Delivery,
  formatSubscriptionId,
  type Message,
  type MessageId,
} from '../../../sidecar/store/message.ts';
import type { Start } from '../../../sidecar/store/store.ts';
import { messageOf } from '../../support/deliveries.ts';

const NAMES = 'abcdefgh';

/** What a reader reads of a channel. */
class Channel {
  readonly buffer = new MessageBuffer(() => {});
  lastMessageId: MessageId | undefined;
}

/** Some channels with one clock, as a store has them. */
class Channels {
  readonly all: readonly Channel[];
  second = 7;

  constructor(count: number) {
    this.all = Array.from({ length: count }, () => new Channel());
  }

  /** @returns the message as subscribers to this list get it; the id counts for nothing here. */
  publish(index: number, buffered = true): Delivery {
    const channel = this.all[index] as Channel;
    const last = channel.lastMessageId;
    const id = { time: this.second, tag: last?.time === this.second ? last.tag + 1 : 0 };
    channel.lastMessageId = id;
    const message = messageOf(`${NAMES[index]}${id.time}.${id.tag}`, { id, expiresAtMs: id.time, buffered });
    if (buffered) channel.buffer.push(message);
    return { message, id: { time: 0, tags: '' }, channel: index };
  }

  /** Publishes in the order of the letters, `|` being the next second. */
  sequence(letters: string): this {
    for (const letter of letters) {
      if (letter === '|') this.second += 1;
      else this.publish(NAMES.indexOf(letter));
    }
    return this;
  }
}

/** Name and id of a message, as `a7.0 7:[0],-`. */
const shown = (delivery: Delivery): string => `${delivery.message.data} ${formatSubscriptionId(delivery.id)}`;
const rest = (reader: Pick<BufferReader, 'next' | 'refresh'>): string[] => {
  reader.refresh();
  const all: string[] = [];
  for (let next = reader.next(); next; next = reader.next()) all.push(shown(next));
  return all;
};
const resumeAt = (text: string): Start => ({ after: parseMessageId(text) as ParsedMessageId });

describe('a reader of several buffers', () => {
  it.each([
    ['cba', 1, ['a7.0 7:[0],-,-', 'b7.0 7:0,[0],-', 'c7.0 7:0,0,[0]']],
    ['aaabbc', -1, ['c7.0 7:1,0,[0]', 'b7.1 7:1,[1],0', 'a7.2 7:[2],1,0']],
    [
      'aaabbc',
      -2,
      ['b7.0 7:0,[0],-', 'c7.0 7:0,0,[0]', 'a7.1 7:[1],0,0', 'b7.1 7:1,[1],0', 'a7.2 7:[2],1,0'],
    ],
    ['aaabbc', 2, ['c7.0 7:0,0,[0]', 'a7.1 7:[1],0,0', 'b7.1 7:1,[1],0', 'a7.2 7:[2],1,0']],
    ['aaabbc', 0, []],
    ['aaa|abbc', -1, ['a8.0 8:[0],0,-', 'c8.0 8:0,0,[0]', 'b8.1 8:0,[1],0']],
    ['aa|bbc|c', -1, ['a7.1 7:[1],-,-', 'b8.1 8:-,[1],0', 'c9.0 9:-,-,[0]']],
  ])('of %s that starts at %i gives %j', (letters, first, expected) => {
    const { all } = new Channels(3).sequence(letters);
    expect(rest(new BufferReader(all, { first }))).toEqual(expected);
  });

  it('knows nothing of an empty channel, whatever was published there', () => {
    const channels = new Channels(2);
    channels.publish(1, false);
    channels.publish(0);
    expect(rest(new BufferReader(channels.all, { first: 1 }))).toEqual(['a7.0 7:[0],-']);
  });

  it('given an id from the future gives the next message, and ids from which nothing is lost', () => {
    const channels = new Channels(2).sequence('ab');
    const reader = new BufferReader(channels.all, resumeAt('7:[5],-'));
    expect(rest(reader)).toEqual(['b7.0 7:0,[0]']);
    channels.publish(0);
    expect(rest(reader)).toEqual(['a7.1 7:[1],0']);
    const far = new BufferReader(channels.all, resumeAt('9:[0],0'));
    expect(rest(far)).toEqual([]);
    channels.publish(1);
    expect(rest(far)).toEqual(['b7.1 7:1,[1]']);
  });

  it('goes on at the oldest kept message when what it would read next has left the buffer', () => {
    const channels = new Channels(2).sequence('aaaabb');
    const reader = new BufferReader(channels.all, { first: 1 });
    expect(shown(reader.next() as Delivery)).toBe('a7.0 7:[0],-');
    (channels.all[0] as Channel).buffer.trim(1);
    (channels.all[1] as Channel).buffer.clear();
    channels.publish(1);
    expect(rest(reader)).toEqual(['b7.2 7:0,[2]', 'a7.3 7:[3],2']);
  });
});

/** The rule in its plainest form: looks at every message of every channel each time. */
class PlainReader {
  readonly #channels: readonly Channel[];
  readonly #seen: MessageId[];
  #stops: (MessageId | undefined)[] = [];

  constructor(channels: readonly Channel[], first: number) {
    this.#channels = channels;
    this.#seen = channels.map(({ buffer, lastMessageId }) => {
      if (first === 0) return lastMessageId ?? BEFORE_ALL;
      const index = first > 0 ? Math.min(first, buffer.length) - 1 : Math.max(buffer.length + first, 0);
      return buffer.at(index - 1)?.id ?? BEFORE_ALL;
    });
  }

  refresh(): void {}

  next(): Delivery | undefined {
    const unread = this.#channels.flatMap(({ buffer }, channel) =>
      Array.from({ length: buffer.length }, (_, i) => ({ message: buffer.at(i) as Message, channel })),
    );
    const [next] = unread
      .filter(({ message, channel }) => compareIds(message.id, this.#seen[channel] as MessageId) > 0)
      .filter(({ message, channel }) => {
        const stop = this.#stops[channel];
        return !stop || compareIds(message.id, stop) < 0;
      })
      .sort((a, b) => compareIds(a.message.id, b.message.id) || a.channel - b.channel);
    if (!next) return undefined;
    this.#seen[next.channel] = next.message.id;
    const { time } = next.message.id;
    const tags = this.#seen.map((id, i) => {
      const text = id.time === time ? String(id.tag) : '-';
      return i === next.channel && this.#seen.length > 1 ? `[${text}]` : text;
    });
    return { ...next, id: { time, tags: tags.join(',') } };
  }

  stopBefore({ channel, message }: Delivery): void {
    this.#stops[channel] ??= message.id;
  }

  skip(leftOut: readonly Delivery[]): void {
    this.#stops = [];
    for (const { channel, message } of leftOut) this.#seen[channel] = message.id;
  }
}

const place = fc.nat(3);
const publishing = { weight: 6, arbitrary: fc.record({ publish: place, buffered: fc.constant(true) }) };
const bufferStep = fc.oneof(
  { weight: 1, arbitrary: fc.record({ trim: place, to: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ expire: place }) },
  { weight: 1, arbitrary: fc.record({ clear: place }) },
  { weight: 2, arbitrary: fc.constant({ nextSecond: true } as const) },
);
type BufferStep = typeof bufferStep extends fc.Arbitrary<infer Step> ? Step : never;

function change(channels: Channels, step: BufferStep): void {
  const buffer = (index: number) => channels.all[index]?.buffer as MessageBuffer;
  if ('trim' in step) buffer(step.trim).trim(step.to);
  else if ('expire' in step) buffer(step.expire).expire(channels.second - 1);
  else if ('clear' in step) buffer(step.clear).clear();
  else channels.second += 1;
}

describe('any reader of several buffers', () => {
  it('gives the unread messages in order, whatever happens to the buffers between its batches', () => {
    const step = fc.oneof(
      publishing,
      { weight: 1, arbitrary: fc.record({ publish: place, buffered: fc.constant(false) }) },
      { weight: 4, arbitrary: bufferStep },
      { weight: 4, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ skip: fc.integer({ min: 1, max: 5 }) }) },
    );
    fc.assert(
      fc.property(
        fc.array(place, { maxLength: 20 }),
        fc.integer({ min: -4, max: 4 }),
        fc.array(step, { maxLength: 60 }),
        (before, first, steps) => {
          const channels = new Channels(4);
          for (const index of before) channels.publish(index);
          const readers = [new BufferReader(channels.all, { first }), new PlainReader(channels.all, first)];
          // As a subscription does it: from the first unbuffered message on, what is published comes after the rest.
          let tail: Delivery[] = [];
          for (const one of steps) {
            if ('publish' in one) {
              const delivery = channels.publish(one.publish, one.buffered);
              if (one.buffered && tail.length === 0) continue;
              for (const reader of readers) reader.stopBefore(delivery);
              tail.push(delivery);
            } else if ('read' in one) {
              for (const reader of readers) reader.refresh();
              for (let i = 0; i < one.read; i++) {
                const [next, expected] = readers.map((reader) => reader.next());
                expect(next && shown(next)).toBe(expected && shown(expected));
              }
            } else if ('skip' in one) {
              const [next, expected] = readers.map(rest);
              expect(next).toEqual(expected);
              const delivered = tail.slice(0, one.skip);
              tail = tail.slice(one.skip);
              for (const reader of readers) {
                reader.skip(delivered);
                for (const left of tail) reader.stopBefore(left);
              }
            } else change(channels, one);
          }
          const [next, expected] = readers.map(rest);
          expect(next).toEqual(expected);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('can be replaced at each id that it gave by another, which goes on just the same', () => {
    const step = fc.oneof(
      publishing,
      { weight: 2, arbitrary: bufferStep },
      { weight: 3, arbitrary: fc.constant({ read: true } as const) },
    );
    fc.assert(
      fc.property(
        fc.array(place, { maxLength: 20 }),
        fc.integer({ min: -4, max: 4 }),
        fc.array(step, { maxLength: 40 }),
        (before, first, steps) => {
          const channels = new Channels(4);
          // All in one second: an id has one time, so it cannot tell of starts in different ones.
          for (const index of before) channels.publish(index);
          const reader = new BufferReader(channels.all, { first });
          const given: Delivery[] = [];
          const read = (): boolean => {
            const next = reader.next();
            if (next) given.push(next);
            return next !== undefined;
          };
          for (const one of steps) {
            if ('publish' in one) channels.publish(one.publish);
            else if ('read' in one) {
              reader.refresh();
              read();
            } else change(channels, one);
          }
          const from = Math.max(given.length - 1, 0);
          reader.refresh();
          while (read());
          for (let i = from; i < given.length; i++) {
            const resumed = new BufferReader(
              channels.all,
              resumeAt(formatSubscriptionId((given[i] as Delivery).id)),
            );
            expect(rest(resumed)).toEqual(given.slice(i + 1).map(shown));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

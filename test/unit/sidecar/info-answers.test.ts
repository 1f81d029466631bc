/** Telling of subscribers: all of them, without holding up the rest, and once for each request. */
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../sidecar/store/memory/memory-store.ts';
import type { Sink, Store } from '../../../sidecar/store/store.ts';
import {
  answerChannel,
  InfoAnswers,
  MAX_WAITING_REQUESTS,
} from '../../../sidecar/subscriber-info/answers.ts';
import { atEnd } from '../../support/cleanup.ts';
import { waitFor } from '../../support/wait.ts';

const START = { first: 1 };

function openStore(): MemoryStore {
  const store = new MemoryStore({ limitBytes: 256 * 1024 * 1024 });
  atEnd(() => store.close());
  return store;
}

/** A subscriber that others are told of. */
function sinkOf(text: string | undefined): Sink {
  return {
    format: { once: false, encode: () => Buffer.alloc(0) },
    write: () => 0,
    end() {},
    describe: () => (text === undefined ? undefined : Buffer.from(text)),
  };
}

/** Asks for a channel; the texts that come. */
function ask(store: Store, number: number): string[] {
  const texts: string[] = [];
  store.subscribe([answerChannel(number)], START, {
    format: {
      once: false,
      encode: ({ message }) => {
        texts.push(`${message.data} ${message.contentType}`);
        return message.data;
      },
    },
    write: () => 0,
    end() {},
  });
  return texts;
}

function openAnswers() {
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  return { answers: new InfoAnswers(log), lines };
}

describe('whoever asks', () => {
  it('is told of each subscriber, the latest first, also of those of lists', async () => {
    const store = openStore();
    for (const text of ['1', '2', '3']) store.subscribe(['/c'], START, sinkOf(text));
    store.subscribe(['/other'], START, sinkOf('other'));
    store.subscribe(['/other', '/c'], START, sinkOf('of a list'));
    store.subscribe(['/c'], START, sinkOf(undefined));
    const { answers } = openAnswers();
    const texts = ask(store, 5);
    answers.add(store, '/c', 5);
    await waitFor('the answers', () => texts.length === 4);
    expect(texts).toEqual(['3', '2', '1', 'of a list'].map((text) => `${text} text/plain`));
  });

  it('does not hold up others, however many there are', async () => {
    const store = openStore();
    const count = 100_000;
    for (let i = 0; i < count; i++) store.subscribe(['/c'], START, sinkOf(String(i)));
    const { answers } = openAnswers();
    const texts = ask(store, 1);
    answers.add(store, '/c', 1);
    let turns = 0;
    while (texts.length < count) {
      const before = texts.length;
      await new Promise(setImmediate);
      turns += 1;
      // What a turn does is a small part of it all.
      expect(texts.length - before).toBeLessThan(count / 100);
    }
    expect(turns).toBeGreaterThan(100);
    expect(texts[0]).toBe(`${count - 1} text/plain`);
  }, 60_000);

  it('is told once of a request that comes twice', async () => {
    const store = openStore();
    store.subscribe(['/c'], START, sinkOf('1'));
    const { answers } = openAnswers();
    const texts = ask(store, 1);
    const others = ask(store, 2);
    answers.add(store, '/c', 1);
    answers.add(store, '/c', 1);
    answers.add(store, '/c', 2);
    await waitFor('the answers', () => others.length === 1);
    expect(texts).toHaveLength(1);
  });

  it('gets nothing more once it has left', async () => {
    const store = openStore();
    for (let i = 0; i < 10; i++) store.subscribe(['/c'], START, sinkOf(String(i)));
    const { answers } = openAnswers();
    answers.add(store, '/c', 1);
    const texts = ask(store, 2);
    answers.add(store, '/c', 2);
    await waitFor('the answers', () => texts.length === 10);
    expect(await store.info(answerChannel(1))).toBeUndefined();
  });

  it('has to wait while others are told, and too many are not told at all', async () => {
    const store = openStore();
    store.subscribe(['/c'], START, sinkOf('1'));
    const { answers, lines } = openAnswers();
    const texts = Array.from({ length: MAX_WAITING_REQUESTS + 2 }, (_, i) => ask(store, i));
    for (const i of texts.keys()) answers.add(store, '/c', i);
    const last = texts[MAX_WAITING_REQUESTS] as string[];
    await waitFor('the answers', () => last.length === 1);
    expect(texts.filter((one) => one.length === 1)).toHaveLength(MAX_WAITING_REQUESTS + 1);
    expect(lines).toEqual(['too many have asked for subscribers; one of them gets no answer']);
  });
});

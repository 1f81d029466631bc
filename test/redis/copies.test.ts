/** The copies that a server keeps of its channels in Redis: what they may take, and what is read where they end. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { MemoryStore } from '../../sidecar/store/memory/memory-store.ts';
import { compareIds, type MessageId } from '../../sidecar/store/message.ts';
import { type RedisLink, RedisUnavailableError } from '../../sidecar/store/redis/link.ts';
import { MAX_PAGES } from '../../sidecar/store/redis/redis-past.ts';
import type { RedisStore } from '../../sidecar/store/redis/redis-store.ts';
import type { Start } from '../../sidecar/store/store.ts';
import { OLDEST, PLENTY_BYTES, resumeAt, TestSink, UNBUFFERED } from '../store/contract/fixture.ts';
import { startRedis } from '../support/redis.ts';
import { openRedisStore } from '../support/redis-store.ts';
import { waitFor } from '../support/wait.ts';

const LIMIT_BYTES = 20_000;
const KEPT = { length: 100, timeoutSeconds: 3600 };
const NUMBERS = Array.from({ length: 60 }, (_, number) => `${number}`);

const redis = await startRedis();

/** What the store's pages come through. */
class Pages {
  calls = 0;
  mostAtOnce = 0;
  /** Resolves when pages may be read. */
  gate: Promise<void> = Promise.resolve();
  /** Pages that fail as if Redis were away. */
  failures = 0;
  #open = (): void => {};
  #atOnce = 0;

  /** From now on pages wait. */
  hold(): void {
    this.gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  wrap(link: RedisLink): RedisLink {
    const run: RedisLink['run'] = async (script, keys, args, options) => {
      // What a channel reads itself goes from its newest message on.
      if (script.name !== 'get_messages' || args[2] !== '0' || !this.watched) {
        return link.run(script, keys, args, options);
      }
      this.calls += 1;
      this.#atOnce += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
      try {
        await this.gate;
        if (this.failures > 0) {
          this.failures -= 1;
          throw new RedisUnavailableError('away');
        }
        return await link.run(script, keys, args, options);
      } finally {
        this.#atOnce -= 1;
      }
    };
    return new Proxy(link, {
      get: (target, key) => {
        if (key === 'run') return run;
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  /** The channels are loaded: what is read from now on is their past. */
  watched = false;
}

let pages: Pages;
let store: RedisStore;
let local: MemoryStore;
let faults: readonly unknown[];
let namespaces = 0;

beforeEach(async () => {
  pages = new Pages();
  ({ store, local, faults } = await openRedisStore(
    redis,
    { redisNamespace: `copies${namespaces++}:` },
    { limitBytes: LIMIT_BYTES, wrap: (link) => pages.wrap(link) },
  ));
  return () => store.close();
});

const publish = (data: string, to = '/a', limits = KEPT) =>
  store.publish(to, { data: Buffer.from(data), contentType: '', eventsourceEvent: '' }, limits);
function subscriber(start: Start = OLDEST, ...names: string[]): TestSink {
  const sink = new TestSink();
  sink.subscription = store.subscribe(names.length > 0 ? names : ['/a'], start, sink);
  return sink;
}
const got = (sink: TestSink, count: number) =>
  waitFor(`${count} messages`, () => sink.messages.length >= count);

/** Publishes the numbers, of which not all have room, to a channel with a subscriber. */
async function fill(name = '/a'): Promise<{ first: TestSink; ids: MessageId[] }> {
  const first = subscriber(OLDEST, name);
  const ids: MessageId[] = [];
  for (const number of NUMBERS) ids.push((await publish(number, name)).lastMessageId);
  await got(first, NUMBERS.length);
  pages.watched = true;
  return { first, ids };
}

describe('a channel of which the copy has no room for all', () => {
  it('gives each later subscriber every message that Redis has, in order', async () => {
    const { first, ids } = await fill();
    const starts: [Start, string[]][] = [
      [OLDEST, NUMBERS],
      [resumeAt(ids[9] as MessageId), NUMBERS.slice(10)],
      [{ first: 3 }, NUMBERS.slice(2)],
      [{ first: 99 }, ['59']],
      [{ first: 0 }, []],
      [{ first: -2 }, ['58', '59']],
      [{ first: -55 }, NUMBERS.slice(5)],
      [{ first: -99 }, NUMBERS],
    ];
    const sinks = starts.map(([start]) => subscriber(start));
    for (const [start, messages] of starts) {
      const polled = await store.read(['/a'], start, 100, PLENTY_BYTES);
      expect(polled.map(({ message }) => message.data.toString())).toEqual(messages);
    }
    await publish('live');
    await Promise.all(sinks.map((sink, place) => got(sink, (starts[place]?.[1].length ?? 0) + 1)));
    expect(sinks.map(({ messages }) => messages)).toEqual(
      starts.map(([, messages]) => [...messages, 'live']),
    );
    expect(first.messages).toEqual([...NUMBERS, 'live']);
    expect(local.totals().bytes).toBeLessThanOrEqual(LIMIT_BYTES);
    expect(faults).toEqual([]);
  });

  it('gives them in the order of the ids where several are multiplexed', async () => {
    const names = ['/a', '/b', '/c'];
    const watchers = names.map((name) => subscriber(OLDEST, name));
    const published: { id: MessageId; place: number; data: string }[] = [];
    for (const number of NUMBERS) {
      for (const [place, name] of names.entries()) {
        const data = `${number}${name}`;
        published.push({ id: (await publish(data, name)).lastMessageId, place, data });
      }
    }
    published.sort((a, b) => compareIds(a.id, b.id) || a.place - b.place);
    await Promise.all(watchers.map((sink) => got(sink, NUMBERS.length)));
    const sink = subscriber(OLDEST, ...names);
    await got(sink, 3 * NUMBERS.length);
    expect(sink.messages).toEqual(published.map(({ data }) => data));
    for (const id of [sink.ids[7], sink.ids[100]] as string[]) {
      const [time, tags] = id.split(':') as [string, string];
      const after = {
        time: Number(time),
        tags: tags.split(',').map((tag) => Number(tag.replace(/[[\]]/g, ''))),
      };
      const active = tags.split(',').findIndex((tag) => tag.startsWith('['));
      const resumed = subscriber({ after: { ...after, active } }, ...names);
      const rest = sink.messages.slice(sink.ids.indexOf(id) + 1);
      await got(resumed, rest.length);
      expect(resumed.messages).toEqual(rest);
    }
  });

  it('gives what is published while its past is read after that, whether a buffer keeps it or not', async () => {
    await fill();
    pages.hold();
    const sink = subscriber();
    await waitFor('the question', () => pages.calls === 1);
    const later = ['x', 'y', 'z', ...NUMBERS.slice(0, 30)];
    await publish('x');
    await publish('y', '/a', UNBUFFERED);
    for (const data of later.slice(2)) await publish(data);
    await waitFor('the last', async () => local.subscribersHere(['/a']) === 2);
    pages.release();
    await got(sink, NUMBERS.length + later.length);
    expect(sink.messages).toEqual([...NUMBERS, ...later]);
  });

  it('loses nothing that comes while its past is read, though the channel keeps but one message', async () => {
    const { first } = await fill();
    pages.hold();
    const sink = subscriber(resumeAt({ time: 1, tag: 0 }));
    await waitFor('the question', () => pages.calls === 1);
    const last = { ...KEPT, length: 1 };
    for (const data of ['x', 'y', 'z']) await publish(data, '/a', last);
    await got(first, NUMBERS.length + 3);
    pages.release();
    await got(sink, 3);
    expect(sink.messages).toEqual(['x', 'y', 'z']);
  });

  it('ends who waits for its past when it is deleted, and gives the deleted messages to nobody', async () => {
    await fill();
    pages.hold();
    const sink = subscriber();
    await waitFor('the question', () => pages.calls === 1);
    await store.delete('/a');
    await waitFor('the end', () => sink.ends.length === 1);
    const next = subscriber();
    pages.release();
    await publish('new');
    await got(next, 1);
    expect(next.messages).toEqual(['new']);
    expect(sink.messages).toEqual([]);
    expect(sink.ends).toEqual(['deleted']);
  });

  it('goes on when Redis is back', async () => {
    const { ids } = await fill();
    pages.failures = 2;
    const sink = subscriber(resumeAt(ids[1] as MessageId));
    await got(sink, NUMBERS.length - 2);
    expect(pages.calls).toBe(3);
    expect(sink.messages).toEqual(NUMBERS.slice(2));
    expect(faults).toEqual([]);
  });

  it('and no longer waits for what Redis has lost', async () => {
    await fill();
    await (await redis.connect()).flushall();
    const sink = subscriber();
    await waitFor('what is left', () => sink.messages.at(-1) === NUMBERS.at(-1));
    expect(sink.messages).toEqual(NUMBERS.slice(-sink.messages.length));
    await publish('new');
    await waitFor('what comes', () => sink.messages.at(-1) === 'new');
    expect(pages.calls).toBe(1);
  });

  it('waits where its list is something else, tells of it, and goes on when it is mended', async () => {
    await fill();
    const client = await redis.connect();
    const [list] = await client.keys(`copies${namespaces - 1}:*:messages`);
    await client.rename(list as string, 'elsewhere');
    await client.set(list as string, 'x');
    const sink = subscriber();
    await waitFor('a fault', () => faults.length > 0);
    expect(sink.ends).toEqual([]);
    await client.rename('elsewhere', list as string);
    await got(sink, NUMBERS.length);
    expect(sink.messages).toEqual(NUMBERS);
    expect(pages.calls).toBeLessThan(5);
  });

  it('is read no faster than a slow client takes it', async () => {
    const large = 'x'.repeat(100_000);
    const first = subscriber();
    for (const number of NUMBERS.slice(0, 30)) await publish(`${number} ${large}`);
    await got(first, 30);
    pages.watched = true;
    const sink = new TestSink();
    sink.stall();
    sink.subscription = store.subscribe(['/a'], OLDEST, sink);
    await got(sink, 1);
    const { calls } = pages;
    await publish('live');
    await waitFor('the live one', () => first.messages.at(-1) === 'live');
    expect(pages.calls).toBe(calls);
    expect(sink.messages).toHaveLength(1);
    sink.drain();
    sink.subscription.resume();
    await got(sink, 31);
    expect(sink.messages.map((message) => message.split(' ')[0])).toEqual([...NUMBERS.slice(0, 30), 'live']);
  });

  it('is read for all at once who come at once, however many they are, and publishers need not wait', async () => {
    const { first, ids } = await fill();
    pages.hold();
    const sinks: TestSink[] = [];
    for (let i = 0; i < 10_000; i++) sinks.push(subscriber(resumeAt(ids[7 - (i % 8)] as MessageId)));
    await publish('meanwhile');
    await got(first, NUMBERS.length + 1);
    pages.release();
    for (const [i, sink] of sinks.entries()) {
      await got(sink, NUMBERS.length - 7 + (i % 8));
      expect(sink.messages).toEqual([...NUMBERS.slice(8 - (i % 8)), 'meanwhile']);
    }
    expect(pages.calls).toBeLessThan(50);
    expect(pages.mostAtOnce).toBe(1);
  });

  it('is read with not too many others at a time', async () => {
    const names = Array.from({ length: 3 * MAX_PAGES }, (_, number) => `/${number}`);
    await Promise.all(names.map((name) => publish('old', name)));
    const watchers = names.map((name) => subscriber(OLDEST, name));
    await Promise.all(watchers.map((sink) => got(sink, 1)));
    // More than there is room for, and then none for these.
    local.setLimit(0);
    await Promise.all(names.map((name) => publish('new', name)));
    await Promise.all(watchers.map((sink) => got(sink, 2)));
    pages.watched = true;
    const sinks = names.map((name) => subscriber(OLDEST, name));
    await Promise.all(sinks.map((sink) => got(sink, 2)));
    expect(pages.mostAtOnce).toBe(MAX_PAGES);
  });
});

it('first drops the copies that nobody subscribes to, and reads them again', async () => {
  const gone = subscriber(OLDEST, '/gone');
  for (const number of NUMBERS.slice(0, 20)) await publish(number, '/gone');
  await got(gone, 20);
  gone.subscription?.cancel();
  const here = subscriber();
  for (const number of NUMBERS.slice(0, 40)) await publish(number);
  await got(here, 40);
  pages.watched = true;
  expect((await store.read(['/a'], OLDEST, 100, PLENTY_BYTES)).length).toBe(40);
  expect(pages.calls).toBe(0);
  const again = subscriber(OLDEST, '/gone');
  await got(again, 20);
  expect(again.messages).toEqual(NUMBERS.slice(0, 20));
  expect(pages.calls).toBe(1);
});

it('keeps no more alive of what was read from the connection than the messages', async () => {
  await fill();
  const kept = await store.read(['/a'], OLDEST, 100, PLENTY_BYTES);
  expect(kept).toHaveLength(NUMBERS.length);
  for (const { message } of kept) expect(message.data.buffer.byteLength).toBeLessThanOrEqual(4);
});

/** A process with very many channels, when it loses Redis or ends: others must not have to wait for all of them. */
import { beforeAll, expect, it } from 'vitest';
import type { RedisLink } from '../../sidecar/store/redis/link.ts';
import { upstreamOf, urlOf } from '../support/link.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type OpenedStores, openStores, subscribe } from '../support/redis-stores.ts';
import { waitFor } from '../support/wait.ts';

const CHANNELS = 5_000;
/** Calls that a process may have under way of its own accord, however many channels it has. */
const MAX_OWN_CALLS = 3_000;

let redis: RedisServer;
let client: Awaited<ReturnType<RedisServer['connect']>>;
beforeAll(async () => {
  redis = await startRedis();
  client = await redis.connect();
});

/** Counts what a link is asked. */
class Calls {
  underWay = 0;
  most = 0;
  /** Left to the shutdown connection. */
  atShutdown = 0;
  readonly byScript: Record<string, number> = {};

  readonly wrap = (link: RedisLink): RedisLink =>
    new Proxy(link, {
      get: (target, name) => {
        const value = Reflect.get(target, name, target);
        if (name === 'run') return (...args: Parameters<RedisLink['run']>) => this.#run(target, args);
        if (name === 'startAtShutdown') {
          return (calls: readonly unknown[]) => {
            this.atShutdown += calls.length;
            return () => 0;
          };
        }
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });

  async #run(link: RedisLink, args: Parameters<RedisLink['run']>): Promise<unknown> {
    const { name } = args[0];
    this.byScript[name] = (this.byScript[name] ?? 0) + 1;
    this.most = Math.max(this.most, ++this.underWay);
    try {
      return await link.run(...args);
    } finally {
      this.underWay--;
    }
  }

  reset(): void {
    this.most = 0;
    for (const name of Object.keys(this.byScript)) delete this.byScript[name];
  }
}

/** Sums up over all channels of a prefix. */
async function known(prefix: string, field: string): Promise<number> {
  const pipeline = client.pipeline();
  for (let i = 0; i < CHANNELS; i++) pipeline.hget(`{channel:${prefix}${i}}`, field);
  const replies = (await pipeline.exec()) ?? [];
  return replies.reduce((sum, [, number]) => sum + Number(number), 0);
}

it('reads few channels at a time, each once, when a connection was lost, and publishes meanwhile', async () => {
  const calls = new Calls();
  const { of, link, log } = await openStores(upstreamOf([urlOf(redis)]), calls.wrap);
  const store = of();
  const publish = (name: string) =>
    store.publish(
      name,
      { data: Buffer.from('x'), contentType: '', eventsourceEvent: '' },
      { length: 1, timeoutSeconds: 60 },
    );
  for (let i = 0; i < CHANNELS; i++) subscribe(store, `lost${i}`);
  await waitFor(
    'all to be counted',
    async () => (await known('lost', 'fake_subscribers')) === CHANNELS,
    60_000,
  );
  await waitFor('quiet', () => calls.underWay === 0);
  calls.reset();
  await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await waitFor('it to be noticed', () => !link.available || link.stats().servers[0]!.disconnects > 0);
  await waitFor('it to be back', () => link.available);
  const published = Promise.all(Array.from({ length: 1000 }, (_, i) => publish(`other${i}`)));
  expect((await published).every(({ messages }) => messages === 1)).toBe(true);
  await waitFor('all to be read', () => (calls.byScript.get_messages ?? 0) >= CHANNELS, 60_000);
  await waitFor('quiet', () => calls.underWay === 0);
  expect(calls.byScript).toMatchObject({ get_messages: CHANNELS, add_fakesub: CHANNELS });
  expect(calls.most).toBeLessThan(MAX_OWN_CALLS + 1000);
  expect(log.filter((line) => !/lost the connection|is unavailable/.test(line))).toEqual([]);
}, 120_000);

it.each<[string, string, (opened: OpenedStores) => Promise<void>]>([
  [
    'it ends',
    'end',
    async ({ stores }) => {
      await stores.close();
      await stores.leave(60_000);
    },
  ],
  ['its upstream is configured no more', 'reload', ({ stores }) => stores.configure(undefined)],
])(
  'takes everything back over its connections when %s, few at a time',
  async (_, prefix, action) => {
    const calls = new Calls();
    const opened = await openStores(upstreamOf([urlOf(redis)]), calls.wrap);
    const store = opened.of();
    for (let i = 0; i < CHANNELS; i++) subscribe(store, `${prefix}${i}`);
    const registered = async () =>
      (await known(prefix, 'fake_subscribers')) + (await known(prefix, 'subscribers'));
    await waitFor('all to be known', async () => (await registered()) === 2 * CHANNELS, 60_000);
    await waitFor('quiet', () => calls.underWay === 0);
    calls.reset();
    await action(opened);
    expect(await registered()).toBe(0);
    expect(calls.byScript).toMatchObject({ add_fakesub: CHANNELS, subscriber_unregister: CHANNELS });
    expect(calls.most).toBeLessThan(MAX_OWN_CALLS);
    // Nothing is left for the end of the process.
    opened.stores.sayFarewell(0);
    expect(calls.atShutdown).toBe(0);
  },
  120_000,
);

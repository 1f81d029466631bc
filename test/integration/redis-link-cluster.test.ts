/** A link to a Redis Cluster whose slots move and whose servers fail. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../sidecar/store/redis/key-slot.ts';
import { openAvailableLink, upstreamOf, urlOf } from '../support/link.ts';
import type { RedisServer } from '../support/redis.ts';
import { moveSlot, type RedisCluster, startCluster } from '../support/redis-cluster.ts';
import { sampleScript } from '../support/scripts.ts';
import { waitFor } from '../support/wait.ts';

const append = sampleScript({ name: 'append', source: "return redis.call('RPUSH', KEYS[1], ARGV[1])" });
const scripts = [append];
const once = { repeatable: false };

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster(3);
});

const open = (overrides?: Parameters<typeof upstreamOf>[1]) =>
  openAvailableLink(upstreamOf([urlOf(cluster.masters[0]!)], overrides), scripts);

/** A key whose slot is that of the channel in it. */
const keyOf = (name: string | number) => Buffer.from(`{channel:test/${name}}`);
const channelOf = (name: string | number) => Buffer.from(`{channel:test/${name}}:pubsub`);

/** Which server is the master of a slot now, as one says that no test stops. */
async function masterOf(slot: number): Promise<RedisServer> {
  const client = await cluster.masters[1]!.connect();
  const ranges = (await client.cluster('SLOTS')) as unknown as [number, number, [string, number]][];
  const port = ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
  const master = cluster.servers.find((server) => server.port === port);
  if (!master) throw new Error(`no server is the master of slot ${slot}`);
  return master;
}

/** A name whose channel no test has used and whose slot is a master's. */
async function nameAt(master: RedisServer): Promise<string> {
  for (let i = 0; ; i++) {
    const name = `at${master.port}-${i}`;
    if ((await masterOf(keySlot(keyOf(name)))) === master) return name;
  }
}

const shardChannels = async (server: RedisServer) =>
  (await (await server.connect()).call('PUBSUB', 'SHARDCHANNELS')) as string[];

describe('a cluster', () => {
  it('is found by one of its servers, and every server runs what is its own', async () => {
    const { link } = await open();
    expect(link.publishCommand).toBe('SPUBLISH');
    expect(
      link
        .stats()
        .servers.map(({ url }) => url)
        .sort(),
    ).toEqual(cluster.masters.map(urlOf).sort());
    const names = Array.from({ length: 60 }, (_, i) => `found${i}`);
    const replies = await Promise.all(names.map((name) => link.run(append, [keyOf(name)], ['x'], once)));
    expect(new Set(replies)).toEqual(new Set([1]));
    for (const server of link.stats().servers) expect(server.commands.append?.calls).toBeGreaterThan(0);
    for (const server of link.stats().servers) expect(server.commands.append?.errors).toBe(0);
  });

  it('delivers what is announced by SPUBLISH, and what others announce by PUBLISH', async () => {
    const { link, listening, announced } = await open();
    for (let i = 0; i < 20; i++) link.listen(channelOf(`both${i}`));
    for (let i = 0; i < 20; i++) await listening.next();
    expect(await link.publish(channelOf('both7'), Buffer.from('sharded'))).toBe(1);
    expect(await announced.next()).toEqual({ channel: String(channelOf('both7')), announcement: 'sharded' });
    for (const server of cluster.masters) {
      await (await server.connect()).publish(channelOf('both8'), `by ${server.port}`);
      expect(await announced.next()).toMatchObject({ announcement: `by ${server.port}` });
    }
    expect(announced.pending).toEqual([]);
  });

  it('goes on delivering when the last channel is no longer listened to', async () => {
    const { link, listening, announced, states } = await open();
    link.listen(channelOf('last'));
    await listening.next();
    link.unlisten(channelOf('last'));
    const server = await masterOf(keySlot(channelOf('last')));
    await waitFor('the end of the subscription', async () => {
      return !(await shardChannels(server)).includes(String(channelOf('last')));
    });
    for (const master of cluster.masters) await (await master.connect()).publish(link.worker, 'still there?');
    link.listen(channelOf('last'));
    await listening.next();
    await link.publish(channelOf('last'), Buffer.from('again'));
    await (await server.connect()).publish(channelOf('last'), 'plain');
    expect(await announced.next()).toMatchObject({ announcement: 'again' });
    expect(await announced.next()).toMatchObject({ announcement: 'plain' });
    expect(states.pending).toEqual([]);
  });

  it('has every master know the process', async () => {
    const { link } = await open();
    for (const server of cluster.masters) {
      const [, count] = (await (await server.connect()).pubsub('NUMSUB', link.worker)) as [string, number];
      expect(count).toBe(1);
    }
  });

  it('runs the last calls where they belong', async () => {
    const { link } = await open();
    const calls = Array.from({ length: 60 }, (_, i) => ({
      script: append,
      keys: [keyOf(`end${i}`)],
      args: ['x'],
    }));
    expect(link.runAtShutdown(calls, 5_000)).toBe(60);
  });
});

describe('a slot that moves', () => {
  it('takes its channels along; calls are neither lost nor swapped', async () => {
    const { link, listening, announced, states } = await open();
    const key = keyOf('moving');
    const slot = keySlot(key);
    link.listen(channelOf('moving'));
    await listening.next();
    const from = await masterOf(slot);
    const to = cluster.masters.find((server) => server !== from)!;
    const calls: Promise<unknown>[] = [];
    let moved = false;
    const callOnAndOn = async () => {
      while (!moved) {
        for (let i = 0; i < 20; i++) calls.push(link.run(append, [key], [calls.length], once));
        await nextTurn();
      }
    };
    const calling = callOnAndOn();
    try {
      await waitFor('some calls', () => calls.length > 200);
      await moveSlot(slot, from, to, async () => {
        // The key is at its new place, to which the old one still has to point.
        const before = calls.length;
        await waitFor('some more calls', () => calls.length > before + 200);
        await Promise.all(calls);
      });
    } finally {
      moved = true;
      await calling;
    }
    await Promise.all(calls);
    const target = await to.connect();
    expect(await target.lrange(String(key), 0, -1)).toEqual(calls.map((_, i) => String(i)));
    expect(await listening.next()).toBe(String(channelOf('moving')));
    expect(await shardChannels(to)).toContain(String(channelOf('moving')));
    expect(await link.publish(channelOf('moving'), Buffer.from('moved'))).toBe(1);
    expect(await announced.next()).toMatchObject({ announcement: 'moved' });
    expect(states.pending).toEqual([]);
  });

  it('is followed by channels that nobody publishes to', async () => {
    const never = { minMs: 0, jitter: 0, backoff: 0, maxMs: 0 };
    const { link, listening } = await open({ clusterCheckInterval: never });
    link.listen(channelOf('idle'));
    await listening.next();
    const slot = keySlot(channelOf('idle'));
    const from = await masterOf(slot);
    const to = cluster.masters.find((server) => server !== from)!;
    await moveSlot(slot, from, to);
    expect(await listening.next()).toBe(String(channelOf('idle')));
    expect(await shardChannels(to)).toContain(String(channelOf('idle')));
  });

  it('may go to a server that joined later', async () => {
    const { link, states } = await open();
    const key = keyOf('joined');
    expect(await link.run(append, [key], ['before'], once)).toBe(1);
    const from = await masterOf(keySlot(key));
    const to = await cluster.add();
    await moveSlot(keySlot(key), from, to, async () => {
      expect(await link.run(append, [key], ['asked'], once)).toBe(2);
    });
    expect(await link.run(append, [key], ['after'], once)).toBe(3);
    expect(link.stats().servers.map(({ url }) => url)).toContain(urlOf(to));
    expect(states.pending.filter((state) => state === 'available')).toHaveLength(states.pending.length / 2);
  });
});

describe('a master', () => {
  let master: RedisServer;
  let replica: RedisServer;
  beforeAll(async () => {
    master = cluster.masters[2]!;
    replica = await cluster.addReplica(master);
  });

  const openAll = async (overrides?: Parameters<typeof upstreamOf>[1]) => {
    const opened = await open(overrides);
    await waitFor('all servers', () => {
      const { servers } = opened.link.stats();
      const known = [master, replica].every((server) => servers.some(({ url }) => url === urlOf(server)));
      return known && servers.every(({ connected }) => connected);
    });
    return opened;
  };

  it('may change places with its replica', async () => {
    const { link, listening, announced } = await openAll({ subscribeWeights: { master: 1, slave: 0 } });
    const name = await nameAt(master);
    link.listen(channelOf(name));
    await listening.next();
    expect(await link.run(append, [keyOf(name)], ['before'], once)).toBe(1);
    await (await replica.connect()).cluster('FAILOVER');
    expect(await listening.next()).toBe(String(channelOf(name)));
    expect(await link.run(append, [keyOf(name)], ['after'], once)).toBe(2);
    await waitFor('an announcement', async () => (await link.publish(channelOf(name), Buffer.from('x'))) > 0);
    expect(await announced.next()).toMatchObject({ announcement: 'x' });
    [master, replica] = [replica, master];
  });

  it('that dies is replaced by its replica; the others serve meanwhile', async () => {
    const { link, listening, announced, states } = await openAll();
    const names = Array.from({ length: 60 }, (_, i) => `fail${i}`);
    const own: string[] = [];
    for (const name of names) if ((await masterOf(keySlot(keyOf(name)))) === master) own.push(name);
    const others = names.filter((name) => !own.includes(name));
    expect(own.length).toBeGreaterThan(0);
    for (const name of names) link.listen(channelOf(name));
    for (const _ of names) await listening.next();

    await master.signal('SIGKILL');
    expect(await states.next()).toMatch(/^unavailable: /);
    const waiting = Promise.all(own.map((name) => link.run(append, [keyOf(name)], ['x'], once)));
    for (const name of others) expect(await link.run(append, [keyOf(name)], ['x'], once)).toBe(1);
    expect(new Set(await waiting)).toEqual(new Set([1]));
    expect(await states.next()).toBe('available');
    await waitFor('all channels', async () => {
      const channels = await shardChannels(replica);
      return own.every((name) => channels.includes(String(channelOf(name))));
    });
    await waitFor(
      'an announcement',
      async () => (await link.publish(channelOf(own[0]!), Buffer.from('x'))) > 0,
    );
    expect(await announced.next()).toMatchObject({ channel: String(channelOf(own[0]!)) });
  });

  it('that dies and has no replica is waited for; after a while, all is connected to anew', async () => {
    const lonely = cluster.masters[0]!;
    const urls = cluster.masters.map(urlOf);
    const { link, states, logged } = await openAvailableLink(
      upstreamOf(urls, { clusterMaxFailingTimeMs: 500 }),
      scripts,
    );
    const name = await nameAt(lonely);
    await lonely.signal('SIGKILL');
    expect(await states.next()).toMatch(/^unavailable: /);
    await logged(/^warn: Redis is connected to anew: .*, for more than 500 ms/);
    const waiting = link.run(append, [keyOf(name)], ['x'], once);
    await lonely.restart();
    expect(await waiting).toBe(1);
    expect(await states.next()).toBe('available');
  });
});

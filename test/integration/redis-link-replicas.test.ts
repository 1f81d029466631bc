/** A link to a master with replicas, and to one that Sentinels watch. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../support/files.ts';
import { openAvailableLink, openLink, upstreamOf, urlOf } from '../support/link.ts';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { infoField } from '../support/redis-info.ts';
import { sampleScript } from '../support/scripts.ts';
import { waitFor } from '../support/wait.ts';

const append = sampleScript({ name: 'append', source: "return redis.call('RPUSH', KEYS[1], ARGV[1])" });
const scripts = [append];
const list = Buffer.from('{list}');
const once = { repeatable: false };
const channels = Array.from({ length: 40 }, (_, i) => Buffer.from(`{channel:test/${i}}:pubsub`));

const START = { settings: { 'repl-diskless-sync-delay': 0, 'repl-ping-replica-period': 1 } };

const startServer = async () => startRedis({ ...START, port: await freePort() });

/** Makes a server follow another, and waits until it hears from there. */
async function follow(replica: RedisServer, master: RedisServer): Promise<void> {
  const client = await replica.connect();
  await client.replicaof('127.0.0.1', master.port);
  await waitFor('replication', async () => (await infoField(client, 'master_link_status')) === 'up');
  const first = await master.connect();
  await waitFor('the replica to be online', async () =>
    (await first.info('replication')).includes(`port=${replica.port},state=online`),
  );
}

async function promote(replica: RedisServer): Promise<void> {
  await (await replica.connect()).replicaof('NO', 'ONE');
}

async function startPair(): Promise<[master: RedisServer, replica: RedisServer]> {
  const [master, replica] = await Promise.all([startServer(), startServer()]);
  await follow(replica, master);
  return [master, replica];
}

/** Waits until this process's connections are those that there should be: how many on each server. */
async function connectionsOf(server: RedisServer, worker: string): Promise<number> {
  const [, count] = (await (await server.connect()).pubsub('NUMSUB', worker)) as [string, number];
  return count;
}

async function channelsAt(server: RedisServer): Promise<number> {
  return ((await (await server.connect()).pubsub('CHANNELS', '{channel:*')) as string[]).length;
}

describe('a master with a replica', () => {
  it.each([
    ['the master', 0],
    ['the replica', 1],
  ])('is found by %s', async (_, first) => {
    const servers = await startPair();
    const { link, listening } = await openAvailableLink(upstreamOf([urlOf(servers[first]!)]), scripts);
    await waitFor(
      'both servers',
      () => link.stats().servers.filter(({ connected }) => connected).length === 2,
    );
    const roles = new Map(link.stats().servers.map(({ url, role }) => [url, role]));
    expect(roles).toEqual(
      new Map([
        [urlOf(servers[0]), 'master'],
        [urlOf(servers[1]), 'slave'],
      ]),
    );
    expect(await link.run(append, [list], ['x'], once)).toBe(1);
    for (const channel of channels) link.listen(channel);
    for (const _channel of channels) await listening.next();
    expect(await channelsAt(servers[0])).toBeGreaterThan(0);
    expect(await channelsAt(servers[1])).toBeGreaterThan(0);
  });

  it('is listened to by weight, and elsewhere when a server dies', async () => {
    const [master, replica] = await startPair();
    const upstream = upstreamOf([urlOf(master), urlOf(replica)], {
      subscribeWeights: { master: 0, slave: 1 },
    });
    const { link, listening, announced, states } = await openAvailableLink(upstream, scripts);
    await waitFor('the replica', () => link.stats().servers.every(({ connected }) => connected));
    for (const channel of channels) link.listen(channel);
    for (const _channel of channels) await listening.next();
    expect([await channelsAt(master), await channelsAt(replica)]).toEqual([0, channels.length]);
    // The master counts its own connections only.
    expect(await link.publish(channels[0]!, Buffer.from('by the replica'))).toBe(0);
    expect(await announced.next()).toMatchObject({ announcement: 'by the replica' });
    await replica.signal('SIGKILL');
    for (const _channel of channels) await listening.next();
    expect(await channelsAt(master)).toBe(channels.length);
    expect(link.available).toBe(true);
    expect(states.pending).toEqual([]);
  });

  it('is served by the replica when the master dies and the replica is promoted', async () => {
    const [master, replica] = await startPair();
    const { link, listening, states, announced } = await openAvailableLink(
      upstreamOf([urlOf(master)]),
      scripts,
    );
    await waitFor(
      'both servers',
      () => link.stats().servers.filter(({ connected }) => connected).length === 2,
    );
    link.listen(channels[0]!);
    await listening.next();
    await link.run(append, [list], ['before'], once);
    const second = await replica.connect();
    await waitFor('the data', async () => (await second.llen('{list}')) === 1);
    await master.signal('SIGKILL');
    expect(await states.next()).toMatch(/^unavailable/);
    const waiting = link.run(append, [list], ['meanwhile'], once);
    await promote(replica);
    expect(await waiting).toBe(2);
    expect(await states.next()).toBe('available');
    await waitFor('the channel at the new master', async () => (await channelsAt(replica)) === 1);
    await waitFor('its confirmation', () => listening.pending.length > 0);
    await link.publish(channels[0]!, Buffer.from('after'));
    expect(await announced.next()).toMatchObject({ announcement: 'after' });
    expect(link.runAtShutdown([{ script: append, keys: [list], args: ['last'] }], 5_000)).toBe(1);
    expect(await second.lrange('{list}', 0, -1)).toEqual(['before', 'meanwhile', 'last']);
  });

  it('loses and swaps no call when the two change places', async () => {
    const [master, replica] = await startPair();
    const { link, states, log } = await openAvailableLink(upstreamOf([urlOf(master)]), scripts);
    await waitFor(
      'both servers',
      () => link.stats().servers.filter(({ connected }) => connected).length === 2,
    );
    const first = await master.connect();
    const calls: Promise<unknown>[] = [];
    const call = () => calls.push(link.run(append, [list], [calls.length], once));
    for (let i = 0; i < 500; i++) call();
    await Promise.all(calls);
    const second = await replica.connect();
    await waitFor('the data', async () => (await second.llen('{list}')) === 500);
    await promote(replica);
    await first.replicaof('127.0.0.1', replica.port);
    for (let i = 0; i < 500; i++) call();
    await Promise.all(calls);
    expect(await second.lrange('{list}', 0, -1)).toEqual(calls.map((_, i) => String(i)));
    expect(await states.next()).toMatch(/^unavailable: /);
    expect(await states.next()).toBe('available');
    expect(log.join('\n')).toMatch(/Redis is available again/);
  });
});

describe('roles and ranges', () => {
  it('of the configuration are believed before the server', async () => {
    const [master, replica] = await startPair();
    const upstream = upstreamOf([], {
      servers: [
        { url: urlOf(master), role: 'slave' },
        { url: urlOf(replica), role: 'master' },
      ],
      retryCommandsMaxWaitMs: 200,
    });
    const { link } = await openAvailableLink(upstream, scripts);
    await expect(link.run(append, [list], ['x'], once)).rejects.toThrow(/READONLY/);
    await promote(replica);
    expect(await link.run(append, [list], ['x'], once)).toBe(1);
  });

  it('that are not connected to hold no server that was discovered', async () => {
    const [master, replica] = await startPair();
    const upstream = upstreamOf([urlOf(master)], { discoveredIpRangeBlacklist: ['127.0.0.0/8'] });
    const { link } = await openAvailableLink(upstream, scripts);
    expect(link.stats().servers.map(({ url }) => url)).toEqual([urlOf(master)]);
    expect(await connectionsOf(replica, link.worker)).toBe(0);
  });

  it('do not decide between two masters', async () => {
    const servers = await Promise.all([startServer(), startServer()]);
    const { link, logged } = openLink(upstreamOf(servers.map(urlOf)), scripts);
    await logged(/^warn: Redis is unavailable: several servers are masters: redis:\S+, redis:\S+$/);
    expect(link.available).toBe(false);
    await follow(servers[1], servers[0]);
    await logged(/^info: Redis is available again/);
    expect(await link.run(append, [list], ['x'], once)).toBe(1);
  });

  it('have a server that is known by two addresses connected to once', async () => {
    const [master, replica] = await startPair();
    const { link } = await openAvailableLink(
      upstreamOf([`unix://${master.socket}`, urlOf(replica)]),
      scripts,
    );
    await waitFor('the two servers', () => {
      const { servers } = link.stats();
      return servers.length === 2 && servers.every(({ connected }) => connected);
    });
    expect(await connectionsOf(master, link.worker)).toBe(1);
  });
});

describe('Sentinels', () => {
  async function startSentinel(master: RedisServer, password?: string): Promise<number> {
    const port = await freePort();
    const dir = tempDir();
    const file = join(dir, 'sentinel.conf');
    writeFileSync(
      file,
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 1
       sentinel down-after-milliseconds mymaster 500
       sentinel failover-timeout mymaster 2000
       ${password === undefined ? '' : `sentinel auth-pass mymaster ${password}\nrequirepass ${password}`}\n`,
    );
    await startRedis({
      port,
      configFile: file,
      sentinel: true,
      ...(password === undefined ? {} : { password }),
    });
    return port;
  }

  it('name the master, also after a failover', async () => {
    const [master, replica] = await startPair();
    const port = await startSentinel(master);
    const url = `redis+sentinel://127.0.0.1:${await freePort()},127.0.0.1:${port}/mymaster`;
    const { link, states, logged } = await openAvailableLink(upstreamOf([url]), scripts);
    expect(await link.run(append, [list], ['before'], once)).toBe(1);
    const second = await replica.connect();
    await waitFor('the data', async () => (await second.llen('{list}')) === 1);
    await master.signal('SIGKILL');
    expect(await states.next()).toMatch(/^unavailable/);
    const waiting = link.run(append, [list], ['after'], once);
    expect(await waiting).toBe(2);
    expect(await states.next()).toBe('available');
    await logged(/^warn: Redis Sentinel: no connection to Redis at/);
  });

  it('may want the password of the servers', async () => {
    const password = 'p@ss';
    const master = await startRedis({
      port: await freePort(),
      settings: { requirepass: password },
      password,
    });
    const port = await startSentinel(master, password);
    const url = `redis+sentinel://:p%40ss@127.0.0.1:${port}/mymaster`;
    const { link } = await openAvailableLink(upstreamOf([url]), scripts);
    expect(await link.run(append, [list], ['x'], once)).toBe(1);
  });

  it('that do not know the master are told of', async () => {
    const [master] = await startPair();
    const port = await startSentinel(master);
    const { link, logged } = openLink(upstreamOf([`redis+sentinel://127.0.0.1:${port}/other`]), scripts);
    await logged(/^warn: Redis Sentinel: it knows no master "other"/);
    expect(link.available).toBe(false);
  });
});

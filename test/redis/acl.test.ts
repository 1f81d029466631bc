/** The ACL rule of docs/redis.md allows all that njchan does, with every mode, in a namespace and in a cluster. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { REPOSITORY } from '../support/files.ts';
import type { Njchan } from '../support/njchan.ts';
import { expectLogOf, outageRow } from '../support/outage-table.ts';
import { request } from '../support/raw-http.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { shippedScripts } from '../support/shipped-scripts.ts';
import { waitFor } from '../support/wait.ts';
import { startNode, startSharedRedis } from './support.ts';

const DOCUMENT = readFileSync(join(REPOSITORY, 'docs/redis.md'), 'utf8');
const unquoted = (text: string) => text.replaceAll("'", '').replaceAll('\\', '');
const RULE = unquoted(/ACL SETUSER njchan (.*)/.exec(DOCUMENT)?.[1] as string).split(' ');
const IN_CLUSTER = unquoted(/In a cluster also: `([^`]*)`/.exec(DOCUMENT)?.[1] as string).split(/\s+/);

/** Of rsck, which is for tests: the server never calls it. */
const UNUSED = ['type'];

const inNamespace = (rule: readonly string[], namespace: string) =>
  rule.map((part) => part.replace(/^([~&])\{/, `$1${namespace}{`));

const publish = (node: Njchan, path: string, body: string) => request(node.port, 'POST', path, { body });

/** Leads nowhere, but subscribers are kept for the time after a crash. */
const HOOK = 'nchan_unsubscribe_request /nowhere;';

/** Does at a server all that can be done, and stops it. */
async function useAll(node: Njchan, key: string, client: Redis): Promise<void> {
  const stream = await openEventSource(`${node.url}/sub/acl`);
  await waitFor('the subscriber', async () => {
    const { body } = await request(node.port, 'GET', '/pub/acl');
    return body.toString().includes('active subscribers: 1') && !body.toString().includes('requested: -1');
  });
  const bodies = ['small', 'x'.repeat(6000), 'unbuffered', 'short'];
  const places = ['pub', 'pub', 'pub-none', 'pub-short'];
  for (const [at, body] of bodies.entries()) {
    expect((await publish(node, `/${places[at]}/acl`, body)).status).toBe(201);
    expect((await stream.event()).data === body).toBe(true);
  }
  expect((await request(node.port, 'DELETE', '/pub/acl')).status).toBe(200);
  await stream.ended;
  const last = await openEventSource(`${node.url}/sub/last`);
  await waitFor('the subscriber', async () => Number(await client.hget(key, 'fake_subscribers')) === 1);
  await node.stop();
  last.close();
  expect(await client.hmget(key, 'fake_subscribers', 'subscribers')).toEqual(['0', '0']);
}

/** What was refused to the user. */
const refused = async (client: Redis): Promise<unknown> => client.call('ACL', 'LOG');

describe('the user of docs/redis.md', () => {
  it('may run every command of every script', () => {
    const called = shippedScripts().flatMap(({ source }) =>
      Array.from(source.toString('latin1').matchAll(/redis\.p?call\("(\w+)"/g), ([, name]) =>
        name?.toLowerCase(),
      ),
    );
    const allowed = new Set(RULE.map((part) => part.replace(/^\+|\|.*/g, '')));
    expect(called.length).toBeGreaterThan(50);
    expect([...new Set(called)].filter((name) => !allowed.has(name as string)).sort()).toEqual(UNUSED);
  });

  it.each([
    ['distributed', 'app'],
    ['distributed', ''],
    ['nostore', ''],
  ])('may do all in the mode %s and the namespace "%s"', async (mode, namespace) => {
    const redis = await startSharedRedis();
    const client = await redis.connect();
    const prefix = namespace === '' ? '' : `${namespace}:`;
    await client.call('ACL', 'SETUSER', 'njchan', ...inNamespace(RULE, prefix));
    const node = await startNode(`redis://njchan:secret@127.0.0.1:${redis.port}`, {
      location: `${HOOK} nchan_redis_storage_mode ${mode}; nchan_redis_namespace "${namespace}";`,
      upstream: 'nchan_redis_accurate_subscriber_count on;',
    });
    await useAll(node, `${prefix}{channel:test/last}`, client);
    expect(await refused(client)).toEqual([]);
    expect(node.output()).not.toMatch(/NOPERM|does not keep/);
    expect(await client.call('INFO', 'commandstats')).toMatch(/cmdstat_hscan/);
  });

  it('need not have what is for the time after a crash, but the log says that nothing is kept', async () => {
    const redis = await startSharedRedis();
    const client = await redis.connect();
    const rule = RULE.filter((part) => !/njchan:|hscan/.test(part));
    await client.call('ACL', 'SETUSER', 'njchan', ...rule);
    const url = `redis://njchan:secret@127.0.0.1:${redis.port}`;
    for (const off of [true, false]) {
      const location = `${HOOK} njchan_hooks_after_crash ${off ? 'off' : 'on'};`;
      const node = await startNode(url, { location });
      await useAll(node, '{channel:test/last}', client);
      expect(/Redis does not keep subscribers .*NOPERM/.test(node.output())).toBe(!off);
      await client.flushall();
    }
  });

  it('stores and deletes nothing in channels that it may not announce on', async () => {
    const redis = await startSharedRedis();
    const client = await redis.connect();
    const rule = RULE.map((part) => part.replace('&{channel:*', '&{channel:test/[^c]*'));
    await client.call('ACL', 'SETUSER', 'njchan', ...rule);
    const node = await startNode(`redis://njchan:secret@127.0.0.1:${redis.port}`);
    expect((await publish(node, '/pub/open', 'x')).status).toBe(202);
    expect((await publish(node, '/pub/closed', 'x')).status).toBe(503);
    await expectLogOf(outageRow('the user may not announce on a channel'), () => node.output());
    expect(node.output()).toMatch(
      /refuses publish: NOPERM this user may not PUBLISH to \{channel:test\/closed\}:pubsub/,
    );
    expect(await client.keys('*')).toEqual(expect.not.arrayContaining([expect.stringContaining('closed')]));
    await client.hset('{channel:test/closed}', 'subscribers', 1);
    expect((await request(node.port, 'DELETE', '/pub/closed')).status).toBe(503);
    expect(await client.exists('{channel:test/closed}')).toBe(1);
  });

  it('is told of in the log where it may not have the keys of a channel', async () => {
    const redis = await startSharedRedis();
    const client = await redis.connect();
    const rule = RULE.map((part) => part.replace('~{channel:*', '~{channel:test/[^c]*'));
    await client.call('ACL', 'SETUSER', 'njchan', ...rule);
    const node = await startNode(`redis://njchan:secret@127.0.0.1:${redis.port}`);
    const stream = await openEventSource(`${node.url}/sub/closed`);
    await expectLogOf(outageRow('the user may not have the keys of a channel'), () => node.output());
    expect((await publish(node, '/pub/closed', 'x')).status).toBe(503);
    expect((await publish(node, '/pub/open', 'x')).status).toBe(202);
    expect(node.output().match(/a channel in Redis failed/g)?.length).toBeLessThan(4);
    await client.call('ACL', 'SETUSER', 'njchan', '~{channel:*');
    await waitFor('the permission', async () => (await publish(node, '/pub/closed', 'x')).status < 300);
    expect((await stream.event()).data).toBe('x');
  });

  it('may do nothing outside of the channels', async () => {
    const redis = await startSharedRedis();
    const client = await redis.connect();
    await client.call('ACL', 'SETUSER', 'njchan', ...RULE);
    const narrow = client.duplicate({ username: 'njchan', password: 'secret', disableClientInfo: true });
    narrow.on('error', () => {});
    await narrow.connect();
    await expect(narrow.get('other')).rejects.toThrow('NOPERM');
    await expect(narrow.flushall()).rejects.toThrow('NOPERM');
    await expect(narrow.publish('other', 'x')).rejects.toThrow('NOPERM');
    narrow.disconnect();
  });

  it('may do all in a cluster, with the further commands', async () => {
    const cluster = await startCluster(3);
    const clients = await Promise.all(cluster.masters.map((master) => master.connect()));
    for (const client of clients) await client.call('ACL', 'SETUSER', 'njchan', ...RULE, ...IN_CLUSTER);
    const node = await startNode(`redis://njchan:secret@127.0.0.1:${cluster.masters[0]?.port}`, {
      location: HOOK,
    });
    const key = '{channel:test/last}';
    const slot = Number(await clients[0]?.cluster('KEYSLOT', key));
    const ranges = (await clients[0]?.cluster('SLOTS')) as unknown as [number, number, [string, number]][];
    const port = ranges.find(([from, to]) => slot >= from && slot <= to)?.[2][1];
    const owner = clients[cluster.masters.findIndex((master) => master.port === port)] as Redis;
    await useAll(node, key, owner);
    for (const client of clients) expect(await refused(client)).toEqual([]);
    expect(node.output()).not.toMatch(/NOPERM|does not keep/);
  });
});

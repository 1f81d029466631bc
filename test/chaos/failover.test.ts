/** A master dies and its replica takes over, in a cluster and with Sentinels, while messages are on their way. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keySlot } from '../../sidecar/store/redis/key-slot.ts';
import { tempDir } from '../support/files.ts';
import type { Njchan } from '../support/njchan.ts';
import { expectLogOf, outageRow } from '../support/outage-table.ts';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { infoField } from '../support/redis-info.ts';
import { waitFor } from '../support/wait.ts';
import { startChaosNode } from './nodes.ts';
import { FULL, Ordeal } from './ordeal.ts';

const urlOf = ({ port }: { port: number }) => `redis://127.0.0.1:${port}`;

it('in a cluster of six', async () => {
  const cluster = await startCluster(3);
  for (const master of cluster.masters) await cluster.addReplica(master);
  await cluster.settled();
  const urls = cluster.masters.map(urlOf);
  const nodes = await Promise.all([startChaosNode(urls), startChaosNode(urls)]);
  const ordeal = new Ordeal(nodes, FULL);
  const slot = keySlot(Buffer.from(`{channel:test/${ordeal.publishers[0]?.channel}}`));
  const victim = cluster.masters[Math.floor((slot * 3) / 16_384)] as RedisServer;
  await ordeal.run(async () => {
    await untilReplicated(victim, () => victim.signal('SIGKILL'));
  });
  expect(ordeal.losses).toEqual([]);
  await expectTakeover(nodes);
}, 240_000);

it('with Sentinels', async () => {
  const start = async () =>
    startRedis({ port: await freePort(), settings: { 'repl-diskless-sync-delay': 0 } });
  const [master, replica] = await Promise.all([start(), start()]);
  await (await replica.connect()).replicaof('127.0.0.1', master.port);
  await waitFor(
    'replication',
    async () => (await infoField(await replica.connect(), 'master_link_status')) === 'up',
  );
  const port = await freePort();
  const configFile = join(tempDir(), 'sentinel.conf');
  writeFileSync(
    configFile,
    `sentinel monitor mymaster 127.0.0.1 ${master.port} 1
     sentinel down-after-milliseconds mymaster 500
     sentinel failover-timeout mymaster 2000\n`,
  );
  await startRedis({ port, configFile, sentinel: true });
  const url = `redis+sentinel://127.0.0.1:${port}/mymaster`;
  const nodes = await Promise.all([startChaosNode([url]), startChaosNode([url])]);
  const ordeal = new Ordeal(nodes, FULL);
  await ordeal.run(async () => {
    await untilReplicated(master, () => master.signal('SIGKILL'));
  });
  expect(ordeal.losses).toEqual([]);
  await expectTakeover(nodes);
}, 240_000);

async function expectTakeover(nodes: readonly Njchan[]): Promise<void> {
  const row = outageRow('a master dies, a replica takes its place');
  for (const node of nodes) await expectLogOf(row, () => node.output());
}

/**
 * Has no client write for a moment, waits until the replicas have everything, and then does it: a master answers before
 * its replicas know, so that what it took last would be lost with it, whoever the clients are.
 */
async function untilReplicated(master: RedisServer, action: () => Promise<void>): Promise<void> {
  const client = await master.connect();
  await client.call('CLIENT', 'PAUSE', '10000', 'WRITE');
  await waitFor('the replica to have everything', async () => {
    const [own, replicas] = await Promise.all([
      infoField(client, 'master_repl_offset'),
      infoField(client, 'slave0'),
    ]);
    return replicas?.includes(`offset=${own},`);
  });
  await action();
}

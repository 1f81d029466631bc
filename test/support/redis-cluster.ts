/** Runs a Redis Cluster on loopback ports. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { shareInterface } from './containers/redis-container.ts';
import { freePort } from './ports.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { waitFor } from './wait.ts';

const REDIS_CLI = process.env.NJCHAN_REDIS_CLI ?? 'redis-cli';

/** Milliseconds after which a server that does not answer counts as failed. */
const NODE_TIMEOUT_MS = 1_000;

/** In containers, which get their ports beforehand. */
const SERVERS_AT_MOST = 8;

export interface RedisCluster {
  /** The servers that were made masters, in the order of their slots. */
  readonly masters: readonly RedisServer[];
  /** All servers, those that joined later included. */
  readonly servers: readonly RedisServer[];
  /** Adds a server without slots. */
  add(): Promise<RedisServer>;
  /** Adds a replica of a master, and waits until it is in sync. */
  addReplica(master: RedisServer): Promise<RedisServer>;
  /** Waits until every server says that all is well, and knows all others. */
  settled(): Promise<void>;
}

/** The name of a server in its cluster. */
export async function nodeId(server: RedisServer): Promise<string> {
  return (await (await server.connect()).cluster('MYID')) as string;
}

/** Makes `to` the master of a slot that is `from`'s. In between, keys move one by one, and `during` runs. */
export async function moveSlot(
  slot: number,
  from: RedisServer,
  to: RedisServer,
  during: () => Promise<void> = async () => {},
): Promise<void> {
  const [source, target] = await Promise.all([from.connect(), to.connect()]);
  const [sourceId, targetId] = await Promise.all([nodeId(from), nodeId(to)]);
  await target.cluster('SETSLOT', slot, 'IMPORTING', sourceId);
  await source.cluster('SETSLOT', slot, 'MIGRATING', targetId);
  const keys = (await source.cluster('GETKEYSINSLOT', slot, 1_000)) as string[];
  for (const key of keys) await source.migrate('127.0.0.1', to.port, key, 0, 5_000);
  await during();
  await target.cluster('SETSLOT', slot, 'NODE', targetId);
  await source.cluster('SETSLOT', slot, 'NODE', targetId);
}

/** Starts a cluster of so many masters. Stopped after the test file. */
export async function startCluster(size: number): Promise<RedisCluster> {
  const servers: RedisServer[] = [];
  // They have to reach each other under the addresses under which they are reached from here.
  const shared = inject('redisProgram') === undefined ? undefined : await shareInterface(SERVERS_AT_MOST);
  const start = async () => {
    const [port, busPort] = await Promise.all([shared?.port() ?? freePort(), freePort()]);
    const server = await startRedis({
      port,
      shared,
      settings: {
        'cluster-enabled': 'yes',
        'cluster-port': busPort,
        'cluster-node-timeout': NODE_TIMEOUT_MS,
        'repl-diskless-sync-delay': 0,
      },
    });
    servers.push(server);
    return server;
  };
  const masters = await Promise.all(Array.from({ length: size }, start));
  const addresses = masters.map(({ port }) => `127.0.0.1:${port}`);
  await promisify(execFile)(REDIS_CLI, ['--cluster', 'create', ...addresses, '--cluster-yes']);
  const settled = async () => {
    await waitFor('the cluster to settle', async () => {
      for (const server of servers) {
        const info = (await (await server.connect()).cluster('INFO')) as string;
        if (!info.includes('cluster_state:ok') || !info.includes(`cluster_known_nodes:${servers.length}`))
          return false;
      }
      return true;
    });
  };
  const add = async () => {
    const server = await start();
    // Only the first server's bus port is known to it, so that is named.
    const first = masters[0]!;
    const nodes = (await (await first.connect()).cluster('NODES')) as string;
    const busPort = new RegExp(`:${first.port}@(\\d+)`).exec(nodes)?.[1];
    await (await server.connect()).call('CLUSTER', 'MEET', '127.0.0.1', first.port, busPort ?? '');
    await settled();
    return server;
  };
  await settled();
  return {
    masters,
    servers,
    add,
    async addReplica(master) {
      const replica = await add();
      const client = await replica.connect();
      await client.cluster('REPLICATE', await nodeId(master));
      await waitFor('replication', async () =>
        (await client.info('replication')).includes('master_link_status:up'),
      );
      return replica;
    },
    settled,
  };
}

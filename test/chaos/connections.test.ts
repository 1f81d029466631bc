/** Connections that break and a Redis that stands still or forgets, while messages are on their way. */

import type { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Njchan } from '../support/njchan.ts';
import { expectLogOf, outageRow } from '../support/outage-table.ts';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { sleep, waitFor } from '../support/wait.ts';
import { linesOf, startChaosNode } from './nodes.ts';
import { FULL, Ordeal, type OrdealOptions, type Size, SMALL } from './ordeal.ts';

const COMMAND_TIMEOUT_MS = 500;

let redis: RedisServer;
let client: Redis;
let nodes: Njchan[];
beforeAll(async () => {
  redis = await startRedis({ port: await freePort() });
  client = await redis.connect();
  const url = `redis://127.0.0.1:${redis.port}`;
  const upstream = `nchan_redis_command_timeout ${COMMAND_TIMEOUT_MS}ms;`;
  nodes = await Promise.all([startChaosNode([url], { upstream }), startChaosNode([url])]);
});

async function endure(
  fault: () => Promise<void>,
  size: Size = SMALL,
  options: OrdealOptions = {},
): Promise<Ordeal> {
  const ordeal = new Ordeal(nodes, size, options);
  await ordeal.run(fault);
  expect(ordeal.losses).toEqual([]);
  return ordeal;
}

describe('a connection is killed again and again:', () => {
  // The pubsub connections first: what the log says of them is read, and it says little soon after another outage.
  it.each(['pubsub', 'scripts', 'shutdown'])(
    '%s',
    async (role) => {
      const ordeal = new Ordeal(nodes);
      await ordeal.run(async () => {
        for (let round = 0; round < 5; round++) {
          const ids = await waitFor(`the ${role} connections`, async () => {
            const clients = (await client.call('CLIENT', 'LIST')) as string;
            const found = [...clients.matchAll(new RegExp(`^id=(\\d+) .* name=njchan:${role}:`, 'gm'))];
            return found.length === nodes.length ? found : undefined;
          });
          for (const [, id] of ids) await client.call('CLIENT', 'KILL', 'ID', id as string);
          await ordeal.progress(50);
        }
      });
      expect(ordeal.losses).toEqual([]);
      if (role !== 'pubsub') return;
      for (const node of nodes)
        await expectLogOf(outageRow('CLIENT KILL of one connection'), () => node.output());
    },
    60_000,
  );
});

describe('Redis', () => {
  it('forgets its scripts', async () => {
    const ordeal = await endure(async () => {
      for (let round = 0; round < 10; round++) {
        await client.script('FLUSH');
        await sleep(10);
      }
    });
    expect(ordeal.statuses).not.toHaveProperty('500');
    for (const node of nodes)
      await expectLogOf(outageRow('SCRIPT FLUSH, a server without the scripts'), () => node.output());
  }, 60_000);

  it('forgets everything', async () => {
    const flush = async () => {
      for (let round = 0; round < 5; round++) {
        await client.flushall();
        await sleep(100);
      }
    };
    const ordeal = await endure(flush, SMALL, { small: true });
    expect(ordeal.statuses).not.toHaveProperty('500');
    expect(ordeal.statuses).not.toHaveProperty('503');
  }, 60_000);

  it('pauses its clients', async () => {
    await endure(async () => {
      await client.call('CLIENT', 'PAUSE', '2000', 'ALL');
      await sleep(2000);
    }, FULL);
  }, 240_000);

  it('stands still for longer than the command timeout', async () => {
    const ordeal = await endure(async () => {
      const before = ordeal0();
      await redis.signal('SIGSTOP');
      await waitFor('it to be noticed', () => ordeal0() > before);
      await redis.signal('SIGCONT');
    }, FULL);
    expect(ordeal.accepted).toBeGreaterThan(0);
    await expectLogOf(outageRow('it stops answering'), () => (nodes[0] as Njchan).output());
    function ordeal0(): number {
      return linesOf(nodes[0] as Njchan, /no reply for/).length;
    }
  }, 240_000);
});

/** Processes that die and come back while messages are on their way: Redis, and the sidecar. */
import { describe, expect, it } from 'vitest';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { linesOf, startChaosNode, untilServing } from './nodes.ts';
import { FULL, Ordeal } from './ordeal.ts';

const AOF = { appendonly: 'yes', appendfsync: 'always' };

async function start(settings: Record<string, string> = {}) {
  const redis = await startRedis({ port: await freePort(), settings });
  const url = `redis://127.0.0.1:${redis.port}`;
  const nodes = await Promise.all([startChaosNode([url]), startChaosNode([url])]);
  return { redis, nodes };
}

describe('Redis', () => {
  it('is killed and comes back with what it wrote down', async () => {
    const { redis, nodes } = await start(AOF);
    const ordeal = new Ordeal(nodes, FULL);
    await ordeal.run(async () => {
      await redis.signal('SIGKILL');
      await redis.restart();
    });
    expect(ordeal.losses).toEqual([]);
    for (const node of nodes) {
      expect(linesOf(node, /warn sidecar: Redis is unavailable/)).toHaveLength(1);
      expect(linesOf(node, /warn|error/).length).toBeLessThan(20);
    }
  }, 240_000);

  it('comes back without its data', async () => {
    const { redis, nodes } = await start();
    const ordeal = new Ordeal(nodes);
    await ordeal.run(async () => {
      await redis.signal('SIGTERM');
      await redis.restart();
    });
    expect(ordeal.losses).toEqual([]);
  }, 60_000);
});

describe('the sidecar', () => {
  it('is killed and started again, and subscribers go on where they were', async () => {
    const { nodes } = await start();
    const [first] = nodes;
    const ordeal = new Ordeal(nodes, FULL);
    await ordeal.run(async () => {
      const pid = await first.sidecarPid();
      process.kill(pid, 'SIGKILL');
      await waitFor('another sidecar', async () => ![pid, undefined].includes(await first.sidecarPid()));
      await untilServing(first);
    });
    const own = ordeal.subscribers.filter((_, place) => place % 2 === 1);
    expect(own.flatMap(({ losses }) => losses)).toEqual([]);
  }, 240_000);
});

/** Redis dies and comes back while as much is on its way as the project promises to get through. */
import { expect, it } from 'vitest';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import { linesOf, startChaosNode } from './nodes.ts';
import { FULL, Ordeal } from './ordeal.ts';

const AOF = { appendonly: 'yes', appendfsync: 'always' };

it('Redis is killed and comes back with what it wrote down', async () => {
  const redis = await startRedis({ port: await freePort(), settings: AOF });
  const url = `redis://127.0.0.1:${redis.port}`;
  const nodes = await Promise.all([startChaosNode([url]), startChaosNode([url])]);
  const ordeal = new Ordeal(nodes, FULL);
  await ordeal.run(async () => {
    await redis.signal('SIGKILL');
    await redis.restart();
  });
  expect(ordeal.losses).toEqual([]);
  for (const node of nodes) {
    expect(linesOf(node, /warn sidecar: Redis is unavailable/)).toHaveLength(1);
    // Subscribers that leave are no fault; that Redis did is one.
    expect(linesOf(node, /^(?!.*Redis at ).*(EPIPE|ECONNRESET)/)).toEqual([]);
    expect(linesOf(node, /warn|error/).length).toBeLessThan(20);
  }
}, 240_000);

/** Processes that die and come back while messages are on their way: Redis, and the sidecar. */
import { describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { expectLogOf, outageRow } from '../support/outage-table.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { startChaosNode, untilServing } from './nodes.ts';
import { FULL, Ordeal, SMALL } from './ordeal.ts';

async function start() {
  const redis = await startRedis({ port: await freePort() });
  const url = `redis://127.0.0.1:${redis.port}`;
  const nodes = await Promise.all([startChaosNode([url]), startChaosNode([url])]);
  return { redis, nodes };
}

describe('Redis', () => {
  it('comes back without its data', async () => {
    const { redis, nodes } = await start();
    const ordeal = new Ordeal(nodes, SMALL, { small: true });
    const stream = await openEventSource(`${nodes[0].url}/sub/stays`);
    /** Publishes, and gives the second of the id under which it came. */
    const secondOf = async (body: string) => {
      await request(nodes[0].port, 'POST', '/pub/stays', { body });
      const { id, data } = await stream.event();
      expect(data).toBe(body);
      return Number(id?.split(':')[0]);
    };
    let before = Number.NaN;
    await ordeal.run(async () => {
      before = await secondOf('before');
      await redis.signal('SIGTERM');
      await redis.restart();
    });
    expect(ordeal.losses).toEqual([]);
    expect(await secondOf('after')).toBeGreaterThan(before);
    for (const node of nodes)
      await expectLogOf(outageRow('it is back without its data'), () => node.output());
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

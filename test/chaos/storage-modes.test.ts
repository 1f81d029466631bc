/** The storage modes backup and nostore while Redis dies, stands still or breaks connections. */
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../properties/transports.ts';
import type { Njchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { linesOf, startChaosNode } from './nodes.ts';
import { Ordeal, SMALL } from './ordeal.ts';

/** Does something to Redis, and something else while it is away. */
type Fault = (redis: RedisServer, ordeal: Ordeal, meanwhile?: () => Promise<void>) => Promise<void>;

async function killConnections(redis: RedisServer, ordeal: Ordeal, role: string): Promise<void> {
  const client = await redis.connect();
  const found = async () => {
    const clients = (await client.call('CLIENT', 'LIST')) as string;
    return [...clients.matchAll(new RegExp(`^id=(\\d+) .* name=njchan:${role}:`, 'gm'))];
  };
  for (let round = 0; round < 3; round++) {
    const ids = await waitFor(`the ${role} connections`, async () => {
      const all = await found();
      return all.length === ordeal.nodes.length ? all : undefined;
    });
    for (const [, id] of ids) await client.call('CLIENT', 'KILL', 'ID', id as string);
  }
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'is killed and comes back': async (redis, _ordeal, meanwhile) => {
    await redis.signal('SIGKILL');
    await meanwhile?.();
    await redis.restart();
  },
  'stands still for longer than the command timeout': async (redis, { nodes: [node] }, meanwhile) => {
    await redis.signal('SIGSTOP');
    await meanwhile?.();
    await waitFor('it to be noticed', () => node && linesOf(node, /no reply for/).length > 0);
    await redis.signal('SIGCONT');
  },
  'ends the connections for announcements': (redis, ordeal) => killConnections(redis, ordeal, 'pubsub'),
};
const KILLED_SCRIPTS: Fault = (redis, ordeal) => killConnections(redis, ordeal, 'scripts');

async function start(mode: string, nodes: number) {
  const redis = await startRedis({ port: await freePort() });
  const options = {
    upstream: 'nchan_redis_command_timeout 500ms;',
    location: `nchan_redis_storage_mode ${mode};`,
  };
  const url = `redis://127.0.0.1:${redis.port}`;
  const started = Array.from({ length: nodes }, () => startChaosNode([url], options));
  return { redis, nodes: await Promise.all(started) };
}

describe('backup: memory goes on, for publishers and subscribers, while Redis', () => {
  it.each(Object.entries({ ...FAULTS, 'ends the connections for scripts': KILLED_SCRIPTS }))(
    '%s',
    async (_name, fault) => {
      const { redis, nodes } = await start('backup', 1);
      const ordeal = new Ordeal(nodes);
      await ordeal.run(async () => {
        await fault(redis, ordeal, async () => {
          await ordeal.progress(100);
          const { port } = nodes[0] as Njchan;
          expect((await request(port, 'POST', '/pub/new', { body: 'x' })).status).toBe(202);
          expect((await request(port, 'GET', '/longpoll/new')).body.toString()).toBe('x');
        });
      });
      expect(ordeal.losses).toEqual([]);
      expect(ordeal.subscribers.reduce((sum, { refusals }) => sum + refusals, 0)).toBe(0);
      expect(Object.keys(ordeal.statuses).filter((status) => !/^20[12]$/.test(status))).toEqual([]);
    },
    60_000,
  );
});

/** Nothing is kept by which the others could go on. */
const STREAMS = {
  transports: TRANSPORTS.filter(({ name }) => /websocket|eventsource|multipart/.test(name)),
  unstored: true,
};

describe('nostore: who is connected', () => {
  it('gets all that is accepted while Redis ends the connections for scripts', async () => {
    const { redis, nodes } = await start('nostore', 2);
    const ordeal = new Ordeal(nodes, SMALL, STREAMS);
    await ordeal.run(() => KILLED_SCRIPTS(redis, ordeal));
    expect(ordeal.losses).toEqual([]);
  }, 60_000);

  it.each(Object.entries(FAULTS))(
    'stays, and gets all that is accepted but for the time in which Redis %s',
    async (_name, fault) => {
      const { redis, nodes } = await start('nostore', 2);
      const ordeal = new Ordeal(nodes, SMALL, STREAMS);
      await ordeal.run(() => ordeal.loosely(() => fault(redis, ordeal)));
      expect(ordeal.losses).toEqual([]);
    },
    60_000,
  );
});

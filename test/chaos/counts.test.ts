/** What Redis knows of subscribers after a process has gone. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { beforeAll, expect, it } from 'vitest';
import { SUSPICION_MS } from '../../sidecar/store/redis/dead-workers.ts';
import { startNchanNode } from '../redis/support.ts';
import { expectLogOf, outageRow } from '../support/outage-table.ts';
import { freePort } from '../support/ports.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { startChaosNode, untilServing } from './nodes.ts';

const SUBSCRIBERS = 1000;
const CHANNELS = 50;

let redis: RedisServer;
let client: Redis;
let url: string;
beforeAll(async () => {
  redis = await startRedis({ port: await freePort() });
  client = await redis.connect();
  url = `redis://127.0.0.1:${redis.port}`;
});

const headOf = (prefix: string, channel: number) => `{channel:test/${prefix}${channel}}`;

/** The sum over all channels. */
async function known(prefix: string, field: 'fake_subscribers' | 'subscribers'): Promise<number> {
  const numbers = await Promise.all(
    Array.from({ length: CHANNELS }, (_, channel) => client.hget(headOf(prefix, channel), field)),
  );
  return numbers.reduce((sum, number) => sum + Number(number), 0);
}

/** By channel: what each worker is said to have. */
async function byWorker(prefix: string): Promise<string[]> {
  const all = await Promise.all(
    Array.from({ length: CHANNELS }, (_, channel) =>
      client.hvals(`${headOf(prefix, channel)}:subscriber_counts`),
    ),
  );
  return all.flat();
}

async function subscribe(port: number, prefix: string, count = SUBSCRIBERS): Promise<RawConnection[]> {
  const connections: RawConnection[] = [];
  for (let i = 0; i < count; i++) {
    const connection = await RawConnection.open(port);
    connection.send(
      `GET /sub/${prefix}${i % CHANNELS} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`,
    );
    connections.push(connection);
  }
  return connections;
}

it('SIGTERM with a thousand subscribers leaves none', async () => {
  const row = outageRow('the sidecar is stopped, or crashes');
  const node = await startChaosNode([url]);
  await subscribe(node.port, 'term');
  await waitFor('all to be known', async () => (await known('term', 'fake_subscribers')) === SUBSCRIBERS);
  expect(await known('term', 'subscribers')).toBe(CHANNELS);
  expect((await node.stop()).code).toBe(0);
  expect(await known('term', 'fake_subscribers')).toBe(0);
  expect(await known('term', 'subscribers')).toBe(0);
  expect((await byWorker('term')).filter((count) => count !== '0')).toEqual([]);
  await expectLogOf(row, () => node.output());
}, 60_000);

it('SIGTERM while they come leaves none', async () => {
  const node = await startChaosNode([url]);
  void subscribe(node.port, 'come').catch(() => {});
  await waitFor('some to be known', async () => (await known('come', 'fake_subscribers')) > 100);
  await node.stop();
  expect(await known('come', 'fake_subscribers')).toBe(0);
  expect(await known('come', 'subscribers')).toBe(0);
}, 60_000);

it('SIGKILL of servers leaves numbers that are soon right again, and those of the living as they are', async () => {
  const [dying, other, nchan] = await Promise.all([
    startChaosNode([url]),
    startChaosNode([url]),
    startNchanNode(url),
  ]);
  await Promise.all([
    ...[subscribe(dying.port, 'kill', 200), subscribe(other.port, 'kill', 100)],
    subscribe(nchan.port, 'kill', 50),
    // Of channels that only the dying one has, those that somebody publishes to are put right, too.
    subscribe(dying.port, 'alone', CHANNELS),
  ]);
  const dyingNchan = await startNchanNode(url);
  await waitFor('all to be known', async () => (await known('kill', 'fake_subscribers')) === 350);
  await waitFor('those, too', async () => (await known('alone', 'fake_subscribers')) === CHANNELS);
  const before = Object.keys(await client.hgetall(`${headOf('kill', 0)}:subscriber_counts`));
  await subscribe(dyingNchan.port, 'kill', 25);
  await waitFor('all again', async () => (await known('kill', 'fake_subscribers')) === 375);

  const after = Object.keys(await client.hgetall(`${headOf('kill', 0)}:subscriber_counts`));
  const worker = after.find((one) => !before.includes(one));
  const pid = await dying.sidecarPid();
  process.kill(pid, 'SIGKILL');
  process.kill(Number(/\{(\d+):/.exec(worker as string)?.[1]), 'SIGKILL');
  await waitFor('another sidecar', async () => ![pid, undefined].includes(await dying.sidecarPid()));
  await untilServing(dying);
  await subscribe(dying.port, 'kill', 150);
  const publish = async () => (await request(other.port, 'POST', '/pub/alone7', { body: 'x' })).status;
  expect(await publish()).toBe(201);
  await waitFor(
    'the numbers to be right',
    async () => (await known('kill', 'fake_subscribers')) === 300,
    SUSPICION_MS + 15_000,
  );
  await waitFor('nobody to be left of the dead', async () => (await publish()) === 202, SUSPICION_MS);
  expect((await byWorker('kill')).reduce((sum, count) => sum + Number(count), 0)).toBe(300);
  const registered = async (head: string) =>
    (await client.hkeys(head)).filter((field) => field.startsWith('registered:')).length;
  await waitFor(
    'its registrations to be taken back',
    async () => (await registered(headOf('kill', 0))) === 2,
  );
  expect(await registered(headOf('alone', 7))).toBe(0);
  expect(await client.hget(headOf('alone', 7), 'subscribers')).toBe('0');
  await expectLogOf(outageRow('the sidecar is killed (kill -9)'), () => dying.output());
}, 90_000);

it('a reload that changes the upstream leaves none', async () => {
  const node = await startChaosNode([url], { upstream: 'nchan_redis_command_timeout 4s;' });
  const connections = await subscribe(node.port, 'reload', 100);
  await waitFor('all to be known', async () => (await known('reload', 'fake_subscribers')) === 100);
  writeFileSync(node.configFile, readFileSync(node.configFile, 'utf8').replace('timeout 4s', 'timeout 3s'));
  node.kill('SIGHUP');
  await waitFor('the subscribers to be ended', () => connections.every(({ closed }) => closed));
  await waitFor('none', async () => (await known('reload', 'fake_subscribers')) === 0);
  await waitFor('no server', async () => (await known('reload', 'subscribers')) === 0);
  await untilServing(node);
  await subscribe(node.port, 'reload', 10);
  await waitFor('the new ones', async () => (await known('reload', 'fake_subscribers')) === 10);
}, 60_000);

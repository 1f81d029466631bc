/** A Redis that is not as it should be: a log line that says so, a 5xx for publishers, and subscribers who stay. */
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { threat } from '../security/threats.ts';
import { atEnd } from '../support/cleanup.ts';
import { openEventSource } from '../support/eventsource.ts';
import type { Njchan } from '../support/njchan.ts';
import { expectLogOf, outageRow } from '../support/outage-table.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { linesOf, mistakes, startChaosNode } from './nodes.ts';

const start = async (settings: Record<string, string> = {}): Promise<RedisServer> =>
  startRedis({ port: await freePort(), settings });
const urlOf = ({ port }: { port: number }, userinfo = '') => `redis://${userinfo}127.0.0.1:${port}`;
const publish = (node: Njchan, channel: string, body = 'x') =>
  request(node.port, 'POST', `/pub/${channel}`, { body });
const logged = (node: Njchan, pattern: RegExp) =>
  waitFor(`${pattern} in ${node.output()}`, () => linesOf(node, pattern).length > 0);

/** It says why, once, answers 503, and is there. */
async function expectRefusals(node: Njchan, why: RegExp): Promise<void> {
  await logged(node, why);
  expect(await request(node.port, 'GET', '/sub/a')).toMatchObject({ status: 503 });
  expect(await publish(node, 'a')).toMatchObject({ status: 503 });
  expect(linesOf(node, why).length).toBeLessThanOrEqual(3); // of three connections
  expect(mistakes(node)).toEqual([]);
}

const HASTY = { lame: true, upstream: 'nchan_redis_retry_commands_max_wait 300ms;' };

describe('an upstream that cannot be used', () => {
  const row = outageRow('wrong password, wrong user, no Redis');

  it('for its password', async () => {
    const redis = await startRedis({
      port: await freePort(),
      settings: { requirepass: 'right' },
      password: 'right',
    });
    const node = await startChaosNode([urlOf(redis, ':wrong@')], HASTY);
    await expectRefusals(node, /WRONGPASS/);
    expect(node.output()).not.toContain('wrong@');
    await expectLogOf(row, () => node.output());
  });

  it('for its user', async () => {
    const node = await startChaosNode([urlOf(await start(), 'nobody:sekret@')], HASTY);
    await expectRefusals(node, /WRONGPASS/);
    expect(node.output()).not.toContain('sekret');
    await expectLogOf(row, () => node.output());
  });

  it('because it is something else', async () => {
    const server = createServer((_, response) => response.end('hello'));
    atEnd(() => void server.close());
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const node = await startChaosNode([urlOf({ port })], HASTY);
    await expectRefusals(node, /does not speak as Redis does/);
  });

  it('because nobody is there', async () => {
    const node = await startChaosNode([urlOf({ port: await freePort() })], HASTY);
    await expectRefusals(node, /Redis is unavailable: .*/);
  });
});

describe('a Redis that refuses to subscribe', () => {
  it('to anything: publishers are served, and subscribers at other servers get it', async () => {
    const redis = await start();
    const client = await redis.connect();
    await client.call('ACL', 'SETUSER', 'deaf', 'on', '>pw', '~*', '&*', '+@all', '-subscribe');
    const node = await startChaosNode([urlOf(redis, 'deaf:pw@')], HASTY);
    await logged(node, /NOPERM/);
    expect(await request(node.port, 'GET', '/sub/a')).toMatchObject({ status: 503 });
    expect(await publish(node, 'a', 'heard')).toMatchObject({ status: 202 });
    expect(linesOf(node, /NOPERM/)).toHaveLength(1);
    const other = await startChaosNode([urlOf(redis)]);
    const stream = await openEventSource(`${other.url}/sub/a`);
    expect(await stream.event()).toMatchObject({ data: 'heard' });
    expect(mistakes(node)).toEqual([]);
  });

  it('to channels: publishers are served, subscribers wait and go on when it is allowed', async () => {
    const redis = await start();
    const client = await redis.connect();
    await client.call('ACL', 'SETUSER', 'deaf', 'on', '>pw', '~*', '&nchan_worker:*', '+@all');
    const node = await startChaosNode([urlOf(redis, 'deaf:pw@')]);
    const stream = await openEventSource(`${node.url}/sub/a`);
    await logged(node, /NOPERM|No permission/i);
    expect((await publish(node, 'b', 'elsewhere')).status).toBe(503);
    await client.call('ACL', 'SETUSER', 'deaf', '&*');
    expect((await publish(node, 'a', 'heard')).status).toBeLessThan(300);
    expect(await stream.event()).toMatchObject({ data: 'heard' });
    expect(mistakes(node)).toEqual([]);
  }, 60_000);
});

describe('a healthy Redis', () => {
  it('with garbage on a PUBSUB channel goes on delivering', async () => {
    threat('redis-garbage');
    const redis = await start();
    const client = await redis.connect();
    const node = await startChaosNode([urlOf(redis)]);
    const stream = await openEventSource(`${node.url}/sub/a`);
    expect((await publish(node, 'a', 'before')).status).toBeLessThan(300);
    expect(await stream.event()).toMatchObject({ data: 'before' });
    const garbage = [
      '',
      'hello',
      '\xc1',
      '\x93\xa3msg',
      '\x90',
      '\x80',
      '\x91\xa5alert',
      '\x93\xa5alert\xaedelete channel\xa6test/b',
      '\x92\xa5alert\xa4what',
      '\x99\xa3msg\xff\xff\xff\xff\xff\xa1x\xa0\xa0',
      '\x99\xa3msg\x01\x02\x03\x04\x05\xa1x\xa0\xa0',
      '\x94\xa6msgkey\x01\x02\xa3key',
      '\x94\xa6msgkey\xce\xff\xff\xff\xff\x02\xa3key',
      '\xdd\xff\xff\xff\xff',
      `\x9a\xa3msg\x01${'\xcb\x00\x00\x00\x00\x00\x00\x00\x00'.repeat(4)}\xa1x\xa0\xa0\x00`,
    ];
    for (let round = 0; round < 20; round++) {
      for (const bytes of garbage) {
        await client.publish('{channel:test/a}:pubsub', Buffer.from(bytes, 'latin1'));
      }
    }
    expect(await publish(node, 'a', 'after')).toMatchObject({ status: 201 });
    expect(await stream.event()).toMatchObject({ data: 'after' });
    await logged(node, /a channel in Redis failed: .*msgpack/);
    expect(linesOf(node, /error sidecar/).length).toBeLessThan(garbage.length);
    expect(mistakes(node)).toEqual([]);
  });

  it('with something else under the name of a channel says so, and its subscribers wait', async () => {
    threat('redis-wrong-type');
    const redis = await start();
    const client = await redis.connect();
    const node = await startChaosNode([urlOf(redis)]);
    await client.set('{channel:test/a}', 'mine');
    const stream = await openEventSource(`${node.url}/sub/a`);
    await logged(node, /WRONGTYPE/);
    for (let i = 0; i < 10; i++) expect(await publish(node, 'a')).toMatchObject({ status: 500 });
    expect(await request(node.port, 'GET', '/pub/a')).toMatchObject({ status: 500 });
    // One line for each script, however often it fails.
    await logged(node, /a request failed.*find_channel\.lua/);
    expect(linesOf(node, /a request failed/)).toHaveLength(2);
    await client.del('{channel:test/a}');
    expect((await publish(node, 'a', 'at last')).status).toBeLessThan(300);
    expect(await stream.event()).toMatchObject({ data: 'at last' });
    expect(mistakes(node)).toEqual([]);
  });

  it('that is full refuses messages; subscribers stay, get what is there, and what comes when there is room', async () => {
    const redis = await start();
    const client = await redis.connect();
    const node = await startChaosNode([urlOf(redis)]);
    expect((await publish(node, 'a', 'before')).status).toBe(202);
    const early = await openEventSource(`${node.url}/sub/a`);
    expect(await early.event()).toMatchObject({ data: 'before' });
    await client.config('SET', 'maxmemory', '1');
    const refused = await Promise.all(Array.from({ length: 10 }, () => publish(node, 'a')));
    expect(refused.map(({ status }) => status)).toEqual(Array(10).fill(503));
    expect((await publish(node, 'new')).status).toBe(503);
    await logged(node, /a request was refused: Redis is full: publish\.lua.*OOM/);
    expect(linesOf(node, /Redis is full/)).toHaveLength(1);
    expect((await request(node.port, 'GET', '/pub/a')).status).toBe(200);
    expect((await request(node.port, 'DELETE', '/pub/new')).status).toBe(404);
    const late = await openEventSource(`${node.url}/sub/a`);
    const other = await openEventSource(`${node.url}/sub/other`);
    expect(await late.event()).toMatchObject({ data: 'before' });
    await client.config('SET', 'maxmemory', '0');
    expect(await publish(node, 'a', 'after')).toMatchObject({ status: 201 });
    for (const stream of [early, late]) expect(await stream.event()).toMatchObject({ data: 'after' });
    await publish(node, 'other', 'too');
    expect(await other.event()).toMatchObject({ data: 'too' });
    // By kind and by time, not by request.
    expect(linesOf(node, /OOM/).length, node.output()).toBeLessThan(20);
    await expectLogOf(outageRow('Redis is full'), () => node.output());
    await waitFor('the counts', async () => {
      const counts = [
        await client.hget('{channel:test/a}', 'fake_subscribers'),
        await client.hget('{channel:test/other}', 'fake_subscribers'),
      ];
      return counts.join() === '2,1';
    });
    expect(mistakes(node)).toEqual([]);
  }, 60_000);
});

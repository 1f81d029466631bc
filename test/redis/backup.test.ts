/** nchan_redis_storage_mode backup: Redis has a copy of what each server keeps for itself. */
import { describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { startNchanNode, startNode, startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const client = await redis.connect();
const url = `redis://127.0.0.1:${redis.port}`;
const BACKUP = { location: 'nchan_redis_storage_mode backup;' };
const njchan = () => startNode(url, BACKUP);
const nchan = () => startNchanNode(url, BACKUP);
const [ours, theirs] = await Promise.all([njchan(), nchan()]);

interface Node {
  readonly port: number;
}

let channels = 0;
const newChannel = () => `b${channels++}`;
const publish = (node: Node, id: string, body: string, place = 'pub') =>
  request(node.port, 'POST', `/${place}/${id}`, { body });
const info = (node: Node, id: string) => request(node.port, 'GET', `/pub/${id}`);
const figures = ({ status, body }: { status: number; body: Buffer }) =>
  `${status} ${body.toString().replace(/last requested: .*/, '')}`;
const idIn = (body: Buffer) => /last message id: (\S+)/.exec(body.toString())?.[1];
/** Waits until the copy has so many messages. */
const copied = (id: string, count: number) =>
  waitFor('the copy', async () => (await client.llen(`{channel:test/${id}}:messages`)) === count);

async function received(node: Node, id: string, count: number): Promise<(string | undefined)[]> {
  const stream = await openEventSource(`http://127.0.0.1:${node.port}/sub/${id}`);
  const events: (string | undefined)[] = [];
  for (let i = 0; i < count; i++) {
    const event = await stream.event();
    events.push(event.id, event.data?.slice(0, 10));
  }
  stream.close();
  return events;
}

/** The ids of the copy, oldest first. */
const idsOfCopy = async (id: string) =>
  (await client.lrange(`{channel:test/${id}}:messages`, 0, -1)).reverse();

describe('a channel', () => {
  it.each([
    ['njchan', 'njchan', () => ours, njchan],
    ['njchan', 'Nchan', () => ours, nchan],
    ['Nchan', 'njchan', () => theirs, njchan],
  ] as const)('of %s is there in a new server of %s', async (_from, _to, earlier, start) => {
    const id = newChannel();
    const source = earlier();
    const large = 'x'.repeat(6000);
    const answers = [];
    for (const body of ['one', large, 'three']) answers.push(await publish(source, id, body));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    await copied(id, 3);
    const after = await start();
    const ids = await idsOfCopy(id);
    // Those of Nchan's copy are made a moment later, by Redis: now and then in the next second.
    if (source === ours) expect(answers.map(({ body }) => idIn(body))).toEqual(ids);
    expect(await received(after, id, 3)).toEqual([ids[0], 'one', ids[1], 'xxxxxxxxxx', ids[2], 'three']);
    expect(figures(await info(after, id))).toMatch(/queued messages: 3[\s\S]*last message id: \d+:\d/);
  });

  it('of a server that is stopped and started again is there, and ids go on', async () => {
    const first = await njchan();
    const id = newChannel();
    const before = idIn((await publish(first, id, 'before')).body) as string;
    await copied(id, 1);
    await first.stop();
    const second = await njchan();
    const after = idIn((await publish(second, id, 'after')).body) as string;
    expect(await received(second, id, 2)).toEqual([before, 'before', after, 'after']);
    expect(after).not.toBe(before);
    const [beforeTime, beforeTag] = before.split(':').map(Number) as [number, number];
    const [time, tag] = after.split(':').map(Number) as [number, number];
    expect(time > beforeTime || (time === beforeTime && tag > beforeTag)).toBe(true);
    const resumed = await openEventSource(`http://127.0.0.1:${second.port}/sub/${id}`, {
      'Last-Event-ID': before,
    });
    expect((await resumed.event()).data).toBe('after');
    resumed.close();
  });

  it('is told about as by Nchan', async () => {
    for (const deed of ['GET', 'DELETE', 'GET'] as const) {
      const [a, b] = await Promise.all(
        [ours, theirs].map(async (node, at) => {
          const id = `told${deed}${at}`;
          const missing = await request(node.port, deed, `/pub/${id}`);
          await publish(node, id, 'x');
          await publish(node, id, 'y', 'pub-short');
          const there = await request(node.port, deed, `/pub/${id}`);
          const later = await info(node, id);
          return [missing, there, later].map((answer) => figures(answer).replace(/\d{10}:\d/, 'ID'));
        }),
      );
      expect(a).toEqual(b);
    }
  });
});

describe('a channel of two servers', () => {
  it.each([
    ['njchan', njchan],
    ['Nchan', nchan],
  ])('has ids in Redis that only grow, where one is of %s', async (_name, start) => {
    const other = await start();
    const id = newChannel();
    for (let i = 0; i < 6; i++) await publish(i % 2 === 0 ? ours : other, id, String(i));
    await copied(id, 6);
    const ids = (await idsOfCopy(id)).map((text) => text.split(':').map(Number) as [number, number]);
    const numbers = ids.map(([time, tag]) => time * 65_536 + tag);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });
});

describe('deleting', () => {
  it.each([
    ['njchan', () => ours],
    ['Nchan', () => theirs],
  ])('at %s deletes the copy, and ends who subscribes there', async (_name, node) => {
    const id = newChannel();
    await publish(node(), id, 'x');
    await copied(id, 1);
    const stream = await openEventSource(`http://127.0.0.1:${node().port}/sub/${id}`);
    expect((await stream.event()).data).toBe('x');
    const deleted = await request(node().port, 'DELETE', `/pub/${id}`);
    expect(deleted.status).toBe(200);
    expect(deleted.body.toString()).toContain('queued messages: 1');
    expect(deleted.body.toString()).toContain('active subscribers: 1');
    await stream.ended;
    await copied(id, 0);
    expect(await client.exists(`{channel:test/${id}}`)).toBe(0);
  });
});

describe('live messages', () => {
  it('reach the subscribers of the server itself, and nobody listens to Redis', async () => {
    for (const node of [ours, theirs]) {
      const id = newChannel();
      const stream = await openEventSource(`http://127.0.0.1:${node.port}/sub/${id}`);
      await waitFor('the subscriber', async () =>
        (await info(node, id)).body.toString().includes('active subscribers: 1'),
      );
      expect((await publish(node, id, 'x')).status).toBe(201);
      expect((await stream.event()).data).toBe('x');
      expect(await client.pubsub('NUMSUB', `{channel:test/${id}}:pubsub`)).toEqual([
        `{channel:test/${id}}:pubsub`,
        0,
      ]);
      expect(await client.hexists(`{channel:test/${id}}`, 'fake_subscribers')).toBe(0);
      stream.close();
    }
  });
});

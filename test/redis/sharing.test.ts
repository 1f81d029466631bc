/** Servers of njchan, and of the real Nchan, share the channels of one Redis. */
import { describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { startNchanNode, startNode, startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const url = `redis://127.0.0.1:${redis.port}`;
const [first, second, nchan] = await Promise.all([startNode(url), startNode(url), startNchanNode(url)]);
const client = await redis.connect();

const NODES = { njchan: first, 'another njchan': second, Nchan: nchan };
const pairs = Object.entries(NODES).flatMap(([from, publisher]) =>
  Object.entries(NODES)
    .filter(([to]) => from !== 'Nchan' || to !== 'Nchan')
    .map(([to, subscriber]) => [from, to, publisher, subscriber] as const),
);

let channels = 0;
const newChannel = () => `c${channels++}`;
const publish = (node: { port: number }, path: string, body: string) =>
  request(node.port, 'POST', path, { headers: { 'Content-Type': 'text/plain' }, body });
/** The number of clients that Redis knows of. */
const known = (id: string) => client.hget(`{channel:test/${id}}`, 'fake_subscribers');

async function subscribe(node: { port: number }, id: string, place = 'sub') {
  const stream = await openEventSource(`http://127.0.0.1:${node.port}/${place}/${id}`);
  await waitFor(
    'Redis to know the subscriber',
    async () => Number(await known(id.split(',')[0] as string)) > 0,
  );
  return stream;
}

describe.each(pairs)('from %s to %s', (_from, _to, publisher, subscriber) => {
  it('messages arrive, those from before and those to come, with the same ids', async () => {
    const id = newChannel();
    const before = await publish(publisher, `/pub/${id}`, 'before');
    expect(before.status).toBe(202);
    const stream = await subscribe(subscriber, id);
    const large = 'x'.repeat(6000);
    for (const body of ['live', large, ''])
      expect((await publish(publisher, `/pub/${id}`, body)).status).toBe(201);
    const events = [await stream.event(), await stream.event(), await stream.event(), await stream.event()];
    expect(events.map(({ data }) => data ?? '')).toEqual(['before', 'live', large, '']);
    expect(before.body.toString()).toContain(`last message id: ${events[0]?.id}`);
    stream.close();
  });

  it('deleting ends subscribers', async () => {
    const id = newChannel();
    const stream = await subscribe(subscriber, id);
    const deleted = await request(publisher.port, 'DELETE', `/pub/${id}`);
    expect(deleted.status).toBe(200);
    expect(deleted.body.toString()).toContain('active subscribers: 1');
    await stream.ended;
  });

  it('a message that no buffer keeps reaches who is there', async () => {
    const id = newChannel();
    const stream = await subscribe(subscriber, id);
    await publish(publisher, `/pub-none/${id}`, 'now');
    expect((await stream.event()).data).toBe('now');
    await publish(publisher, `/pub/${id}`, 'kept');
    expect((await stream.event()).data).toBe('kept');
    const late = await openEventSource(`http://127.0.0.1:${first.port}/sub/${id}`);
    expect((await late.event()).data).toBe('kept');
    stream.close();
    late.close();
  });

  it('subscribers are counted, and forgotten when they leave', async () => {
    const id = newChannel();
    const streams = [await subscribe(subscriber, id), await subscribe(subscriber, id)];
    await waitFor('both', async () => (await known(id)) === '2');
    const info = await request(publisher.port, 'GET', `/pub/${id}`);
    expect(info.body.toString()).toContain('active subscribers: 2');
    for (const stream of streams) stream.close();
    await waitFor('nobody', async () => (await known(id)) === '0');
  });

  it('who resumes gets what came after its id', async () => {
    const id = newChannel();
    const ids: string[] = [];
    for (const body of ['a', 'b', 'c']) {
      const answer = await publish(publisher, `/pub/${id}`, body);
      ids.push(/last message id: (\S+)/.exec(answer.body.toString())?.[1] as string);
    }
    const stream = await openEventSource(`http://127.0.0.1:${subscriber.port}/sub/${id}`, {
      'Last-Event-ID': ids[0] as string,
    });
    expect([(await stream.event()).data, (await stream.event()).data]).toEqual(['b', 'c']);
    stream.close();
  });

  it('several channels come as one', async () => {
    const [a, b] = [newChannel(), newChannel()];
    await publish(publisher, `/pub/${a}`, '1');
    const stream = await subscribe(subscriber, `${a},${b}`);
    await publish(publisher, `/pub/${b}`, '2');
    await publish(publisher, `/pub/${a}`, '3');
    const events = [await stream.event(), await stream.event(), await stream.event()];
    expect(events.map(({ data }) => data)).toEqual(['1', '2', '3']);
    stream.close();
  });

  it('a channel may have any name', async () => {
    const id = `${newChannel()}a%7Db%7Bc%3Ad`;
    await publish(publisher, `/pub/${id}`, 'odd');
    const stream = await openEventSource(`http://127.0.0.1:${subscriber.port}/sub/${id}`);
    expect((await stream.event()).data).toBe('odd');
    stream.close();
  });
});

/** Messages and channels of every kind, between servers of njchan and of the real Nchan on one Redis. */
import { describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';
import { startNchanNode, startNode, startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const client = await redis.connect();
const url = `redis://127.0.0.1:${redis.port}`;
const NOW = 'nchan_redis_fakesub_timer_interval 0;';
const start = (location: string, upstream = '') =>
  Promise.all([
    startNode(url, { location, upstream, http: NOW }),
    startNode(url, { location, upstream, http: NOW }),
    startNchanNode(url, { location, upstream, http: NOW }),
  ]);

interface Node {
  readonly port: number;
}
type Fleet = readonly [Node, Node, Node];
const PAIRS = [
  ['njchan', 'njchan', 0, 1],
  ['njchan', 'Nchan', 0, 2],
  ['Nchan', 'njchan', 2, 0],
] as const;
let channels = 0;
const newChannel = () => `m${channels++}`;
const publish = (node: Node, path: string, body: string | Buffer, headers = {}) =>
  request(node.port, 'POST', path, { body, headers });
const counted = (key: string) => async () => Number(await client.hget(key, 'fake_subscribers')) > 0;

const stored: Fleet = await start('');
const fast: Fleet = await start('nchan_redis_storage_mode nostore;', 'nchan_redis_nostore_fastpublish on;');

/** Everything that Redis announces from now on, as one text a message. */
async function announcements(pattern: string) {
  const listener = client.duplicate();
  const heard: Buffer[] = [];
  listener.on('pmessageBuffer', (_pattern: Buffer, _channel: Buffer, message: Buffer) => heard.push(message));
  await listener.connect().catch(() => {});
  await listener.psubscribe(pattern);
  return { heard, end: () => listener.disconnect() };
}

describe.each(PAIRS)('from %s to %s', (_from, _to, from, to) => {
  it.each([
    [5119, 'msg'],
    [5120, 'msgkey'],
    [100_000, 'msgkey'],
  ])('a message of %i bytes arrives, announced by %s, live and from the buffer', async (size, kind) => {
    const fleet = stored;
    const id = newChannel();
    const { heard, end } = await announcements('*pubsub');
    const live = await openWebSocket(`ws://127.0.0.1:${fleet[to].port}/sub/${id}`);
    await waitFor('the subscriber', counted(`{channel:test/${id}}`));
    await publish(fleet[from], `/pub/${id}`, 'first');
    const body = Buffer.alloc(size, 'abc');
    await publish(fleet[from], `/pub/${id}`, body);
    expect(await live.text()).toBe('first');
    expect((await live.message()).data.equals(body)).toBe(true);
    await waitFor('both announcements', () => heard.length === 2);
    expect(heard[1]?.subarray(2, 2 + kind.length).toString()).toBe(kind);
    expect(heard[1]?.includes(body)).toBe(kind === 'msg');
    const late = await openWebSocket(`ws://127.0.0.1:${fleet[to].port}/sub/${id}`);
    expect(await late.text()).toBe('first');
    expect((await late.message()).data.equals(body)).toBe(true);
    await Promise.all([live.close(), late.close()]);
    end();
  });

  it('a message published for deflation reaches every WebSocket, compressed where that was negotiated', async () => {
    const fleet = stored;
    const id = newChannel();
    const text = JSON.stringify(Array.from({ length: 400 }, (_, n) => ({ n, name: `number ${n}` })));
    const at = `ws://127.0.0.1:${fleet[to].port}/sub/${id}`;
    const live = await Promise.all([openWebSocket(at, { perMessageDeflate: true }), openWebSocket(at)]);
    await waitFor(
      'both',
      async () => (await client.hget(`{channel:test/${id}}`, 'fake_subscribers')) === '2',
    );
    const bytesBefore = live.map(({ socket }) => received(socket));
    await publish(fleet[from], `/pub-deflate/${id}`, text);
    const late = await openWebSocket(at, { perMessageDeflate: true });
    for (const socket of [...live, late]) expect(await socket.text()).toBe(text);
    const [compressed = 0, plain = 0] = live.map(({ socket }, n) => received(socket) - (bytesBefore[n] ?? 0));
    expect(compressed).toBeLessThan(plain / 3);
    expect(plain).toBeGreaterThan(text.length);
    for (const socket of [...live, late]) await socket.close();
  });

  it('content types and event names arrive', async () => {
    const fleet = stored;
    const id = newChannel();
    await publish(fleet[from], `/pub/${id}`, '{}', {
      'Content-Type': 'application/json',
      'X-EventSource-Event': 'news',
    });
    const poll = await request(fleet[to].port, 'GET', `/sub/${id}`);
    expect(poll.headers['content-type']).toBe('application/json');
    const stream = await openEventSource(`http://127.0.0.1:${fleet[to].port}/sub/${id}`);
    expect(await stream.event()).toMatchObject({ event: 'news', data: '{}' });
    stream.close();
  });

  it('a message that has expired is gone', async () => {
    const fleet = stored;
    const id = newChannel();
    await publish(fleet[from], `/pub-brief/${id}`, 'brief');
    await publish(fleet[from], `/pub/${id}`, 'lasting');
    await waitFor('it to expire', async () => (await client.keys(`{channel:test/${id}}:msg:*`)).length === 1);
    const stream = await openEventSource(`http://127.0.0.1:${fleet[to].port}/sub/${id}`);
    expect((await stream.event()).data).toBe('lasting');
    stream.close();
    expect((await request(fleet[to].port, 'GET', `/pub/${id}`)).body.toString()).toContain(
      'queued messages: 1',
    );
  });

  it.each([
    ['a%7Db', 'a\x19b'],
    ['a%7Bb', 'a{b'],
    ['%C3%A9%20%01%FE', 'é \x01\xfe'],
    ['a%3Ab%2Fc', 'a:b/c'],
  ])('a channel named %s is %j in Redis', async (name, inKey) => {
    const fleet = stored;
    const id = `${newChannel()}${name}`;
    expect((await publish(fleet[from], `/pub/${id}`, 'x')).status).toBe(202);
    const stream = await openEventSource(`http://127.0.0.1:${fleet[to].port}/sub/${id}`);
    expect((await stream.event()).data).toBe('x');
    const bytes =
      inKey === 'é \x01\xfe' ? Buffer.from('\xc3\xa9 \x01\xfe', 'latin1') : Buffer.from(inKey, 'latin1');
    const key = Buffer.concat([
      Buffer.from(`{channel:test/${id.slice(0, id.indexOf(name))}`),
      bytes,
      Buffer.from('}'),
    ]);
    expect(await client.exists(key)).toBe(1);
    expect((await request(fleet[from].port, 'DELETE', `/pub/${id}`)).status).toBe(200);
    await stream.ended;
  });

  it('starts at the newest, at the Nth and at the Nth newest are the same', async () => {
    const fleet = stored;
    const id = newChannel();
    for (const body of ['a', 'b', 'c']) await publish(fleet[from], `/pub/${id}`, body);
    const first = async (place: string) => {
      const answer = await request(fleet[to].port, 'GET', `/${place}/${id}`);
      return `${answer.status} ${answer.body}`;
    };
    expect(await first('poll')).toBe('200 a');
    expect(await first('poll-second')).toBe('200 b');
    expect(await first('poll-last')).toBe('200 c');
    expect((await first('poll-newest')).slice(0, 3)).toBe('304');
  });
});

/** Bytes that a socket has got so far. */
function received(socket: unknown): number {
  return (socket as { _socket: { bytesRead: number } })._socket.bytesRead;
}

describe('namespaces', () => {
  it.each([
    ['app', 'app:'],
    ['app:', 'app:'],
    ['my:ns', 'my:ns:'],
  ])('%s is %s in keys, for both', async (namespace, prefix) => {
    const fleet = await start(`nchan_redis_namespace ${namespace};`);
    for (const [, , from, to] of PAIRS) {
      const id = newChannel();
      const stream = await openEventSource(`http://127.0.0.1:${fleet[to].port}/sub/${id}`);
      await waitFor('the subscriber', counted(`${prefix}{channel:test/${id}}`));
      expect((await publish(fleet[from], `/pub/${id}`, 'x')).status).toBe(201);
      expect((await stream.event()).data).toBe('x');
      stream.close();
    }
    const outside = await client.keys('{channel:test/*');
    expect(outside.filter((key) => key.includes(namespace))).toEqual([]);
  });

  it('keep channels of one name apart', async () => {
    const [one] = await start('nchan_redis_namespace one;');
    const [two] = await start('nchan_redis_namespace two;');
    const id = newChannel();
    await publish(one, `/pub/${id}`, 'x');
    expect((await request(two.port, 'GET', `/pub/${id}`)).status).toBe(404);
    expect((await request(one.port, 'GET', `/pub/${id}`)).status).toBe(200);
  });
});

describe('accurate counts', () => {
  it('leave out servers that died, whoever asks', async () => {
    const accurate = 'nchan_redis_accurate_subscriber_count on;';
    const fleet = await start('', accurate);
    const id = newChannel();
    const key = `{channel:test/${id}}`;
    const streams = await Promise.all(
      fleet.map(({ port }) => openEventSource(`http://127.0.0.1:${port}/sub/${id}`)),
    );
    await waitFor('all three', async () => Number(await client.hget(key, 'fake_subscribers')) === 3);
    await client.hset(`${key}:subscriber_counts`, 'nchan_worker:{1:time:1:dead}', 5);
    await client.hincrby(key, 'fake_subscribers', 5);
    for (const node of fleet) {
      const { status, body } = await publish(node, `/pub/${id}`, 'x');
      expect([status, body.toString()]).toEqual([201, expect.stringContaining('active subscribers: 3')]);
    }
    for (const stream of streams) stream.close();
  });
});

describe('without a store, published fast', () => {
  it.each(PAIRS)('from %s to %s the answer tells the servers that listen', async (_a, _b, from, to) => {
    const fleet = fast;
    const id = newChannel();
    // Whoever listened to everything for the test before counts too, until Redis knows that it has left.
    await waitFor('nobody to listen', async () => (await client.call('PUBSUB', 'NUMPAT')) === 0);
    const nobody = await publish(fleet[from], `/pub/${id}`, 'x');
    expect(nobody.status).toBe(202);
    expect(lines(nobody.body)).toEqual([
      'queued messages: 0',
      'last requested: -1 sec. ago',
      'active subscribers: 0',
      'last message id: 0',
    ]);
    const streams = await Promise.all(
      [0, 1].map(() => openEventSource(`http://127.0.0.1:${fleet[to].port}/sub/${id}`)),
    );
    await waitFor(
      'both',
      async () => (await client.hget(`{channel:test/${id}}`, 'fake_subscribers')) === '2',
    );
    const { heard, end } = await announcements('*pubsub');
    const large = 'x'.repeat(70_000);
    for (const body of ['small', large]) {
      const answer = await publish(fleet[from], `/pub-none/${id}`, body, { 'Content-Type': 'text/x' });
      expect(answer.status).toBe(201);
      expect(lines(answer.body)).toEqual([
        'queued messages: 0',
        'last requested: -1 sec. ago',
        'active subscribers: 2',
        'last message id: 0',
      ]);
      for (const stream of streams) expect((await stream.event()).data === body).toBe(true);
    }
    expect(heard.length).toBe(2);
    expect(await client.keys(`{channel:test/${id}}:m*`)).toEqual([]);
    for (const stream of streams) stream.close();
    end();
  });
});
const lines = (body: Buffer) => body.toString().split('\r\n');

describe('without a store, once Redis has lost the channel', () => {
  it.each(PAIRS)('from %s to %s all goes on', async (_a, _b, from, to) => {
    const fleet = await start('nchan_redis_storage_mode nostore;');
    const id = newChannel();
    const stream = await openEventSource(`http://127.0.0.1:${fleet[to].port}/sub/${id}`);
    await waitFor('it', counted(`{channel:test/${id}}`));
    await client.del(`{channel:test/${id}}`, `{channel:test/${id}}:subscriber_counts`);
    for (const body of ['one', 'two']) {
      await publish(fleet[from], `/pub/${id}`, body);
      expect((await stream.event()).data).toBe(body);
    }
    stream.close();
  });
});

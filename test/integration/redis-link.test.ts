/** The link to one server, when all is well. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ScriptError } from '../../lua/script-error.ts';
import { openAvailableLink, openLink, upstreamOf, urlOf } from '../support/link.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { commandCalls, infoField } from '../support/redis-info.ts';
import { sampleScript } from '../support/scripts.ts';
import { shippedScripts } from '../support/shipped-scripts.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';

const key = Buffer.from('{channel:test/a}');
const repeatable = { repeatable: true };

const echo = sampleScript({ name: 'echo', source: 'return {KEYS[1], ARGV[1], ARGV[2], 7}' });
const append = sampleScript({ name: 'append', source: "return redis.call('RPUSH', KEYS[1], ARGV[1])" });
const read = sampleScript({ name: 'read', source: "return redis.call('HGET', KEYS[1], 'field')" });
const scripts = [echo, append, read];

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});

const open = () => openAvailableLink(upstreamOf([urlOf(redis)]), scripts);

describe('the connections', () => {
  it('are three, and named', async () => {
    const own = await startRedis();
    const { link } = await openAvailableLink(upstreamOf([urlOf(own)]));
    const client = await own.connect();
    const names = await waitFor('three connections', async () => {
      const list = (await client.call('CLIENT', 'LIST')) as string;
      const found = [...list.matchAll(/ name=(njchan\S*)/g)].map(([, name]) => name).sort();
      return found.length === 3 && found;
    });
    expect(names).toEqual(['pubsub', 'scripts', 'shutdown'].map((role) => `njchan:${role}:${process.pid}`));
    expect(await client.pubsub('NUMSUB', link.worker)).toEqual([link.worker, 1]);
    expect(link.worker).toMatch(new RegExp(`^nchan_worker:\\{${process.pid}:time:\\d{10}:[0-9a-f]{32}\\}$`));
  });

  it('say that they are available, once', async () => {
    const { link, states, log } = await open();
    expect(link.available).toBe(true);
    expect(link.publishCommand).toBe('PUBLISH');
    expect(states.pending).toEqual([]);
    expect(log).toEqual([]);
  });

  it('fail what is asked after they were closed', async () => {
    const { link } = await open();
    await link.close();
    expect(link.available).toBe(false);
    await expect(link.run(echo, [key], ['', ''], repeatable)).rejects.toThrow(/closed/);
  });

  it('send pings around, and are made anew when one does not arrive', async () => {
    const proxy = await startTcpProxy(redis.socket);
    const upstream = upstreamOf([`redis://127.0.0.1:${proxy.port}`], {
      pingIntervalSeconds: 0.05,
      commandTimeoutMs: 200,
    });
    const { link, states, logged, listening } = await openAvailableLink(upstream, scripts);
    link.listen(Buffer.from('{channel:test/pinged}:pubsub'));
    await listening.next();
    proxy.cut('njchan:pubsub');
    await logged(/^warn: pubsub: lost .*: no announcement arrived for 200 ms/);
    expect(await states.next()).toMatch(/^unavailable: Redis at redis:\/\/127\.0\.0\.1:\d+ is away/);
    expect(await states.next()).toBe('available');
    expect(await listening.next()).toBe('{channel:test/pinged}:pubsub');
  });

  it('are not made anew for a ping that was lost with the connection before', async () => {
    const proxy = await startTcpProxy(redis.socket);
    const upstream = upstreamOf([`redis://127.0.0.1:${proxy.port}`], {
      pingIntervalSeconds: 1,
      commandTimeoutMs: 500,
    });
    const { link } = await openAvailableLink(upstream, scripts);
    const [client, listener] = [await redis.connect(), await redis.connect()];
    let pings = 0;
    listener.on('message', () => pings++);
    await listener.subscribe(link.worker);
    proxy.cut('njchan:pubsub');
    await waitFor('a ping', () => pings === 1);
    const list = String(await client.call('CLIENT', 'LIST'));
    const ids = [...list.matchAll(/^id=(\d+) .* name=njchan:pubsub:/gm)].map(([, id]) => id as string);
    const subscribers = async () => (await client.pubsub('NUMSUB', link.worker))[1];
    for (const id of ids) await client.call('CLIENT', 'KILL', 'ID', id);
    await waitFor('another connection', async () => link.available && (await subscribers()) === 2);
    // Its time was over long before the next one was sent.
    await waitFor('another ping', () => pings === 2);
    expect(link.stats().servers[0]).toMatchObject({ connected: true, disconnects: 1 });
  });
});

describe('scripts', () => {
  it('get keys and arguments, and give strings as bytes', async () => {
    const { link } = await open();
    const data = Buffer.from([0, 255, 128]);
    const reply = await link.run(echo, [key], [data, 'é', 5], repeatable);
    expect(reply).toEqual([key, data, Buffer.from('é'), 7]);
  });

  it('run in the order of the calls, many in one packet', async () => {
    const { link } = await open();
    const client = await redis.connect();
    const packets = async () => Number(await infoField(client, 'total_reads_processed'));
    const before = await packets();
    const numbers = Array.from({ length: 2_000 }, (_, i) => String(i));
    const list = Buffer.from('{order}');
    const lengths = await Promise.all(
      numbers.map((number) => link.run(append, [list], [number], repeatable)),
    );
    expect(lengths).toEqual(numbers.map((number) => Number(number) + 1));
    expect(await client.lrange('{order}', 0, -1)).toEqual(numbers);
    expect((await packets()) - before).toBeLessThan(numbers.length / 4);
  });

  it('fail with their name and line', async () => {
    const { link } = await open();
    const client = await redis.connect();
    await client.set('{string}', 'x');
    const failed = await link.run(read, [Buffer.from('{string}')], [], repeatable).catch((error) => error);
    expect(failed).toBeInstanceOf(ScriptError);
    expect(failed).toMatchObject({
      code: 'WRONGTYPE',
      message: expect.stringMatching(/^read\.lua:1: WRONGTYPE/),
    });
    expect(await link.run(echo, [key], ['', ''], repeatable)).toHaveLength(4);
  });

  it('are loaded where they are missing, and only those', async () => {
    const own = await startRedis();
    const client = await own.connect();
    await client.script('LOAD', echo.source);
    await openAvailableLink(upstreamOf([urlOf(own)]), scripts);
    expect(await commandCalls(client, 'script|load')).toBe(1 + 2);
    await openAvailableLink(upstreamOf([urlOf(own)]), scripts);
    expect(await commandCalls(client, 'script|load')).toBe(1 + 2);
    await openAvailableLink(upstreamOf([urlOf(own)], { loadScriptsUnconditionally: true }), scripts);
    expect(await commandCalls(client, 'script|load')).toBe(1 + 2 + 3);
  });

  it('of another hash than the server gives them make the link unavailable', async () => {
    const wrong = { ...echo, sha1: 'f'.repeat(40) };
    const { link, logged } = openLink(upstreamOf([urlOf(redis)]), [wrong]);
    expect(await logged(/echo\.lua/)).toContain(
      `Redis calls echo.lua ${echo.sha1}, but it was built as ffff`,
    );
    expect(link.available).toBe(false);
  });

  it('that ship all compile', async () => {
    const { link } = await openAvailableLink(upstreamOf([urlOf(redis)]), shippedScripts());
    expect(link.available).toBe(true);
  });

  it('are counted, with their time and their errors', async () => {
    const { link } = await open();
    await link.run(echo, [key], ['', ''], repeatable);
    await link.run(append, [Buffer.from('{counted}')], ['x'], repeatable);
    await link.run(read, [Buffer.from('{counted}')], [], repeatable).catch(() => {});
    // A look at the server may be under way.
    await waitFor('all to be answered', () => link.stats().servers[0]?.pendingCommands === 0);
    const [server, ...others] = link.stats().servers;
    expect(others).toEqual([]);
    expect(server).toMatchObject({
      url: urlOf(redis),
      role: 'master',
      connected: true,
      pendingCommands: 0,
      disconnects: 0,
      commands: {
        echo: { calls: 1, errors: 0 },
        append: { calls: 1, errors: 0 },
        read: { calls: 1, errors: 1 },
      },
    });
    expect(server?.commands.echo?.microseconds).toBeGreaterThan(0);
  });
});

describe('announcements', () => {
  // Links of earlier tests still listen to theirs.
  const channelOf = (test: string) => Buffer.from(`{channel:test/${test}}:pubsub`);

  it('arrive on channels that are listened to', async () => {
    const { link, listening, announced } = await open();
    const channel = channelOf('heard');
    link.listen(channel);
    expect(await listening.next()).toBe(String(channel));
    expect(await link.publish(channel, Buffer.from('one'))).toBe(1);
    expect(await announced.next()).toEqual({ channel: String(channel), announcement: 'one' });
  });

  it('no longer arrive after unlisten', async () => {
    const { link, listening, announced } = await open();
    const channel = channelOf('left');
    link.listen(channel);
    await listening.next();
    link.unlisten(channel);
    const client = await redis.connect();
    await waitFor('the end of the subscription', async () => {
      const [, count] = (await client.pubsub('NUMSUB', String(channel))) as [string, number];
      return count === 0;
    });
    expect(await link.publish(channel, Buffer.from('lost'))).toBe(0);
    expect(announced.pending).toEqual([]);
  });

  it('arrive when listen and unlisten follow each other', async () => {
    const { link, listening, announced } = await open();
    const channel = channelOf('again');
    link.listen(channel);
    link.unlisten(channel);
    link.listen(channel);
    await listening.next();
    link.unlisten(channel);
    link.listen(channel);
    await listening.next();
    await link.publish(channel, Buffer.from('two'));
    expect(await announced.next()).toMatchObject({ announcement: 'two' });
    expect(listening.pending).toEqual([]);
  });

  it('of ten thousand channels are asked for with few commands', async () => {
    const own = await startRedis();
    const { link, listening } = await openAvailableLink(upstreamOf([urlOf(own)]), scripts);
    for (let i = 0; i < 10_000; i++) link.listen(Buffer.from(`{channel:${i}}:pubsub`));
    for (let i = 0; i < 10_000; i++) await listening.next();
    const client = await own.connect();
    expect(await commandCalls(client, 'subscribe')).toBeLessThan(50);
  });

  it('on channels with any bytes arrive', async () => {
    const { link, listening, announced } = await open();
    const odd = Buffer.from([0x7b, 0xff, 0x00, 0x0a, 0x7d]);
    link.listen(odd);
    await listening.next();
    expect(await link.publish(odd, Buffer.from('odd'))).toBe(1);
    expect(await announced.next()).toMatchObject({ announcement: 'odd' });
  });
});

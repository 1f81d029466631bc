/** What the link survives: lost connections, lost scripts, a server that stands still, dies, or comes back empty. */
import { once as onceEmitted } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MAX_PENDING_CALLS } from '../../sidecar/store/redis/dispatcher.ts';
import { RedisUnavailableError } from '../../sidecar/store/redis/link.ts';
import { openAvailableLink, openLink, type RecordedLink, upstreamOf, urlOf } from '../support/link.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { sampleScript } from '../support/scripts.ts';
import { waitFor } from '../support/wait.ts';

const append = sampleScript({ name: 'append', source: "return redis.call('RPUSH', KEYS[1], ARGV[1])" });
const scripts = [append];
const list = Buffer.from('{list}');
const channel = Buffer.from('{channel:test/a}:pubsub');
const once = { repeatable: false };
const repeatable = { repeatable: true };

type Overrides = Parameters<typeof upstreamOf>[1];

async function openListening(redis: RedisServer, overrides?: Overrides): Promise<RecordedLink> {
  const opened = await openAvailableLink(upstreamOf([urlOf(redis)], overrides), scripts);
  opened.link.listen(channel);
  await opened.listening.next();
  return opened;
}

/** The link notices, and recovers. */
async function expectOutage({ states }: RecordedLink): Promise<void> {
  expect(await states.next()).toMatch(/^unavailable: /);
  expect(await states.next()).toBe('available');
}

async function expectToWork({ link, announced }: RecordedLink): Promise<void> {
  expect(await link.run(append, [Buffer.from('{works}')], ['x'], once)).toBeGreaterThan(0);
  await link.publish(channel, Buffer.from('hello'));
  expect(await announced.next()).toMatchObject({ announcement: 'hello' });
}

/** @throws when nobody listens there */
async function canConnect(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await onceEmitted(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('a connection that is killed is made anew', () => {
  const kill = async (redis: RedisServer, role: string) => {
    const client = await redis.connect();
    const id = await waitFor(`the ${role} connection`, async () => {
      const clients = (await client.call('CLIENT', 'LIST')) as string;
      return new RegExp(`^id=(\\d+) .* name=njchan:${role}:`, 'm').exec(clients)?.[1];
    });
    expect(await client.call('CLIENT', 'KILL', 'ID', id)).toBe(1);
  };

  it('that for scripts', async () => {
    const redis = await startRedis();
    const opened = await openListening(redis);
    await kill(redis, 'scripts');
    await expectOutage(opened);
    await expectToWork(opened);
    await opened.logged(
      /^warn: scripts: lost the connection to Redis at unix:.*: the server closed the connection/,
    );
    await opened.logged(/^info: connected to Redis at unix:.* again after \d\.\d s/);
    await opened.logged(/^warn: Redis is unavailable: Redis at unix:.* is away/);
    await opened.logged(/^info: Redis is available again after/);
    expect(opened.link.stats().servers[0]?.disconnects).toBe(1);
  });

  it('that for announcements, and every channel is listened to again', async () => {
    const redis = await startRedis();
    const opened = await openListening(redis);
    await kill(redis, 'pubsub');
    await expectOutage(opened);
    expect(await opened.listening.next()).toBe(String(channel));
    await expectToWork(opened);
  });

  it('that for shutdown', async () => {
    const redis = await startRedis();
    const opened = await openListening(redis);
    await kill(redis, 'shutdown');
    await opened.logged(/^warn: shutdown: lost the connection to Redis/);
    await opened.logged(/^info: connected to Redis at .* again/);
    const call = { script: append, keys: [list], args: ['x'] };
    expect(opened.link.runAtShutdown([call, call], 5_000)).toBe(2);
    expect(opened.states.pending).toEqual([]);
  });
});

describe('scripts that the server has lost', () => {
  it('are loaded again, and every call runs once and in order', async () => {
    const redis = await startRedis();
    const { link, log, states } = await openListening(redis);
    const client = await redis.connect();
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 100; j++) calls.push(link.run(append, [list], [calls.length], once));
      await client.script('FLUSH');
    }
    await Promise.all(calls);
    expect(await client.lrange('{list}', 0, -1)).toEqual(calls.map((_, i) => String(i)));
    expect(log).toContainEqual(
      expect.stringMatching(/^warn: Redis at unix:.* had lost its scripts; 1 were loaded/),
    );
    expect(states.pending).toEqual([]);
  });

  it('are sent with the calls at shutdown', async () => {
    const redis = await startRedis();
    const { link } = await openListening(redis);
    const client = await redis.connect();
    await client.script('FLUSH');
    const calls = Array.from({ length: 100 }, (_, i) => ({ script: append, keys: [list], args: [i] }));
    expect(link.runAtShutdown(calls, 5_000)).toBe(100);
    expect(await client.llen('{list}')).toBe(100);
  });

  it('are still there when the data is gone', async () => {
    const redis = await startRedis();
    const opened = await openListening(redis);
    await (await redis.connect()).flushall();
    await expectToWork(opened);
    expect(opened.states.pending).toEqual([]);
  });
});

describe('a server that stands still', () => {
  it('fails what it does not answer in time, and serves again when it goes on', async () => {
    const redis = await startRedis();
    const opened = await openListening(redis, { commandTimeoutMs: 500, retryCommandsMaxWaitMs: 100 });
    await redis.signal('SIGSTOP');
    const failed = await failure(opened.link.run(append, [list], ['lost'], once));
    expect(failed).toBeInstanceOf(RedisUnavailableError);
    expect((failed as Error).message).toMatch(
      /^append was not answered by Redis at unix:.*: no reply for 500 ms$/,
    );
    expect(await opened.states.next()).toMatch(/^unavailable/);
    await expect(opened.link.run(append, [list], ['late'], once)).rejects.toThrow(/waited 100 ms for Redis/);
    await redis.signal('SIGCONT');
    expect(await opened.states.next()).toBe('available');
    await expectToWork(opened);
  });

  it('does not hold up the shutdown', async () => {
    const redis = await startRedis();
    const { link } = await openListening(redis);
    await redis.signal('SIGSTOP');
    expect(link.runAtShutdown([{ script: append, keys: [list], args: ['x'] }], 100)).toBe(0);
  });

  it('answers calls that do no harm twice when it is back, but not others', async () => {
    const redis = await startRedis();
    const { link } = await openListening(redis);
    await redis.signal('SIGSTOP');
    const harmless = link.run(append, [list], ['harmless'], repeatable);
    const harmful = failure(link.run(append, [list], ['harmful'], once));
    const announcement = failure(link.publish(channel, Buffer.from('unknown')));
    // What was called in this turn of the event loop is sent at its end.
    await new Promise((resolve) => setImmediate(resolve));
    await redis.signal('SIGKILL');
    expect(await harmful).toBeInstanceOf(RedisUnavailableError);
    expect(await announcement).toBeInstanceOf(RedisUnavailableError);
    await redis.restart();
    expect(await harmless).toBe(1);
  });
});

describe('a server that dies', () => {
  it('keeps calls waiting in their order until it is back, and has its channels listened to again', async () => {
    const redis = await startRedis();
    const opened = await openListening(redis);
    const { link, listening, states } = opened;
    const others = Array.from({ length: 3_000 }, (_, i) => `{channel:test/${i}}:pubsub`);
    for (const other of others) link.listen(Buffer.from(other));
    for (const _ of others) await listening.next();
    link.unlisten(Buffer.from(others[0]!));
    await redis.signal('SIGKILL');
    expect(await states.next()).toMatch(/^unavailable/);
    const calls = Array.from({ length: 500 }, (_, i) => link.run(append, [list], [i], once));
    link.listen(Buffer.from('{channel:test/new}:pubsub'));
    link.unlisten(Buffer.from(others[1]!));
    expect(link.stats()).toMatchObject({ waiting: 500, servers: [{ connected: false }] });
    await redis.restart();
    expect(await Promise.all(calls)).toEqual(calls.map((_, i) => i + 1));
    const expected = new Set([...others.slice(2), String(channel), '{channel:test/new}:pubsub']);
    const heard = new Set<string>();
    while (heard.size < expected.size) heard.add(await listening.next());
    expect(heard).toEqual(expected);
    expect(await states.next()).toBe('available');
    await expectToWork(opened);
  });

  it('has its data when it wrote it down', async () => {
    const redis = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } });
    const opened = await openListening(redis);
    await opened.link.run(append, [list], ['kept'], once);
    await redis.signal('SIGKILL');
    await redis.restart();
    expect(await opened.link.run(append, [list], ['next'], once)).toBe(2);
  });

  it('is waited for while it loads its data', async () => {
    const keys = 400;
    const redis = await startRedis({
      settings: {
        appendonly: 'yes',
        // Milliseconds for each key, in microseconds, and an ear for clients all the while.
        'key-load-delay': 2_000,
        'loading-process-events-interval-bytes': 1_024,
      },
    });
    const opened = await openListening(redis);
    for (let i = 0; i < keys; i++)
      void opened.link.run(append, [Buffer.from(`{k${i}}`)], ['x'.repeat(100)], once);
    await opened.link.run(append, [list], ['kept'], once);
    const client = await redis.connect();
    await client.bgrewriteaof();
    await waitFor('the data to be written', async () =>
      (await client.info('persistence')).includes('aof_rewrite_in_progress:0'),
    );
    await redis.signal('SIGKILL');
    const restarted = redis.restart();
    await waitFor('the server to accept connections', () => canConnect(redis.socket));
    const newcomer = openLink(upstreamOf([urlOf(redis)]), scripts);
    await newcomer.logged(/LOADING|it is loading its data/);
    expect(await newcomer.states.next()).toBe('available');
    await restarted;
    expect(await opened.link.run(append, [list], ['next'], once)).toBe(2);
  });

  it('has so many calls wait and no more', async () => {
    const redis = await startRedis();
    const { link, states } = await openListening(redis);
    await redis.signal('SIGKILL');
    await states.next();
    const calls = Array.from({ length: MAX_PENDING_CALLS }, () =>
      failure(link.run(append, [list], ['x'], once)),
    );
    await expect(link.run(append, [list], ['too many'], once)).rejects.toThrow(/too much waits/);
    expect(link.stats().waiting).toBe(MAX_PENDING_CALLS);
    await link.close();
    for (const call of calls) expect(await call).toBeInstanceOf(RedisUnavailableError);
  });

  it('has so many bytes wait and no more', async () => {
    const redis = await startRedis();
    const { link, states } = await openListening(redis);
    await redis.signal('SIGKILL');
    await states.next();
    const large = Buffer.alloc(40 * 1024 * 1024);
    const waiting = failure(link.run(append, [list], [large], once));
    await expect(link.run(append, [list], [large], once)).rejects.toThrow(/too much waits/);
    await link.close();
    expect(await waiting).toBeInstanceOf(RedisUnavailableError);
  });
});

/** How the link gets in: users, passwords, databases, TLS; and what it says where it does not. */
import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RedisTls } from '../../handoff/redis.ts';
import { type Authority, makeAuthority } from '../support/certificates.ts';
import { atEnd } from '../support/cleanup.ts';
import { openAvailableLink, openLink, upstreamOf } from '../support/link.ts';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { sampleScript } from '../support/scripts.ts';
import { waitFor } from '../support/wait.ts';

const store = sampleScript({ name: 'store', source: "return redis.call('SET', KEYS[1], ARGV[1])" });
const key = Buffer.from('{channel:test/a}');
const channel = Buffer.from('{channel:test/a}:pubsub');
const once = { repeatable: false };

/** Runs a script, announces something to itself, and runs a script as at shutdown. */
async function expectToWork({ link, listening, announced }: Awaited<ReturnType<typeof openAvailableLink>>) {
  expect(String(await link.run(store, [key], ['x'], once))).toBe('OK');
  link.listen(channel);
  await listening.next();
  await link.publish(channel, Buffer.from('hello'));
  expect(await announced.next()).toEqual({ channel: String(channel), announcement: 'hello' });
  expect(link.runAtShutdown([{ script: store, keys: [key], args: ['y'] }], 5_000)).toBe(1);
}

describe('users, passwords and databases', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis({ settings: { requirepass: 'general' }, password: 'general' });
    const client = await redis.connect();
    await client.call('ACL', 'SETUSER', 'njchan', 'on', '>p@ss/word', '+@all', '~*', '&*');
  });

  const unixUrl = (login: string, db: number) => `unix://${login}${redis.socket}?db=${db}`;

  it('are taken from the URL, for every connection', async () => {
    await expectToWork(await openAvailableLink(upstreamOf([unixUrl('njchan:p%40ss%2Fword@', 3)]), [store]));
    expect(await (await redis.connect(3)).get(String(key))).toBe('y');
    const list = (await (await redis.connect()).call('CLIENT', 'LIST')) as string;
    const own = list.split('\n').filter((line) => line.includes('name=njchan:'));
    expect(own).toHaveLength(3);
    for (const line of own) expect(line).toMatch(/ db=3 .* user=njchan( |$)/);
  });

  it('are taken from the upstream where the URL has none', async () => {
    const upstream = upstreamOf([unixUrl('', 4)], { username: 'njchan', password: 'p@ss/word' });
    await expectToWork(await openAvailableLink(upstream, [store]));
  });

  it('work without a user', async () => {
    await expectToWork(await openAvailableLink(upstreamOf([unixUrl(':general@', 5)]), [store]));
  });

  it.each([
    ['a wrong password', 'njchan:sekret@', /does not accept this user and password \(WRONGPASS/],
    ['no password', '', /wants a password: .*\(NOAUTH/],
  ])('that are wrong are told of without showing them: %s', async (_, login, message) => {
    const { link, log, logged } = openLink(upstreamOf([unixUrl(login, 0)]), [store]);
    expect(await logged(message)).toContain(redis.socket);
    expect(link.available).toBe(false);
    expect(log.join()).not.toContain('sekret');
  });

  it('of a database that is not there are told of, and nothing is written elsewhere', async () => {
    const { link, logged } = openLink(upstreamOf([unixUrl(':general@', 99)]), [store]);
    await logged(/refuses: ERR DB index is out of range/);
    expect(link.available).toBe(false);
  });

  it.each([
    ['the command', ['-publish', '&*']],
    ['the channels', ['resetchannels']],
  ])('may not forbid to announce, which is told of before anything is stored: %s', async (_, rules) => {
    const client = await redis.connect();
    await client.call('ACL', 'SETUSER', 'mute', 'reset', 'on', 'nopass', '+@all', '~*', ...rules);
    const { link, logged } = openLink(upstreamOf([unixUrl('mute:x@', 0)]), [store]);
    await logged(/this user may not PUBLISH to nchan_worker:.*docs\/redis\.md lists \(NOPERM/);
    expect(link.available).toBe(false);
  });

  it('may forbid a channel: others are listened to, and this one once it is allowed', async () => {
    const client = await redis.connect();
    const allow = (pattern: string) => client.call('ACL', 'SETUSER', 'narrow', pattern);
    await client.call('ACL', 'SETUSER', 'narrow', 'on', 'nopass', '+@all', '~*', 'resetchannels');
    await allow('&nchan_worker:*');
    await allow('&{channel:ok*');
    const upstream = upstreamOf([unixUrl('narrow:x@', 0)]);
    const { link, listening, logged } = await openAvailableLink(upstream, [store]);
    for (const name of ['ok1', 'no', 'ok2', 'ok3']) link.listen(Buffer.from(`{channel:${name}}:pubsub`));
    const first = [await listening.next(), await listening.next(), await listening.next()];
    expect(first.sort()).toEqual(['ok1', 'ok2', 'ok3'].map((name) => `{channel:${name}}:pubsub`));
    await logged(/^warn: Redis refuses the subscription to \{channel:no\}:pubsub: NOPERM/);
    await allow('&{channel:no}*');
    expect(await listening.next()).toBe('{channel:no}:pubsub');
    await logged(/^info: Redis accepts all subscriptions again/);
  });
});

describe('TLS', () => {
  let authority: Authority;
  let redis: RedisServer;
  beforeAll(async () => {
    authority = makeAuthority();
    const server = authority.issue('IP:127.0.0.1,DNS:redis.test');
    redis = await startRedis({
      settings: {
        'tls-port': await freePort(),
        'tls-cert-file': server.certificate,
        'tls-key-file': server.key,
        'tls-ca-cert-file': authority.certificate,
        'tls-auth-clients': 'yes',
      },
    });
  });

  function settings(overrides: Partial<RedisTls> = {}): RedisTls {
    const client = authority.issue('DNS:client.test');
    return {
      certificate: client.certificate,
      certificateKey: client.key,
      trustedCertificate: authority.certificate,
      trustedCertificatePath: '',
      serverName: '',
      ciphers: '',
      verify: true,
      ...overrides,
    };
  }

  async function url(): Promise<string> {
    const client = await redis.connect();
    const [, port] = (await client.config('GET', 'tls-port')) as [string, string];
    return `redis://127.0.0.1:${port}`;
  }

  it('with a client certificate works on all connections', async () => {
    await expectToWork(await openAvailableLink(upstreamOf([await url()], { tls: settings() }), [store]));
  });

  it('checks the name that it is told', async () => {
    const right = upstreamOf([await url()], { tls: settings({ serverName: 'redis.test' }) });
    await openAvailableLink(right, [store]);
    const wrong = upstreamOf([await url()], { tls: settings({ serverName: 'other.test' }) });
    const { link, logged } = openLink(wrong, [store]);
    await logged(/other\.test/);
    expect(link.available).toBe(false);
  });

  it('refuses a server that the system does not trust, unless it shall not look', async () => {
    const { logged } = openLink(upstreamOf([await url()], { tls: settings({ trustedCertificate: '' }) }), [
      store,
    ]);
    await logged(/self-signed certificate|unable to (get|verify)/);
    const blind = settings({ trustedCertificate: '', verify: false });
    await openAvailableLink(upstreamOf([await url()], { tls: blind }), [store]);
  });

  it('tells which file cannot be read', async () => {
    const { logged } = openLink(
      upstreamOf([await url()], { tls: settings({ certificate: '/no/such.pem' }) }),
      [store],
    );
    await logged(/\/no\/such\.pem/);
  });
});

describe('what is no Redis', () => {
  it('is told of, and does no harm', async () => {
    const port = await freePort();
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    }).listen(port, '127.0.0.1');
    atEnd(() => void server.close());
    const { link, log } = openLink(upstreamOf([`redis://127.0.0.1:${port}`]), [store]);
    await waitFor('a line of the log', () => log.length > 0);
    expect(link.available).toBe(false);
    expect(log[0]).toMatch(/^warn: (scripts|pubsub): no connection to Redis at redis:\/\/127\.0\.0\.1:\d+: /);
  });

  it('is nobody at all: calls wait for as long as they may', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const { link } = openLink(upstreamOf([url], { retryCommandsMaxWaitMs: 50 }), [store]);
    const failed = await link.run(store, [key], ['x'], once).catch((error) => error);
    expect(failed).toMatchObject({
      name: 'RedisUnavailableError',
      message: expect.stringContaining('waited 50 ms for Redis'),
    });
    expect(link.runAtShutdown([{ script: store, keys: [key], args: ['y'] }], 50)).toBe(0);
  });

  it('is nobody at all: calls fail at once when they shall not wait', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    const { link } = openLink(upstreamOf([url], { retryCommands: false, retryCommandsMaxWaitMs: 0 }), [
      store,
    ]);
    await expect(link.run(store, [key], ['x'], once)).rejects.toThrow(/cannot be sent/);
  });
});

/** Connections to a real Redis, and its own words about scripts that fail. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scriptError, scriptsBySha1 } from '../../lua/script-error.ts';
import { connectRedis, type RedisClient } from '../../sidecar/store/redis/client.ts';
import { RedisConnectError } from '../../sidecar/store/redis/connect-error.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { atEnd } from '../support/cleanup.ts';
import { tempDir } from '../support/files.ts';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { linesWithInclude, sampleScript } from '../support/scripts.ts';
import { waitFor, within } from '../support/wait.ts';

/** Connects, and disconnects after the test file. */
async function connect(
  url: string,
  onError: (error: Error) => void = () => {},
  retryDelayMs?: () => number,
): Promise<RedisClient> {
  const client = await connectRedis(url, {
    name: 'test',
    onError,
    ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
  });
  atEnd(() => client.disconnect());
  return client;
}

describe('a connection to Redis', () => {
  let redis: RedisServer;
  let port: number;
  beforeAll(async () => {
    port = await freePort();
    redis = await startRedis({ port });
    const admin = await redis.connect();
    await admin.call('ACL', 'SETUSER', 'bob', 'on', '>s@kret', '~*', '&*', '+@all');
  });

  it('is made over TCP and over a unix socket, to the database of the URL', async () => {
    const tcp = await connect(`redis://127.0.0.1:${port}/2`);
    const unix = await connect(`unix://${redis.socket}?db=2`);
    await tcp.set('a', 'b');
    expect(await unix.get('a')).toBe('b');
    expect(await (await connect(`unix://${redis.socket}`)).get('a')).toBeNull();
    expect(await tcp.client('GETNAME')).toBe('test');
  });

  it('logs in with user and password', async () => {
    const client = await connect(`unix://bob:s%40kret@${redis.socket}`);
    expect(await client.call('ACL', 'WHOAMI')).toBe('bob');
  });

  it.each([
    ['a wrong password', 'bob:wr0ng@', '', 'does not accept this user and password'],
    ['a database that is not there', '', '?db=99', 'refuses: ERR DB index is out of range'],
  ])('is refused with %s', async (_, user, query, message) => {
    const attempt = connect(`unix://${user}${redis.socket}${query}`);
    await expect(attempt).rejects.toThrow(RedisConnectError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.not.toThrow(/wr0ng/);
  });

  it('is refused without the password that Redis wants', async () => {
    const closed = await startRedis();
    await (await closed.connect()).call('CONFIG', 'SET', 'requirepass', 'sekret');
    await expect(connect(`unix://${closed.socket}`)).rejects.toThrow('wants a password');
    await expect(connect(`unix://:sekret@${closed.socket}`)).resolves.toBeDefined();
  });

  it('fails at once when nobody is there, even if it would try again later', async () => {
    const missing = join(tempDir(), 'none.sock');
    await expect(connect(`unix://${missing}`)).rejects.toThrow(`unix://${missing}: connect ENOENT`);
    await expect(connect(`redis://localhost:${await freePort()}`, undefined, () => 10)).rejects.toThrow(
      /^no connection to Redis at redis:\/\/localhost:\d+: .*ECONNREFUSED/,
    );
  });

  it('is checked against the certificate of a server with TLS', async () => {
    const { certificate, key } = selfSignedCertificate();
    const tlsPort = await freePort();
    const admin = await redis.connect();
    const settings = ['tls-cert-file', certificate, 'tls-key-file', key, 'tls-auth-clients', 'no'];
    await admin.call('CONFIG', 'SET', ...settings, 'tls-port', String(tlsPort));
    const url = `rediss://localhost:${tlsPort}`;
    await expect(connect(url)).rejects.toThrow(/^no connection to Redis at rediss:.*self-signed certificate/);
  });
});

describe('a connection that was lost', () => {
  /** A server that the test stops and starts again on the same socket. */
  async function start(socket: string): Promise<ChildProcess> {
    const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--databases', '4'];
    const child = spawn('redis-server', args, { stdio: 'ignore', cwd: dirname(socket) });
    atEnd(() => {
      child.kill('SIGKILL');
    });
    await waitFor('redis-server', async () => {
      const probe = await connectRedis(`unix://${socket}`, { name: 'probe', onError: () => {} });
      probe.disconnect();
      return true;
    });
    return child;
  }

  async function stop(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await within('redis-server to end', ended);
  }

  it('is made again with the same database, when it was told to', async () => {
    const socket = join(tempDir(), 'r.sock');
    const server = await start(socket);
    const errors: Error[] = [];
    const client = await connect(
      `unix://${socket}?db=3`,
      (error) => errors.push(error),
      () => 20,
    );
    const gone = once(client, 'close');
    await stop(server);
    await gone;
    await start(socket);
    await client.set('a', 'b');
    expect(await (await connect(`unix://${socket}?db=3`)).get('a')).toBe('b');
    expect(errors.every(({ message }) => /ENOENT|ECONNREFUSED|ECONNRESET|EPIPE/.test(message))).toBe(true);
  });

  it('fails every command otherwise', async () => {
    const socket = join(tempDir(), 'r.sock');
    const server = await start(socket);
    const client = await connect(`unix://${socket}`);
    const ended = once(client, 'end');
    await stop(server);
    await ended;
    await expect(client.get('a')).rejects.toThrow('Connection is closed');
  });
});

describe("Redis's error about a script", () => {
  let client: RedisClient;
  beforeAll(async () => {
    client = await connect(`unix://${(await startRedis()).socket}`);
    await client.set('text', 'x');
  });

  it.each([
    ['error("bad")', 'sample.lua:1: bad'],
    [
      '\nlocal x\n\nreturn x.y',
      "sample.lua:3 (include/channel.lua:7): attempt to index local 'x' (a nil value)",
    ],
    ['\nredis.call("LPUSH", "text", "x")', 'sample.lua:2: WRONGTYPE Operation against a key'],
    ['return redis.error_reply("MYERR x")', 'sample.lua: MYERR x'],
    ['return redis.pcall("LPUSH", "text", "x")', 'sample.lua: WRONGTYPE Operation against a key'],
    ['error({ err = "MYERR x" })', 'sample.lua:1: MYERR x'],
    ['\nx = 1', 'sample.lua:2: Attempt to modify a readonly table'],
    ['return redis.error_reply(ARGV[1])', 'sample.lua: MYERR \\u001b[31m'],
  ])('names script and place: %s', async (source, message) => {
    const script = sampleScript({ name: 'sample', source, lines: linesWithInclude('sample') });
    expect(await client.script('LOAD', script.source)).toBe(script.sha1);
    const reply = await client.evalsha(script.sha1, 0, 'MYERR \x1b[31m').catch((error: Error) => error);
    const error = scriptError(reply as Error, scriptsBySha1([script]), script.sha1);
    expect(error.message).toContain(message);
    expect(error.cause).toBe(reply);
  });

  it('names the hash of a script that nobody knows', async () => {
    const sha1 = '0123456789abcdef0123456789abcdef01234567';
    const reply = await client.evalsha(sha1, 0).catch((error: Error) => error);
    const error = scriptError(reply as Error, scriptsBySha1([]), sha1);
    expect(error.message).toMatch(new RegExp(`^unknown script ${sha1}: NOSCRIPT No matching script`));
  });

  it('names file and line of a script that is not Lua', async () => {
    const script = sampleScript({ name: 'sample', source: 'local a = 1\nlocal is not' });
    const reply = await client.script('LOAD', script.source).catch((error: Error) => error);
    const error = scriptError(reply as Error, scriptsBySha1([script]), script.sha1);
    expect(error.message).toBe("sample.lua:2: unexpected symbol near 'not'");
  });
});

/** `njchan trace` beside a real Redis: what it shows, and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it } from 'vitest';
import { COST } from '../../cli/commands/trace.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { atEnd } from '../support/cleanup.ts';
import { CLI, tempDir } from '../support/files.ts';
import { Inbox } from '../support/inbox.ts';
import { runCli } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { within } from '../support/wait.ts';

/** Nchan's find_channel. The servers of these tests do not have it, and MONITOR shows the call nevertheless. */
const FIND_CHANNEL = '0c5d0e0663393ed714801cbe68940d4c8f81e076';

interface Trace {
  readonly child: ChildProcess;
  /** Lines of standard output. */
  readonly lines: Inbox<string>;
  stderr(): string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts `njchan trace ARGS…` and waits until it watches. */
async function startTrace(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Trace> {
  const child = spawn(process.execPath, [CLI, 'trace', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  atEnd(() => {
    child.kill('SIGKILL');
  });
  const lines = new Inbox<string>('a line of the trace');
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let stderr = '';
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  await within(
    'njchan trace to watch',
    new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (data: string) => {
        stderr += data;
        if (stderr.includes('watching')) resolve();
      });
      ended.then(() => reject(new Error(`njchan trace ended: ${stderr}`)), reject);
    }),
  );
  return { child, lines, stderr: () => stderr, ended };
}

/** A line without its time and client. */
async function nextCommand(trace: Trace): Promise<string> {
  return (await trace.lines.next()).replace(/^\d\d:\d\d:\d\d\.\d{6} \S+ /, '');
}

describe('njchan trace', () => {
  let redis: RedisServer;
  let url: string;
  beforeAll(async () => {
    redis = await startRedis();
    url = `unix://${redis.socket}`;
  });

  it('shows scripts by name, the commands in them below, and every byte', async () => {
    const client = await redis.connect();
    const trace = await startTrace([url]);
    await client.eval(
      "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])",
      1,
      'k',
      'a "b" \\',
    );
    expect(await nextCommand(trace)).toMatch(/^eval "redis\.call.*" KEYS\[1\]=k ARGV\[1\]="a \\"b\\" \\\\"$/);
    expect(await trace.lines.next()).toBe(`${' '.repeat(18)}SET k "a \\"b\\" \\\\"`);
    expect(await trace.lines.next()).toBe(`${' '.repeat(18)}GET k`);
    await client.evalsha(FIND_CHANNEL, 0, '', 'test/a}b', '0').catch(() => {});
    expect(await nextCommand(trace)).toBe('Nchan:find_channel ns="" id="test/a}b" accurate=0');
    await client.set('{channel:test/a\x19b}', Buffer.from([0, 0x1b, 0xff]));
    expect(await nextCommand(trace)).toBe('set "{channel:test/a\\x19b}" "\\x00\\x1b\\xff"');
  });

  it('says at its start what it costs, not among the commands', async () => {
    const trace = await startTrace([url]);
    expect(trace.stderr()).toContain(COST);
    expect(trace.stderr()).toContain(`watching ${url},`);
    expect(trace.lines.pending).toEqual([]);
  });

  it('shows one channel', async () => {
    const client = await redis.connect();
    const trace = await startTrace([url, '--channel', 'test/ü', '--namespace', 'ns']);
    await client.evalsha(FIND_CHANNEL, 0, 'ns:', 'test/other', '0').catch(() => {});
    await client.eval("return redis.call('GET', KEYS[1])", 1, 'ns:{channel:test/other}');
    await client.ping();
    await client.eval("return redis.call('LLEN', KEYS[1])", 1, 'ns:{channel:test/ü}:messages');
    expect(await nextCommand(trace)).toContain('KEYS[1]="ns:{channel:test/ü}:messages"');
    expect((await trace.lines.next()).trim()).toBe('LLEN "ns:{channel:test/ü}:messages"');
    await client.del('ns:{channel:test/ü}');
    expect(await nextCommand(trace)).toBe('del "ns:{channel:test/ü}"');
  });

  it('shows the database of its URL, or all', async () => {
    const other = await redis.connect(1);
    const zero = await redis.connect();
    const all = await startTrace([url]);
    const one = await startTrace([`${url}?db=1`]);
    await zero.get('in-zero');
    await other.get('in-one');
    expect(await nextCommand(all)).toBe('get in-zero');
    expect(await nextCommand(all)).toBe('db1 get in-one');
    expect(await nextCommand(one)).toBe('db1 get in-one');
  });

  it('is plain on a pipe, coloured when asked', async () => {
    const client = await redis.connect();
    const plain = await startTrace([url]);
    const coloured = await startTrace([url, '--color=always'], { NO_COLOR: '1' });
    await client.get('x');
    expect(await plain.lines.next()).not.toContain('\x1b');
    expect(await coloured.lines.next()).toContain('\x1b[');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with status 0 on %s', async (signal) => {
    const trace = await startTrace([url]);
    trace.child.kill(signal);
    expect(await within('the end', trace.ended)).toEqual({ code: 0, signal: null });
  });

  it('ends with status 0 when nobody reads any more', async () => {
    const client = await redis.connect();
    const trace = await startTrace([url]);
    trace.child.stdout?.destroy();
    let over = false;
    trace.ended.finally(() => {
      over = true;
    });
    await within(
      'the end',
      (async () => {
        while (!over) await client.ping();
      })(),
    );
    expect(await trace.ended).toEqual({ code: 0, signal: null });
    expect(trace.stderr().trim().split('\n')).toHaveLength(1);
  });

  it('watches over TCP and over TLS, whose certificate it checks', async () => {
    const [port, tlsPort] = [await freePort(), await freePort()];
    const server = await startRedis({ port, furtherPorts: [tlsPort] });
    const client = await server.connect();
    const { certificate, key } = selfSignedCertificate();
    const settings = ['tls-cert-file', certificate, 'tls-key-file', key, 'tls-auth-clients', 'no'];
    await client.call('CONFIG', 'SET', ...settings, 'tls-port', String(tlsPort));
    const tls = await startTrace([`rediss://localhost:${tlsPort}`], { NODE_EXTRA_CA_CERTS: certificate });
    const tcp = await startTrace([`redis://127.0.0.1:${port}`]);
    const caller = connect(port, '127.0.0.1', () => caller.write('GET a\r\n'));
    atEnd(() => {
      caller.destroy();
    });
    const line = /^[\d:.]{15} [\d.]+:\d+ GET a$/;
    expect(await tls.lines.next()).toMatch(line);
    expect(await tcp.lines.next()).toMatch(line);
    const { code, stderr } = await runCli(['trace', `rediss://localhost:${tlsPort}`]);
    expect(code).toBe(EXIT.redis.code);
    expect(stderr).toMatch(/self-signed certificate/);
  });

  it('ends with a message when Redis ends', async () => {
    const doomed = await startRedis();
    const trace = await startTrace([`unix://${doomed.socket}`]);
    const client = await doomed.connect();
    await client.shutdown('NOSAVE').catch(() => {});
    expect((await within('the end', trace.ended)).code).toBe(EXIT.redis.code);
    expect(trace.stderr()).toContain('closed the connection');
  });
});

describe('njchan trace without access', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
    const admin = await redis.connect();
    await admin.call('ACL', 'SETUSER', 'bob', 'on', '>s@kret', '~*', '+@all');
    await admin.call('ACL', 'SETUSER', 'eve', 'on', '>sekret', '~*', '+@all', '-monitor');
    await admin.call('CONFIG', 'SET', 'requirepass', 'sekret');
  });
  const at = (user: string) => `unix://${user}${redis.socket}`;

  it.each([
    ['without a password', '', 'wants a password'],
    ['with a wrong password', 'bob:wr0ng@', 'does not accept this user and password'],
    ['when the user may not use MONITOR', 'eve:sekret@', 'does not let this user in that far (NOPERM'],
  ])('says what is wrong: %s', async (_, user, message) => {
    const { code, stdout, stderr } = await runCli(['trace', at(user)]);
    expect({ code, stdout }).toEqual({ code: EXIT.redis.code, stdout: '' });
    expect(stderr).toMatch(/^njchan trace: Redis at unix:\/\/\//);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/sekret|wr0ng/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each(['bob:s%40kret@', ':sekret@'])('logs in with %s, and never shows the password', async (user) => {
    const trace = await startTrace([at(user)]);
    trace.child.kill('SIGINT');
    expect((await within('the end', trace.ended)).code).toBe(EXIT.ok.code);
    expect(trace.stderr()).not.toMatch(/s@kret|sekret|s%40/);
  });

  it('warns about a password that nobody asked for', async () => {
    const open = await startRedis();
    const trace = await startTrace([`unix://:sekret@${open.socket}`]);
    expect(trace.stderr()).toContain('needs no password');
    expect(trace.stderr()).not.toContain('sekret');
  });

  it('says that nobody is there', async () => {
    const missing = join(tempDir(), 'none.sock');
    for (const url of [`unix://${missing}`, `redis://127.0.0.1:${await freePort()}`]) {
      const { code, stderr } = await runCli(['trace', url]);
      expect(code).toBe(EXIT.redis.code);
      expect(stderr).toMatch(/^njchan trace: no connection to Redis at .*(ENOENT|ECONNREFUSED).*\n$/);
    }
  });

  it('says that it is not Redis', async () => {
    const port = await freePort();
    const server: Server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    atEnd(() => {
      server.close();
    });
    const { code, stderr } = await runCli(['trace', `redis://127.0.0.1:${port}`]);
    expect(code).toBe(EXIT.redis.code);
    expect(stderr).toContain('this is not Redis');
  });

  it('says that the URL is wrong', async () => {
    const { code, stderr } = await runCli(['trace', 'redis://u:sekret/x@h']);
    expect(code).toBe(EXIT.usage.code);
    expect(stderr).toMatch(/^njchan trace: the URL of the Redis server cannot be read/);
    expect(stderr).not.toContain('sekret');
  });
});

/** Runs the real redis-server, one of its own for each test file. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { atEnd } from './cleanup.ts';
import { tempDir } from './files.ts';
import { waitFor, within } from './wait.ts';

const REDIS_SERVER = process.env.NJCHAN_REDIS_SERVER ?? 'redis-server';

export interface RedisServer {
  /** Path of its unix socket. */
  readonly socket: string;
  /** A connected client, closed after the test file. It does not reconnect: a server that died shall be noticed. */
  connect(database?: number): Promise<Redis>;
  /** What the server logged so far: warnings, and what scripts log as such. */
  log(): string;
}

export interface RedisServerOptions {
  /** A loopback port to listen on besides the socket. Default: none. */
  port?: number;
}

/**
 * Starts a redis-server that writes nothing to disk but its log, and waits until it serves. Stopped after the test file.
 * @throws Error with its log, when it ended or did not serve before the deadline
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = tempDir();
  const socket = join(dir, 'redis.sock');
  const logFile = join(dir, 'redis.log');
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const settings = {
    port: options.port ?? 0,
    bind: '127.0.0.1',
    unixsocket: socket,
    dir,
    logfile: logFile,
    loglevel: 'warning',
    save: '',
    appendonly: 'no',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(REDIS_SERVER, args, { stdio: 'ignore' });
  let failure: Error | undefined;
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      failure = error;
    });
    child.once('close', () => {
      ended = true;
      resolve();
    });
  });
  atEnd(async () => {
    child.kill('SIGTERM');
    await within('redis-server to stop', exited).catch(() => child.kill('SIGKILL'));
  });

  const connect = async (database = 0) => {
    const client = new Redis({
      path: socket,
      db: database,
      protocol: 2,
      lazyConnect: true,
      retryStrategy: () => null,
    });
    // Whatever goes wrong, the command that is under way fails with it.
    client.on('error', () => {});
    try {
      await client.connect();
    } catch (error) {
      client.disconnect();
      throw error;
    }
    atEnd(() => client.disconnect());
    return client;
  };
  await waitFor('redis-server to serve', async () => ended || (await connect()));
  if (ended) throw new Error(`redis-server did not start; it said:\n${log()}`, { cause: failure });
  return { socket, connect, log };
}

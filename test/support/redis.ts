/** Runs the real redis-server, one of its own for each test file. */
import { type ChildProcess, spawn } from 'node:child_process';
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
  /** The loopback port that it listens on besides; 0 for none. */
  readonly port: number;
  /** A connected client, closed after the test file. It does not reconnect: a server that died shall be noticed. */
  connect(database?: number): Promise<Redis>;
  /** What the server logged so far: warnings, and what scripts log as such. */
  log(): string;
  /** Sends its process a signal: SIGSTOP and SIGCONT, or one that ends it. Resolves when it has ended, for the latter. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again after it ended, with the data that it wrote, and waits until it serves. */
  restart(): Promise<void>;
}

export interface RedisServerOptions {
  /** A loopback port to listen on besides the socket. Default: none. */
  port?: number;
  /** Further settings, as in redis.conf; an empty value is one. */
  settings?: Readonly<Record<string, string | number>>;
  /** What `connect` logs in with. */
  password?: string;
  /** A file with settings that go before all others; the server may write to it. */
  configFile?: string;
  /** Runs a Sentinel instead of a server. */
  sentinel?: boolean;
}

/**
 * Starts a redis-server that writes nothing to disk but its log, and waits until it serves. Stopped after the test file.
 * @throws Error with its log, when it ended or did not serve before the deadline
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = tempDir();
  const socket = join(dir, 'redis.sock');
  const logFile = join(dir, 'redis.log');
  const port = options.port ?? 0;
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const settings = {
    port,
    bind: '127.0.0.1',
    unixsocket: socket,
    dir,
    logfile: logFile,
    loglevel: 'warning',
    ...(options.sentinel ? {} : { save: '', appendonly: 'no' }),
    ...options.settings,
  };
  const args = [
    ...(options.configFile === undefined ? [] : [options.configFile]),
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(options.sentinel ? ['--sentinel'] : []),
  ];
  let process = spawnRedis(args);
  atEnd(() => process.stop());

  const connect = async (database = 0) => {
    const client = new Redis({
      path: socket,
      db: database,
      protocol: 2,
      lazyConnect: true,
      retryStrategy: () => null,
      ...(options.password === undefined ? {} : { password: options.password }),
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
  const serves = async () => {
    await waitFor('redis-server to serve', async () => process.ended || (await connect()));
    if (process.ended)
      throw new Error(`redis-server did not start; it said:\n${log()}`, { cause: process.failure });
  };
  await serves();
  return {
    socket,
    port,
    connect,
    log,
    async signal(signal) {
      process.child.kill(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await within('redis-server to end', process.exited);
    },
    async restart() {
      process = spawnRedis(args);
      await serves();
    },
  };
}

interface RedisProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  ended: boolean;
  failure: Error | undefined;
  stop(): Promise<void>;
}

function spawnRedis(args: readonly string[]): RedisProcess {
  const child = spawn(REDIS_SERVER, args, { stdio: 'ignore' });
  const process: RedisProcess = {
    child,
    ended: false,
    failure: undefined,
    exited: new Promise((resolve) => {
      child.once('error', (error) => {
        process.failure = error;
      });
      child.once('close', () => {
        process.ended = true;
        resolve();
      });
    }),
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await within('redis-server to stop', process.exited).catch(() => child.kill('SIGKILL'));
    },
  };
  return process;
}

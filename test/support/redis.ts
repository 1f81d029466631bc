/**
 * Runs a real Redis, one of its own for each test file: this machine's, or that of the project of vitest.config.ts in
 * which the file runs.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { atEnd } from './cleanup.ts';
import { CONTAINER_SETTINGS, type SharedInterface, startInContainer } from './containers/redis-container.ts';
import { tempDir } from './files.ts';
import { freePort } from './ports.ts';
import { type RedisProcess, startProcess } from './redis-process.ts';
import { waitFor, within } from './wait.ts';

/** A container takes a while on a busy machine. */
const START_DEADLINE_MS = 50_000;

const REDIS_SERVER = process.env.NJCHAN_REDIS_SERVER ?? 'redis-server';
/** The program that stands in for it, in a container. */
const IN_CONTAINER = inject('redisProgram');

export interface RedisServer {
  /** Path of its unix socket. */
  readonly socket: string;
  /** The loopback port that it listens on besides; 0 for none. In a container it always has one. */
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
  /** Loopback ports that settings or CONFIG SET open besides. */
  furtherPorts?: readonly number[];
  /** In a container: the interface on which its ports are. Default: one of its own. */
  shared?: SharedInterface | undefined;
}

/** How a client of the tests reaches it: in a container by the port, as everybody would. */
function addressOf(socket: string, port: number): { path: string } | { host: string; port: number } {
  return IN_CONTAINER === undefined ? { path: socket } : { host: '127.0.0.1', port };
}

/**
 * Starts a redis-server that writes nothing to disk but its log, and waits until it serves. Stopped after the test file.
 * @throws Error with its log, when it ended or did not serve before the deadline
 */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const dir = tempDir();
  const socket = join(dir, 'redis.sock');
  const logFile = join(dir, 'redis.log');
  const port = options.port ?? (IN_CONTAINER === undefined ? 0 : await freePort());
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const settings = {
    port,
    bind: '127.0.0.1',
    unixsocket: socket,
    dir,
    logfile: logFile,
    loglevel: 'warning',
    ...(options.sentinel ? {} : { save: '', appendonly: 'no' }),
    ...(IN_CONTAINER === undefined ? {} : CONTAINER_SETTINGS),
    ...options.settings,
  };
  const args = [
    ...(options.configFile === undefined ? [] : [options.configFile]),
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(options.sentinel ? ['--sentinel'] : []),
  ];
  const start = (): RedisProcess =>
    IN_CONTAINER === undefined
      ? startProcess(REDIS_SERVER, args)
      : startInContainer(IN_CONTAINER, args, [port, ...(options.furtherPorts ?? [])], options.shared);
  let process = start();
  atEnd(() => process.stop());

  const connect = async (database = 0) => {
    const client = new Redis({
      ...addressOf(socket, port),
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
    const isDecided = async () => process.ended || (await connect());
    await waitFor('redis-server to serve', isDecided, START_DEADLINE_MS);
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
      await process.signal(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await within('redis-server to end', process.exited);
    },
    async restart() {
      process = start();
      await serves();
    },
  };
}

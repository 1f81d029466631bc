/** Connections to Redis. The client library is used through this file only. */
import { isIP } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { connectError } from './connect-error.ts';
import { parseRedisUrl, type RedisAddress } from './url.ts';

/** A connection: commands as methods, which are pipelined and reject with ReplyError. */
export type RedisClient = Redis;

/** How long a server may take to accept a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

export interface ConnectOptions {
  /** Shown by Redis's CLIENT LIST. No blanks. */
  readonly name: string;
  /** Failures of the connection after it was made. Commands that were under way fail with an error of their own. */
  readonly onError: (error: Error) => void;
  /**
   * Milliseconds to wait before the next try after the connection was lost, `attempt` counting from 1.
   * Default: no other try, every later command fails.
   */
  readonly retryDelayMs?: (attempt: number) => number;
}

/** TLS names the server in its greeting, but never by an address. */
export function tlsOptions(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

function libraryOptions(address: RedisAddress, { name, retryDelayMs }: ConnectOptions) {
  const { server, tls, username, password, db } = address;
  return {
    ...server,
    ...(tls && 'host' in server ? { tls: tlsOptions(server.host) } : {}),
    username,
    password,
    db: db ?? 0,
    connectionName: name,
    // RESP2 does all that we need (scripts, pub/sub on a connection of its own), every server speaks it, and the same
    // replies have the same shape everywhere.
    protocol: 2 as const,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Two commands a connection that old servers refuse and ACLs may forbid, for a statistic.
    disableClientInfo: true,
    lazyConnect: true,
    retryStrategy: retryDelayMs ?? (() => null),
  } satisfies RedisOptions;
}

/**
 * Connects to Redis, logs in and selects the database.
 * @param url - see parseRedisUrl
 * @returns the connection, ready for commands; whoever gets it ends it (`disconnect`)
 * @throws RedisUrlError
 * @throws RedisConnectError when the first try fails, whatever `retryDelayMs` says
 */
export async function connectRedis(url: string, options: ConnectOptions): Promise<RedisClient> {
  const address = parseRedisUrl(url);
  const redis = new Redis(libraryOptions(address, options));
  let connected = false;
  let firstError: Error | undefined;
  redis.on('error', (error: Error & { command?: { name: string } }) => {
    // The library would go on with database 0.
    if (error.command?.name === 'select') redis.disconnect(connected);
    if (connected) options.onError(error);
    else firstError ??= error;
  });
  try {
    await redis.connect();
    connected = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    // The library rejects with "Connection is closed." and tells why in the event.
    throw connectError(address, firstError ?? (error as Error));
  }
}

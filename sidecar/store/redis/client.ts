/** Connections to Redis. The client library is used through this file only. */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Command, Redis, type RedisOptions } from 'ioredis';
import { type Argument, CommandBatch } from './command-batch.ts';
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

/** What happens on a connection without having been asked for. */
export interface WireEvents {
  /** It is over; commands under way have failed, or are about to. Called once, also after destroy. */
  closed(why: Error): void;
  /** On a PUBSUB channel that was subscribed to. */
  announced(channel: Buffer, announcement: Buffer): void;
  /**
   * A subscription to a sharded PUBSUB channel ended: it was asked for, or the channel's slot is elsewhere now.
   * @param channel bytes that are not UTF-8 have become U+FFFD.
   */
  ended(channel: string): void;
}

export interface WireOptions {
  /** Undefined for none. */
  readonly tls: ConnectionOptions | undefined;
  readonly connectTimeoutMs: number;
  readonly events: WireEvents;
}

/** Who waits for a reply; one of the two is called, once. They may not throw. */
export interface Waiter {
  /** @param reply strings in it are Buffers. */
  replied(reply: unknown): void;
  /** @param error ReplyError is what Redis replied; others say that the connection was lost. */
  failed(error: Error): void;
}

/**
 * A command as the library's queue and its parser know it, without what a command of the library brings for every need:
 * its promises and functions cost more than all the rest of a call. Not for commands that (un)subscribe.
 */
class LightCommand implements Pick<Command, 'name' | 'isTraced' | 'setReplyContext' | 'resolve' | 'reject'> {
  readonly name: string;
  readonly args: readonly Argument[];
  /** Else the library would make a promise, to tell tracers of it. */
  readonly isTraced = true;
  readonly promise = undefined;
  readonly #waiter: Waiter;

  constructor(name: string, args: readonly Argument[], waiter: Waiter) {
    this.name = name;
    this.args = args;
    this.#waiter = waiter;
  }

  setReplyContext(): void {}

  toWritable(): this {
    return this;
  }

  resolve(reply: unknown): void {
    this.#waiter.replied(reply);
  }

  reject(error: Error): void {
    this.#waiter.failed(error);
  }
}

/**
 * Commands in a batch, at most: Redis shall begin with the first ones while the next are made ready, and not stand idle
 * until the end of a long turn of the event loop.
 */
const MAX_BATCH_COMMANDS = 8;

/**
 * A bare connection: it sends commands and tells what comes back. It does not log in, and is never made anew. What is
 * sent in one turn of the event loop is written in few goes, in order, which costs less than the library's own pipelines.
 */
export class Wire {
  readonly #redis: Redis;
  readonly #batch = new CommandBatch();
  /** Stands in for the socket where the library writes a command. */
  readonly #sink = {
    write: (command: LightCommand | string | Buffer): void => {
      if (this.#batch.count === 0) setImmediate(this.#flush);
      if (command instanceof LightCommand) this.#batch.add(command.name, command.args);
      else this.#batch.addEncoded(command);
      if (this.#batch.count === MAX_BATCH_COMMANDS) this.#flush();
    },
  };

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** @throws RedisConnectError */
  static async open(address: RedisAddress, { tls, connectTimeoutMs, events }: WireOptions): Promise<Wire> {
    const { server } = address;
    const redis = new Redis({
      ...server,
      ...(tls && 'host' in server ? { tls: { ...tlsOptions(server.host), ...tls } } : {}),
      protocol: 2,
      connectTimeout: connectTimeoutMs,
      disableClientInfo: true,
      lazyConnect: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResubscribe: false,
      retryStrategy: () => null,
    });
    let connected = false;
    let failure: Error | undefined;
    const fail = (error: Error): void => {
      const first = failure === undefined;
      failure ??= error;
      if (first && connected) events.closed(failure);
    };
    redis.on('error', (error: NodeJS.ErrnoException) => {
      // Errors of sockets and of TLS have codes; else it is the library, which does not understand what it reads.
      fail(error.code === undefined ? new Error('what answers does not speak as Redis does') : error);
      redis.stream?.destroy();
    });
    redis.on('end', () => fail(new Error('the server closed the connection')));
    redis.on('messageBuffer', events.announced);
    redis.on('smessageBuffer', events.announced);
    try {
      await redis.connect();
    } catch (error) {
      redis.disconnect();
      throw connectError(address, failure ?? (error as Error));
    }
    connected = true;
    watchSubscriptions(redis, events);
    return new Wire(redis);
  }

  /** False as soon as it is known that nothing sent would arrive, which may be before the connection is closed. */
  get writable(): boolean {
    return this.#redis.stream.writable;
  }

  /**
   * Sends a command.
   * @param name in lower case.
   * @returns the reply; strings in it are Buffers.
   * @throws ReplyError what Redis replied; other errors when the connection was lost.
   */
  send(name: string, args: readonly (string | Buffer)[]): Promise<unknown> {
    const command = new Command(name, args as (string | Buffer)[], { replyEncoding: null });
    return this.#give(command) as Promise<unknown>;
  }

  /** Does as `send`, for commands that there are many of. */
  call(name: string, args: readonly Argument[], waiter: Waiter): void {
    this.#give(new LightCommand(name, args, waiter) as unknown as Command);
  }

  #give(command: Command): unknown {
    return this.#redis.sendCommand(command, this.#sink as unknown as Redis['stream']);
  }

  readonly #flush = (): void => {
    if (this.#batch.count === 0) return;
    const { stream } = this.#redis;
    const pieces = this.#batch.take();
    if (!stream.writable) return; // the connection is over: what it waits for fails
    if (pieces.length > 1) stream.cork();
    for (const piece of pieces) stream.write(piece);
    if (pieces.length > 1) stream.uncork();
  };

  /** Ends the connection at once, without waiting for the server. */
  destroy(): void {
    this.#redis.disconnect();
    this.#redis.stream?.destroy();
  }
}

/**
 * Stands in for the library's own list of subscriptions, for two reasons. Redis counts plain and sharded subscriptions
 * apart; the library takes the end of the last one of a kind for the end of all, and further announcements for replies.
 * And it does not tell of which channel a server has ended the subscription.
 */
function watchSubscriptions(redis: Redis, events: WireEvents): void {
  let mode: unknown = false;
  const list = {
    add() {},
    del(kind: string, channel: string) {
      if (kind === 'sunsubscribe') events.ended(channel);
    },
  };
  Object.defineProperty(redis.condition, 'subscriber', {
    get: () => mode,
    set(value: unknown) {
      if (value) mode = list;
    },
  });
}

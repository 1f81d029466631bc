/**
 * What the Redis store needs of an upstream, whatever stands behind it: one server, a master with replicas, a cluster or
 * sentinels. A link keeps its connections up by itself, for as long as it exists.
 */
import type { Script } from '../../../lua/hsss/script.ts';
import type { LinkTotals } from '../../statistics/link-totals.ts';

/** A call for the time when the event loop can no longer be waited for. */
export interface ShutdownCall {
  readonly script: Script;
  /** The first one decides where it runs. */
  readonly keys: readonly Buffer[];
  readonly args: readonly ScriptArgument[];
  /** To be called when it was answered, so that it is not asked for again. */
  readonly told?: () => void;
}

/** What a script is called with. Strings go as UTF-8. */
export type ScriptArgument = string | number | Buffer;

export interface RunOptions {
  /**
   * True for scripts that do no harm when they run twice: they are sent again when a connection was lost before the
   * reply came. Others fail then, since nobody knows whether they ran.
   */
  readonly repeatable: boolean;
}

export interface RedisLink {
  /** True while scripts can be sent and announcements arrive: the upstream has a master, or all slots of the cluster. */
  readonly available: boolean;
  /** How messages are announced: SPUBLISH in a cluster whose every server knows it. */
  readonly publishCommand: 'PUBLISH' | 'SPUBLISH';
  /** This process's own PUBSUB channel, `nchan_worker:{…}`, by which others see that it is alive. */
  readonly worker: string;
  /**
   * Runs a script by its hash, in the order of the calls. While the upstream is away it waits, within bounds of time
   * (retryCommandsMaxWaitMs), number and bytes.
   * @param keys the first one decides where it runs.
   * @returns the reply; strings in it are Buffers.
   * @throws RedisUnavailableError when it was not sent in time, or sent and not answered.
   * @throws RedisForbiddenError when the user may not do that.
   * @throws ScriptError when the script failed, with its name and line.
   */
  run(
    script: Script,
    keys: readonly Buffer[],
    args: readonly ScriptArgument[],
    options: RunOptions,
  ): Promise<unknown>;
  /**
   * PUBLISH or SPUBLISH, as publishCommand says.
   * @returns how many connections got it.
   * @throws RedisUnavailableError as run does.
   */
  publish(channel: Buffer, announcement: Buffer): Promise<number>;
  /** Asks for the announcements of a PUBSUB channel until unlisten; again, by itself, after each lost connection. */
  listen(channel: Buffer): void;
  unlisten(channel: Buffer): void;
  /** Whether its announcements arrive; if not, `listening` tells when they do. */
  listensTo(channel: Buffer): boolean;
  /**
   * Runs scripts over a connection of their own, in the order of the calls, and blocks the process until they are
   * answered: for handlers of `exit`, after an uncaught exception too. What `run` has sent may run before or after them;
   * what it has not sent yet is lost when the process ends.
   * @param deadlineMs milliseconds after which it returns, whatever is answered by then.
   * @returns how many calls were answered, other than with an error.
   */
  runAtShutdown(calls: readonly ShutdownCall[], deadlineMs: number): number;
  /**
   * The first half of `runAtShutdown`, for several links at once.
   * @param deadlineMs milliseconds after which no more calls are passed on.
   * @returns the other half: blocks for the given milliseconds at most, and gives how many calls were answered.
   */
  startAtShutdown(calls: readonly ShutdownCall[], deadlineMs: number): (deadlineMs: number) => number;
  /** Figures for nchan_redis_upstream_stats and stub_status. */
  stats(): LinkStats;
  /** Closes all connections; what still waits fails. */
  close(): Promise<void>;
}

export interface LinkEvents {
  /** An announcement on a channel that was asked for. */
  announced(channel: Buffer, announcement: Buffer): void;
  /**
   * The channel is subscribed to from now on, for the first time or again: what was announced before may have been
   * missed.
   */
  listening(channel: Buffer): void;
  /** The upstream has become available, for the first time or again; it may be another server, or have lost its data. */
  available(): void;
  /** It is no longer. */
  unavailable(why: Error): void;
}

/** Of one server of an upstream. */
export interface ServerStats {
  /** Without credentials. */
  readonly url: string;
  /** What its cluster calls it, else its run id; '' before it has said. */
  readonly id: string;
  readonly role: 'master' | 'slave' | 'unknown';
  readonly connected: boolean;
  readonly pendingCommands: number;
  readonly disconnects: number;
  /** By script name or command: calls, and microseconds from sending to the reply. */
  readonly commands: Readonly<Record<string, { calls: number; microseconds: number; errors: number }>>;
}

export interface LinkStats {
  readonly servers: readonly ServerStats[];
  /** Scripts that wait to be sent. */
  readonly waiting: number;
  /** Counted whether or not figures of each server are kept. */
  readonly totals: LinkTotals;
}

/** Redis cannot be reached, or did not answer: 503 to whoever asked. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';

  get kind(): string {
    return kindOf(this);
  }
}

/**
 * Redis does not let its user do what was asked: 503 to whoever asked. Unlike an outage it lasts until somebody reads of
 * it in the log.
 */
export class RedisForbiddenError extends Error {
  override readonly name = 'RedisForbiddenError';

  get kind(): string {
    return kindOf(this);
  }
}

/** The same text for all failures for one reason: what a server says of its reason can name the channel. */
function kindOf({ cause, message }: Error): string {
  if (!(cause instanceof Error) || cause.name !== 'ReplyError') return message;
  return message.replace(cause.message, () => cause.message.slice(0, cause.message.indexOf(' ')));
}

/** Redis has lost what it knew of a channel with subscribers here, and is told again; nobody is refused for it. */
export class ChannelLostError extends Error {
  override readonly name = 'ChannelLostError';
}

/** Redis has no room for what was to be written: 503 to whoever asked. */
export class RedisFullError extends Error {
  override readonly name = 'RedisFullError';
}

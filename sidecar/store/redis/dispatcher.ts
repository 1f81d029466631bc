/** Sends calls to where they can be answered, in order, and decides what becomes of those that are not answered well. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RedisUpstream } from '../../../handoff/redis.ts';
import { ScriptError, type ScriptsBySha1, scriptError } from '../../../lua/script-error.ts';
import { Backlog } from './backlog.ts';
import type { Call } from './call.ts';
import { type Connection, isReplyError } from './connection.ts';
import { RedisForbiddenError, RedisUnavailableError } from './link.ts';
import { type Refusal, type RemedyTools, remedyFor } from './remedies.ts';
import type { Server } from './server.ts';
import type { Topology } from './topology.ts';

/** Calls that wait to be sent or answered, and the bytes in them: more are refused. */
export const MAX_PENDING_CALLS = 65_536;
export const MAX_PENDING_BYTES = 64 * 1024 * 1024;

/** How often a call is sent that is refused for reasons which sending it again should have mended. */
const MAX_ATTEMPTS = 8;

type Failure = new (message: string, options: ErrorOptions) => Error;

export interface DispatcherOptions {
  readonly upstream: RedisUpstream;
  readonly scripts: ScriptsBySha1;
  /** It may be replaced by another one. */
  readonly topology: () => Topology;
}

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #backlog: Backlog;
  /** See RemedyTools.hold; with the number of reasons. */
  readonly #held = new Map<number | Connection, number>();
  #pendingCalls = 0;
  #pendingBytes = 0;
  #closed = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const maxWaitMs = options.upstream.retryCommandsMaxWaitMs;
    this.#backlog = new Backlog({
      maxWaitMs,
      expired: (call) => {
        const why = call.refused ?? this.#lack();
        this.#fail(call, `${call.name} waited ${maxWaitMs} ms for Redis: ${why}`);
      },
    });
  }

  /** Calls that wait to be sent. */
  get waiting(): number {
    return this.#backlog.length;
  }

  /** Sends a call as soon as that is possible. Each one must be newer than those before. */
  submit(call: Call): void {
    this.#pendingCalls++;
    this.#pendingBytes += call.bytes;
    const tooMany = this.#pendingCalls > MAX_PENDING_CALLS;
    const tooLarge = this.#pendingBytes > MAX_PENDING_BYTES && this.#pendingCalls > 1;
    if (this.#closed) this.#fail(call, 'the connections to Redis are closed');
    else if (tooMany || tooLarge) this.#fail(call, 'too much waits for Redis already');
    else if (this.#trySend(call)) return;
    else if (this.#options.upstream.retryCommands || this.#held.size > 0) this.#backlog.add(call);
    else this.#fail(call, `${call.name} cannot be sent: ${this.#lack()}`);
  }

  /** Sends what can be sent by now. */
  flush(): void {
    this.#backlog.flush((call) => this.#trySend(call));
  }

  /** What waits fails; what was sent fails when the connections are closed. */
  close(): void {
    this.#closed = true;
    for (const call of this.#backlog.clear()) this.#fail(call, 'the connections to Redis are closed');
  }

  #lack(): string {
    return this.#options.topology().lack?.message ?? 'it was not settled where to send it';
  }

  #settled(call: Call): void {
    this.#pendingCalls--;
    this.#pendingBytes -= call.bytes;
  }

  #fail(call: Call, message: string, cause?: Error, Failure: Failure = RedisUnavailableError): void {
    this.#settled(call);
    call.reject(new Failure(message, { cause }));
  }

  #trySend(call: Call): boolean {
    if (this.#held.has(call.slot)) return false;
    const server = call.asking ?? this.#options.topology().master(call.slot);
    const connection = server?.scripts;
    if (!server || !connection?.writable || this.#held.has(connection)) return false;
    this.#send(call, server, connection);
    return true;
  }

  #send(call: Call, server: Server, connection: Connection): void {
    call.attempts++;
    if (call.asking) {
      call.asking = undefined;
      // When this fails, so does what follows it.
      connection.send('asking', []).catch(() => {});
    }
    const sentAt = performance.now();
    const command = call.script ? 'evalsha' : this.#options.topology().publishCommand.toLowerCase();
    connection.call(command, call.args, {
      replied: (reply) => {
        server.count(call.name, performance.now() - sentAt, false);
        this.#settled(call);
        call.resolve(reply);
      },
      failed: (error) => {
        server.count(call.name, performance.now() - sentAt, true);
        if (isReplyError(error)) this.#refused({ call, server, connection, message: error.message }, error);
        else this.#unanswered(call, server, error);
      },
    });
  }

  #unanswered(call: Call, server: Server, error: Error): void {
    if (call.repeatable && this.#options.upstream.retryCommands && !this.#closed) {
      this.#backlog.addAgain(call);
    } else {
      this.#fail(call, `${call.name} was not answered by Redis at ${server.url}: ${error.message}`, error);
    }
  }

  #refused(refusal: Refusal, cause: Error): void {
    const { call, server, message } = refusal;
    const { upstream, scripts, topology } = this.#options;
    const error = call.script ? scriptError(cause, scripts, call.script.sha1) : cause;
    const code = error instanceof ScriptError ? error.code : message.slice(0, message.indexOf(' '));
    const remedy = remedyFor(refusal, code);
    const again = remedy?.always ? call.attempts < MAX_ATTEMPTS : upstream.retryCommands;
    const tools: RemedyTools = {
      topology: topology(),
      recoveryDelay: upstream.clusterRecoveryDelay,
      hold: this.#hold,
    };
    if (again && !this.#closed && remedy?.apply(refusal, tools)) {
      call.refused = `Redis at ${server.url} refuses it: ${message}`;
      this.#backlog.addAgain(call);
    } else if (error instanceof ScriptError && !remedy) {
      this.#settled(call);
      call.reject(error);
    } else {
      const Failure = code === 'NOPERM' ? RedisForbiddenError : RedisUnavailableError;
      this.#fail(call, `Redis at ${server.url} refuses ${call.name}: ${error.message}`, error, Failure);
    }
  }

  readonly #hold: RemedyTools['hold'] = (what, { connection }, meanwhile) => {
    // One is enough for a connection: it waits for all that was sent over it.
    if (what === connection && this.#held.has(what)) return;
    this.#held.set(what, (this.#held.get(what) ?? 0) + 1);
    void this.#release(what, connection, meanwhile);
  };

  async #release(
    what: number | Connection,
    connection: Connection,
    meanwhile: (() => Promise<unknown>) | undefined,
  ): Promise<void> {
    await connection.answered();
    // Whoever waits for the last reply learns of it in between.
    await nextTurn();
    try {
      await meanwhile?.();
    } catch (error) {
      connection.close(error as Error);
    }
    const left = this.#held.get(what)! - 1;
    if (left > 0) this.#held.set(what, left);
    else this.#held.delete(what);
    if (!this.#closed) this.flush();
  }
}

/** One connection to one server, from log-in to loss. */
import { after } from '../../timers.ts';
import { type Waiter, Wire, type WireOptions } from './client.ts';
import { connectError } from './connect-error.ts';
import type { RedisAddress } from './url.ts';

/** The connection was lost, or given up, before the reply came. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** Says that Redis itself replied an error. */
export function isReplyError(error: unknown): error is Error {
  return (error as Error).name === 'ReplyError';
}

export interface ConnectionOptions extends Pick<WireOptions, 'tls' | 'connectTimeoutMs'> {
  /** What CLIENT LIST calls it. */
  readonly name: string;
  /** Milliseconds without any reply, while one is due, after which the connection is given up; 0 for never. */
  readonly commandTimeoutMs: number;
  readonly events: ConnectionEvents;
  /** Takes each command that was answered, and `connect`; those that publish or call scripts are counted by their sender. */
  readonly answered?: (command: string, ms: number, failed: boolean) => void;
  /** What is to be done before the connection is used. It has connectTimeoutMs for that. */
  readonly start?: (connection: Connection) => Promise<void>;
}

export interface ConnectionEvents {
  /** Once for each connection, however it ended. */
  lost(connection: Connection, why: Error): void;
  announced(channel: Buffer, announcement: Buffer): void;
  /** See WireEvents.ended. */
  ended(channel: string): void;
}

/** They are many, and who sends them knows what they are for. */
const COUNTED_BY_SENDER: ReadonlySet<string> = new Set(['evalsha', 'publish', 'spublish']);

let connections = 0;

export class Connection {
  /** No other one has it. */
  readonly id = ++connections;
  readonly #commandTimeoutMs: number;
  readonly #answeredCommand: ConnectionOptions['answered'];
  readonly #lost: ConnectionEvents['lost'];
  #wire: Wire | undefined;
  #sent = 0;
  #answered = 0;
  /** When the last reply came, or the oldest command that waits for one was sent. */
  #lastProgress = 0;
  #timer: NodeJS.Timeout | undefined;
  #why: Error | undefined;
  /** Whoever waits until so many commands are answered; the smallest number first. */
  #waiting: { readonly answered: number; readonly resolve: () => void }[] = [];

  private constructor({ commandTimeoutMs, events, answered }: ConnectionOptions) {
    this.#commandTimeoutMs = commandTimeoutMs;
    this.#lost = events.lost;
    this.#answeredCommand = answered;
  }

  /**
   * Connects, logs in, gives the connection its name, selects the database and does what else is to be done first.
   * @throws RedisConnectError
   */
  static async open(address: RedisAddress, options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    const { tls, connectTimeoutMs, events } = options;
    const opening = Wire.open(address, {
      tls,
      connectTimeoutMs,
      events: {
        closed: (why) => connection.#close(why),
        announced: events.announced,
        ended: events.ended,
      },
    });
    void connection.#count('connect', opening);
    connection.#wire = await opening;
    const late = () => connection.close(new Error(`not ready for use after ${connectTimeoutMs} ms`));
    const deadline = connectTimeoutMs > 0 ? after(connectTimeoutMs, late) : undefined;
    try {
      await connection.#logIn(address, options.name);
      await options.start?.(connection);
    } catch (error) {
      connection.close(error as Error);
      throw connectError(address, error as Error);
    } finally {
      clearTimeout(deadline);
    }
    return connection;
  }

  async #logIn({ username, password, db }: RedisAddress, name: string): Promise<void> {
    const commands: [string, string[]][] = [];
    if (username !== undefined) commands.push(['auth', [username, password ?? '']]);
    else if (password !== undefined) commands.push(['auth', [password]]);
    if (db) commands.push(['select', [String(db)]]);
    const replies = commands.map(([command, args]) => this.send(command, args));
    // The name is a help for whoever looks at the server, and an ACL may forbid it.
    replies.push(this.send('client', ['setname', name]).catch(ignoreRefusal));
    await Promise.all(replies);
  }

  get open(): boolean {
    return this.#why === undefined;
  }

  /** What is sent now has a chance to arrive. */
  get writable(): boolean {
    return this.#why === undefined && this.#wire!.writable;
  }

  /** Commands that wait for their reply. */
  get inFlight(): number {
    return this.#sent - this.#answered;
  }

  /**
   * Sends a command, in the order of the calls.
   * @param name in lower case.
   * @returns the reply; strings in it are Buffers.
   * @throws ReplyError what Redis replied.
   * @throws ConnectionLostError
   */
  send(name: string, args: readonly (string | Buffer)[]): Promise<unknown> {
    if (this.#why) return Promise.reject(this.#lostError(this.#why));
    if (this.#sent++ === this.#answered) this.#expectReply();
    const sent = this.#wire!.send(name, args);
    if (this.#answeredCommand && !COUNTED_BY_SENDER.has(name)) void this.#count(name, sent);
    return sent.then(this.#replied, this.#failed);
  }

  /**
   * Does as `send`, for commands that there are many of; the waiter is called in the order of the replies.
   * @param waiter `failed` gets a ReplyError or a ConnectionLostError, and is called when nothing else of ours runs.
   */
  call(name: string, args: readonly (string | Buffer)[], waiter: Waiter): void {
    if (this.#why) {
      const error = this.#lostError(this.#why);
      queueMicrotask(() => waiter.failed(error));
      return;
    }
    if (this.#sent++ === this.#answered) this.#expectReply();
    this.#wire!.call(name, args, {
      replied: (reply) => {
        this.#settled();
        waiter.replied(reply);
      },
      failed: (error) => {
        // Not within the library, which may be about to take more replies from what it has read.
        queueMicrotask(() => waiter.failed(this.#known(error)));
        this.#settled();
      },
    });
  }

  async #count(name: string, done: Promise<unknown>): Promise<void> {
    const startedAt = performance.now();
    const failed = await done.then(
      () => false,
      () => true,
    );
    this.#answeredCommand?.(name, performance.now() - startedAt, failed);
  }

  /** Resolves once all that was sent so far is answered, or has failed. */
  answered(): Promise<void> {
    return new Promise((resolve) => {
      if (this.inFlight === 0) resolve();
      else this.#waiting.push({ answered: this.#sent, resolve });
    });
  }

  /** Ends the connection at once: what waits for a reply fails. */
  close(why: Error): void {
    this.#wire?.destroy();
    this.#close(why);
  }

  readonly #replied = (reply: unknown): unknown => {
    this.#settled();
    return reply;
  };

  readonly #failed = (error: Error): never => {
    this.#settled();
    throw this.#known(error);
  };

  #known(error: Error): Error {
    return isReplyError(error) ? error : this.#lostError(this.#why ?? error);
  }

  #settled(): void {
    this.#lastProgress = performance.now();
    this.#answered++;
    while (this.#waiting.length > 0 && this.#waiting[0]!.answered <= this.#answered) {
      this.#waiting.shift()!.resolve();
    }
  }

  #lostError(why: Error): ConnectionLostError {
    return new ConnectionLostError(why.message, { cause: why });
  }

  #close(why: Error): void {
    if (this.#why) return;
    this.#why = why;
    clearTimeout(this.#timer);
    this.#lost(this, why);
  }

  #expectReply(): void {
    this.#lastProgress = performance.now();
    if (this.#commandTimeoutMs > 0 && !this.#timer) this.#watch(this.#commandTimeoutMs);
  }

  /** One timer for all commands: it looks from time to time, rather than being set anew for each. */
  #watch(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // If it was this process that stood still, replies lie in the socket and are read before this runs.
      setImmediate(() => this.#check());
    }, ms).unref();
  }

  #check(): void {
    if (this.inFlight === 0 || this.#why || this.#timer) return;
    const left = this.#lastProgress + this.#commandTimeoutMs - performance.now();
    if (left > 0) this.#watch(left);
    else this.close(new Error(`no reply for ${this.#commandTimeoutMs} ms`));
  }
}

/** @throws what is no refusal */
function ignoreRefusal(error: Error): void {
  if (!isReplyError(error)) throw error;
}

/** Keeps one connection up: makes it anew, with growing delays, whenever it is lost. */
import type { Delay } from '../../../handoff/redis.ts';
import { after } from '../../timers.ts';
import type { Connection } from './connection.ts';
import { Delays } from './delay.ts';

/** From so many milliseconds on, a connection counts as one that works. */
const LASTED_MS = 1_000;

export interface LastingConnectionOptions {
  /**
   * Connects and does all that has to be done before the connection is used.
   * @param lost to be called once the connection is lost.
   */
  open(lost: (connection: Connection, why: Error) => void): Promise<Connection>;
  readonly delay: Delay;
  readonly events: LastingConnectionEvents;
}

export interface LastingConnectionEvents {
  up(connection: Connection): void;
  /** The connection could not be made; another try follows. */
  failed(why: Error): void;
  /** It was lost; another try follows. */
  lost(why: Error): void;
}

export class LastingConnection {
  readonly #options: LastingConnectionOptions;
  readonly #delays: Delays;
  #current: Connection | undefined;
  #upSince = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LastingConnectionOptions) {
    this.#options = options;
    this.#delays = new Delays(options.delay);
    // No event before whoever made this has it.
    this.#tryAfter(0);
  }

  /** Ready for use; undefined while there is none. */
  get current(): Connection | undefined {
    return this.#current;
  }

  /** Gives up the present connection for a new one. */
  renew(why: Error): void {
    this.#current?.close(why);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#current?.close(new Error('closed'));
  }

  async #try(): Promise<void> {
    let connection: Connection;
    try {
      connection = await this.#options.open((lost, why) => this.#lost(lost, why));
      if (!connection.open) throw new Error('the server closed the connection');
    } catch (error) {
      if (this.#closed) return;
      this.#tryAfter(this.#delays.next());
      this.#options.events.failed(error as Error);
      return;
    }
    if (this.#closed) {
      connection.close(new Error('closed'));
      return;
    }
    this.#current = connection;
    this.#upSince = performance.now();
    this.#options.events.up(connection);
  }

  #lost(connection: Connection, why: Error): void {
    if (connection !== this.#current) return;
    this.#current = undefined;
    if (this.#closed) return;
    // What had lasted is tried again at once, so that a hiccup costs nothing; what keeps breaking is not.
    const lasted = performance.now() - this.#upSince >= LASTED_MS;
    if (lasted) this.#delays.reset();
    this.#tryAfter(lasted ? 0 : this.#delays.next());
    this.#options.events.lost(why);
  }

  #tryAfter(delayMs: number): void {
    this.#timer = after(delayMs, () => void this.#try());
  }
}

/** A subscriber that leaves and comes back all the time, and knows no more than the last id that it got. */
import { RawConnection } from '../support/raw-http.ts';
import { DEADLINE_MS, sleep } from '../support/wait.ts';
import { type Ledger, label } from './ledger.ts';
import type { Bookmark, Received, Transport } from './transports.ts';
import type { Arrival, Visit } from './verdict.ts';

/** How a connection ends: with FIN, or with RST as that of a client that crashed. */
export type Cut = 'close' | 'reset';

/** That it leaves of itself when it got this many messages since it came; the rest of what has arrived is lost. */
export interface Leave {
  readonly after: number;
  readonly how: Cut;
}

/** How long an interval-poll client waits when there was nothing. */
const POLL_INTERVAL_MS = 5;

export class Subscriber {
  readonly transport: Transport;
  /** Channels that it subscribes to as one. */
  readonly channels: readonly string[];
  /** All that it asked and got. */
  readonly visits: Visit[] = [];
  readonly #port: number;
  readonly #ledger: Ledger;
  readonly #leaves: Leave[];
  readonly #goals: { readonly missing: Set<string>; readonly resolve: () => void }[] = [];
  #bookmark: Bookmark = {};
  #connection: RawConnection | undefined;
  /** Undefined while it means to stay connected. */
  #cut: Cut | undefined;
  /** While it is away: resolves when it is back. */
  #away: Promise<void> | undefined;
  #comeBack = (): void => {};
  #sinceItCame = 0;
  #done = false;

  /** @param leaves one after the other; when they are over it stays. */
  constructor(
    port: number,
    ledger: Ledger,
    transport: Transport,
    channels: readonly string[],
    leaves: readonly Leave[],
  ) {
    this.#port = port;
    this.#ledger = ledger;
    this.transport = transport;
    this.channels = channels;
    this.#leaves = [...leaves];
  }

  /**
   * Subscribes again and again until `end`.
   * @throws Error when the server ends a connection or is silent for too long.
   */
  async live(): Promise<void> {
    for (;;) {
      await this.#away;
      if (this.#done) return;
      this.#cut = undefined;
      this.#sinceItCame = 0;
      this.#connection = undefined;
      this.#connection = await RawConnection.open(this.#port);
      if (!this.#cut) await this.#stay(this.#connection);
      this.#connection.destroy();
    }
  }

  /**
   * Disconnects it in the middle of whatever it is at.
   * @param away - it comes back at `resume`, else at once
   */
  cut(how: Cut, away = false): void {
    this.#cut = how;
    if (away) {
      this.#away ??= new Promise((resolve) => {
        this.#comeBack = resolve;
      });
    }
    if (how === 'reset') this.#connection?.reset();
    else this.#connection?.destroy();
  }

  /** It does not read what arrives, until `resume` or it is cut off. */
  stall(): void {
    this.#connection?.pause();
  }

  /** Undoes `stall`, and `cut` that keeps it away. */
  resume(): void {
    this.#comeBack();
    this.#away = undefined;
    this.#connection?.resume();
  }

  /** Resolves when it has got all of these messages, whenever that was. */
  reached(bodies: readonly string[]): Promise<void> {
    const got = this.visits.flatMap(({ arrivals }) => arrivals.map(({ body }) => body));
    const missing = new Set(bodies.filter((body) => !got.includes(body)));
    if (missing.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#goals.push({ missing, resolve }));
  }

  /** It leaves for good. */
  end(): void {
    this.#done = true;
    this.#comeBack();
    this.cut('close');
  }

  async #stay(connection: RawConnection): Promise<void> {
    const { transport } = this;
    try {
      let arrivals: Arrival[] | undefined;
      let deadline = Date.now() + DEADLINE_MS;
      for (;;) {
        if (!arrivals || transport.polls) arrivals = await this.#ask(connection);
        if (this.#leavesNow()) return;
        const received = await transport.read(connection);
        if (received) {
          this.#take(received, arrivals);
          deadline = Date.now() + DEADLINE_MS;
        } else if (Date.now() > deadline) throw new Error(`waited ${DEADLINE_MS} ms for a message`);
        else await sleep(POLL_INTERVAL_MS);
      }
    } catch (error) {
      if (this.#cut) return; // nobody is there to hear what the connection had to say
      const got = this.visits.map((visit) => visit.arrivals.map(({ body }) => label(body)).join(' '));
      const who = `${transport.name} of ${this.channels}`;
      throw new Error(`${who}: ${(error as Error).message}; it got ${got.join(' | ')}`, { cause: error });
    }
  }

  /** Sends a request; what arrives for it goes into the list. */
  async #ask(connection: RawConnection): Promise<Arrival[]> {
    const { location, headers } = this.transport;
    const bookmark = Object.entries(this.#bookmark).map(([name, value]) => `${name}: ${value}`);
    const lines = [`GET ${location}/${this.channels} HTTP/1.1`, 'Host: x', ...headers, ...bookmark];
    const arrivals: Arrival[] = [];
    this.visits.push({ asked: this.#ledger.now(), arrivals });
    connection.send(`${lines.join('\r\n')}\r\n\r\n`);
    await this.transport.begin(connection);
    return arrivals;
  }

  #take({ body, bookmark }: Received, arrivals: Arrival[]): void {
    arrivals.push({ body, at: this.#ledger.now() });
    if (bookmark) this.#bookmark = bookmark;
    this.#sinceItCame += 1;
    for (const { missing, resolve } of this.#goals) {
      missing.delete(body);
      if (missing.size === 0) resolve();
    }
  }

  /** True when it is cut off, or its time to leave has come. */
  #leavesNow(): boolean {
    if (this.#cut) return true;
    const [leave] = this.#leaves;
    if (!leave || this.#sinceItCame < leave.after) return false;
    this.#leaves.shift();
    this.cut(leave.how);
    return true;
  }
}

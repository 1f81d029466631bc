/** Asks Sentinels, over and over, which server is the master. */
import type { RedisUpstream } from '../../../handoff/redis.ts';
import { after } from '../../timers.ts';
import { Connection, isReplyError } from './connection.ts';
import { Delays } from './delay.ts';
import type { OutageLog } from './outage-log.ts';
import type { HostPort } from './server-info.ts';
import { tlsConnectionOptions } from './tls-options.ts';
import type { RedisAddress, SentinelAddress } from './url.ts';

/** How often, in milliseconds. A failover takes longer. */
const ASK_MS = 1_000;

/** What is told of Sentinels, whichever one is asked. */
const OUTAGE = 'sentinels';

export interface SentinelsOptions {
  readonly address: SentinelAddress;
  readonly upstream: RedisUpstream;
  readonly outages: OutageLog;
  /** After every answer. */
  readonly found: (master: HostPort) => void;
}

export class Sentinels {
  readonly #options: SentinelsOptions;
  readonly #delays: Delays;
  #next = 0;
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SentinelsOptions) {
    this.#options = options;
    this.#delays = new Delays(options.upstream.reconnectDelay);
    void this.#ask();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#connection?.close(new Error('closed'));
  }

  async #ask(): Promise<void> {
    const { address, outages, found } = this.#options;
    let delayMs = ASK_MS;
    try {
      this.#connection ??= await this.#connect();
      const master = await this.#masterAt(this.#connection);
      this.#delays.reset();
      if (this.#closed) return;
      outages.up(OUTAGE, `a Redis Sentinel names the master "${address.master}" again`);
      found(master);
    } catch (error) {
      if (this.#closed) return;
      this.#connection?.close(error as Error);
      this.#connection = undefined;
      outages.down(OUTAGE, 'NJ-REDIS-SENTINEL', `Redis Sentinel: ${(error as Error).message}`);
      this.#next++;
      // Each of them is asked once, before all of them are waited for.
      delayMs = this.#next % address.sentinels.length === 0 ? this.#delays.next() : 0;
    }
    this.#timer = after(delayMs, () => void this.#ask());
  }

  async #masterAt(connection: Connection): Promise<HostPort> {
    const name = this.#options.address.master;
    const reply = (await connection.send('sentinel', ['get-master-addr-by-name', name])) as Buffer[] | null;
    if (!reply) throw new Error(`it knows no master "${name}"`);
    const [host, port] = reply;
    return { host: String(host), port: Number(String(port)) };
  }

  /** Sentinels seldom want a password, and it is not sent to those that do not ask for it. */
  async #connect(): Promise<Connection> {
    const { sentinels, tls, username, password } = this.#options.address;
    const server = sentinels[this.#next % sentinels.length]!;
    const connection = await this.#open({ server, tls });
    try {
      await connection.send('ping', []);
      return connection;
    } catch (error) {
      connection.close(error as Error);
      const wantsPassword = isReplyError(error) && error.message.startsWith('NOAUTH');
      if (!wantsPassword || password === undefined) throw error;
      return this.#open({ server, tls, password, ...(username === undefined ? {} : { username }) });
    }
  }

  async #open(address: RedisAddress): Promise<Connection> {
    const { upstream } = this.#options;
    const connection = await Connection.open(address, {
      name: `njchan:sentinel:${process.pid}`,
      tls: address.tls ? tlsConnectionOptions(upstream.tls) : undefined,
      connectTimeoutMs: upstream.connectTimeoutMs,
      commandTimeoutMs: upstream.commandTimeoutMs,
      events: { lost: () => {}, announced: () => {}, ended: () => {} },
    });
    if (this.#closed) connection.close(new Error('closed'));
    return connection;
  }
}

/** One Redis server: a connection for scripts, one for announcements, and what is known about it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RedisUpstream } from '../../../handoff/redis.ts';
import type { Script } from '../../../lua/hsss/script.ts';
import { type Logger, logFault } from '../../log.ts';
import type { LinkTotals } from '../../statistics/link-totals.ts';
import { CommandCounts } from './command-counts.ts';
import { Connection, type ConnectionEvents } from './connection.ts';
import { LastingConnection } from './lasting-connection.ts';
import type { ServerStats } from './link.ts';
import type { OutageLog } from './outage-log.ts';
import { Pinger } from './pinger.ts';
import { loadScripts } from './script-loader.ts';
import { type Role, type ServerInfo, ServerInfoError } from './server-info.ts';
import { askInfo, isRefusal, type ServerFacts, startPubsub, startScripts } from './start-up.ts';
import { tlsConnectionOptions } from './tls-options.ts';
import { describeAddress, type RedisAddress } from './url.ts';

/** How long a ping may take where the configuration lets commands take for ever, in milliseconds. */
const DEFAULT_REPLY_MS = 5_000;

/** What all servers of an upstream share. */
export interface ServerContext {
  readonly upstream: RedisUpstream;
  readonly scripts: readonly Script[];
  /** The PUBSUB channel of this process. */
  readonly worker: string;
  readonly log: Logger;
  readonly outages: OutageLog;
  /** What all servers did together. */
  readonly totals: LinkTotals;
}

export interface ServerEvents {
  /** A connection was made or lost, or the server says something new about itself. */
  changed(server: Server): void;
  announced(channel: Buffer, announcement: Buffer): void;
  /** A sharded subscription ended there; see WireEvents.ended. */
  ended(channel: string, server: Server): void;
}

export interface ServerOrigin {
  /** What the operator says that the server is. */
  readonly role?: Role | undefined;
  /** Another server named it. */
  readonly discovered: boolean;
}

type ConnectionRole = 'scripts' | 'pubsub';

export class Server {
  readonly address: RedisAddress;
  /** Without credentials. */
  readonly url: string;
  readonly discovered: boolean;
  readonly #context: ServerContext;
  readonly #events: ServerEvents;
  readonly #forcedRole: Role | undefined;
  readonly #worker: Buffer;
  readonly #counts = new CommandCounts();
  readonly #pinger: Pinger;
  readonly #scripts: LastingConnection;
  readonly #pubsub: LastingConnection;
  #facts: ServerFacts | undefined;
  #pubsubRunId = '';
  #tried = false;
  #disconnects = 0;

  constructor(address: RedisAddress, origin: ServerOrigin, context: ServerContext, events: ServerEvents) {
    this.address = address;
    this.url = describeAddress(address);
    this.discovered = origin.discovered;
    this.#forcedRole = origin.role;
    this.#context = context;
    this.#events = events;
    this.#worker = Buffer.from(context.worker);
    const { scripts, upstream, worker } = context;
    this.#pinger = new Pinger({
      intervalSeconds: upstream.pingIntervalSeconds,
      deadlineMs: upstream.commandTimeoutMs || DEFAULT_REPLY_MS,
      send: (ping) => this.#sendPing(ping),
      missed: (why) => this.#pubsub.renew(why),
    });
    this.#scripts = this.#keepUp('scripts', async (connection) => {
      const before = this.info?.runId;
      const facts = await startScripts(connection, scripts, upstream.loadScriptsUnconditionally, worker);
      // It was started again, perhaps without its data: it would give ids of this second that were given before.
      if (before !== undefined && before !== facts.info.runId) await delay(facts.info.firstSecondMs);
      this.#facts = facts;
    });
    this.#pubsub = this.#keepUp('pubsub', async (connection) => {
      this.#pubsubRunId = await startPubsub(connection, worker);
    });
  }

  /** The connections; undefined while they are down. */
  get scripts(): Connection | undefined {
    return this.#scripts.current;
  }

  get pubsub(): Connection | undefined {
    return this.#pubsub.current;
  }

  /** Both connections are up. */
  get ready(): boolean {
    return this.scripts !== undefined && this.pubsub !== undefined;
  }

  /** It has said what it is, or could not be reached. */
  get tried(): boolean {
    return this.#tried;
  }

  /** What it said last; undefined before it said anything. */
  get info(): ServerInfo | undefined {
    return this.#facts?.info;
  }

  get role(): ServerStats['role'] {
    return this.#forcedRole ?? this.info?.role ?? 'unknown';
  }

  /** What its cluster calls it; undefined outside of one. */
  get nodeId(): string | undefined {
    return this.#facts?.nodeId;
  }

  get knowsSpublish(): boolean {
    return this.#facts?.knowsSpublish ?? false;
  }

  /** The host by which it is reached. */
  get host(): string {
    return 'host' in this.address.server ? this.address.server.host : '127.0.0.1';
  }

  /** Asks for its role and its replicas again. */
  async examine(): Promise<void> {
    const connection = this.scripts;
    if (!connection) return;
    try {
      const info = await askInfo(connection);
      if (connection === this.scripts) this.#setInfo(info);
    } catch (error) {
      // A lost connection is told of where it is lost.
      if (isRefusal(error)) connection.close(error);
    }
  }

  /** It refused to write: whatever it said before, it is a replica. */
  demoted(): void {
    if (this.info && this.info.role !== 'slave') this.#setInfo({ ...this.info, role: 'slave' });
  }

  /**
   * Loads the scripts that it has lost.
   * @throws what loadScripts throws
   */
  async reloadScripts(connection: Connection): Promise<void> {
    const loaded = await loadScripts(connection, this.#context.scripts, false);
    const message = `Redis at ${this.url} had lost its scripts; ${loaded} were loaded again`;
    logFault(this.#context.log, 'NJ-REDIS-SCRIPTS', message);
  }

  /** A command of this name was answered after so many milliseconds. */
  count(name: string, ms: number, failed: boolean): void {
    this.#context.totals.count(name, ms, failed);
    if (this.#context.upstream.stats) this.#counts.add(name, ms, failed);
  }

  stats(): ServerStats {
    return {
      url: this.url,
      id: this.nodeId ?? this.info?.runId ?? '',
      role: this.role,
      connected: this.ready,
      pendingCommands: (this.scripts?.inFlight ?? 0) + (this.pubsub?.inFlight ?? 0),
      disconnects: this.#disconnects,
      commands: this.#counts.read(),
    };
  }

  close(): void {
    this.#pinger.close();
    this.#scripts.close();
    this.#pubsub.close();
    this.#context.outages.forget(this.url);
  }

  #setInfo(info: ServerInfo): void {
    this.#facts = { nodeId: undefined, knowsSpublish: false, ...this.#facts, info };
    this.#events.changed(this);
  }

  /** A load balancer may stand there. */
  #compare(): void {
    if (this.ready && this.info?.runId !== this.#pubsubRunId) {
      this.#pubsub.renew(new ServerInfoError('the address leads to more than one server'));
    }
  }

  #sendPing(ping: Buffer): boolean {
    if (!this.scripts || !this.pubsub) return false;
    // If it fails, the connection is lost, or the ping will be missed.
    this.scripts.send('publish', [this.#worker, ping]).catch(() => {});
    return true;
  }

  #keepUp(role: ConnectionRole, start: (connection: Connection) => Promise<void>): LastingConnection {
    const { upstream, outages } = this.#context;
    return new LastingConnection({
      delay: upstream.reconnectDelay,
      open: (lost) =>
        Connection.open(this.address, {
          name: `njchan:${role}:${process.pid}`,
          tls: this.address.tls ? tlsConnectionOptions(upstream.tls) : undefined,
          connectTimeoutMs: upstream.connectTimeoutMs,
          commandTimeoutMs: upstream.commandTimeoutMs,
          events: { ...this.#connectionEvents(), lost },
          answered: (command, ms, failed) => this.count(command, ms, failed),
          start,
        }),
      events: {
        up: () => {
          this.#context.totals.connected += 1;
          outages.up(this.url, `connected to Redis at ${this.url} again`, role);
          this.#tried ||= role === 'scripts';
          this.#compare();
          this.#events.changed(this);
        },
        failed: (why) => {
          outages.down(this.url, 'NJ-REDIS-CONNECTION', why.message, role);
          if (this.#tried || role !== 'scripts') return;
          this.#tried = true;
          this.#events.changed(this);
        },
        lost: (why) => {
          this.#disconnects++;
          this.#context.totals.lost += 1;
          this.#pinger.connectionLost();
          const message = `lost the connection to Redis at ${this.url}: ${why.message}`;
          outages.down(this.url, 'NJ-REDIS-CONNECTION', message, role);
          this.#events.changed(this);
        },
      },
    });
  }

  #connectionEvents(): Omit<ConnectionEvents, 'lost'> {
    return {
      announced: (channel, announcement) => {
        if (channel.equals(this.#worker)) this.#pinger.arrived(announcement);
        else this.#events.announced(channel, announcement);
      },
      ended: (channel) => this.#events.ended(channel, this),
    };
  }
}

/** Makes the link to an upstream: its servers, what runs where, what waits, what is listened to. */
import { randomBytes } from 'node:crypto';
import type { RedisUpstream } from '../../../handoff/redis.ts';
import type { Script } from '../../../lua/hsss/script.ts';
import { scriptsBySha1 } from '../../../lua/script-error.ts';
import { type Logger, logFault } from '../../log.ts';
import { LinkTotals } from '../../statistics/link-totals.ts';
import { after } from '../../timers.ts';
import { type UpstreamAddresses, upstreamAddresses } from './addresses.ts';
import { Cluster } from './cluster.ts';
import type { Connection } from './connection.ts';
import { Dispatcher } from './dispatcher.ts';
import { Fleet } from './fleet.ts';
import { keySlot } from './key-slot.ts';
import type { LinkEvents, LinkStats, RedisLink, RunOptions, ScriptArgument, ShutdownCall } from './link.ts';
import { OutageLog } from './outage-log.ts';
import { Replication } from './replication.ts';
import { Sentinels } from './sentinels.ts';
import type { ServerContext } from './server.ts';
import type { HostPort } from './server-info.ts';
import { ShutdownConnection } from './shutdown.ts';
import { parseRedirection } from './slot-map.ts';
import { Subscriptions } from './subscriptions.ts';
import type { Topology } from './topology.ts';

/** What is told of the upstream as a whole. */
const OUTAGE = 'upstream';

/** How long the first connections may take before it is told that there are none, in milliseconds. */
const START_MS = 2_000;

/** What a call holds in memory besides its arguments, roughly, in bytes. */
const CALL_BYTES = 500;

const NO_KEY = Buffer.alloc(0);

/** Chosen anew by every process, as Nchan names its workers. */
function workerChannel(): string {
  const unixTime = Math.floor(Date.now() / 1000);
  return `nchan_worker:{${process.pid}:time:${unixTime}:${randomBytes(16).toString('hex')}}`;
}

class Link implements RedisLink {
  readonly worker = workerChannel();
  readonly #upstream: RedisUpstream;
  readonly #addresses: UpstreamAddresses;
  readonly #events: LinkEvents;
  readonly #context: ServerContext;
  readonly #dispatcher: Dispatcher;
  readonly #subscriptions: Subscriptions;
  readonly #shutdown: ShutdownConnection;
  readonly #sentinels: Sentinels | undefined;
  #fleet: Fleet;
  #topology: Topology;
  #available = false;
  /** Of the topology, when it was last looked at. */
  #holder = '';
  #placement = '';
  /** Nothing is told of what is missing while the first connections are made. */
  #starting: NodeJS.Timeout | undefined;
  #calls = 0;
  #closed = false;

  constructor(upstream: RedisUpstream, scripts: readonly Script[], log: Logger, events: LinkEvents) {
    this.#upstream = upstream;
    this.#addresses = upstreamAddresses(upstream);
    this.#events = events;
    const outages = new OutageLog(log);
    this.#context = { upstream, scripts, worker: this.worker, log, outages, totals: new LinkTotals() };
    const topology = () => this.#topology;
    this.#dispatcher = new Dispatcher({ upstream, scripts: scriptsBySha1(scripts), topology });
    this.#subscriptions = new Subscriptions({
      topology,
      retryDelay: upstream.reconnectDelay,
      outages,
      listening: (channel) => events.listening(channel),
      refused: (at, message) => this.#subscriptionRefused(at, message),
    });
    this.#shutdown = new ShutdownConnection({ upstream, scripts, log, outages });
    this.#starting = after(START_MS, () => {
      this.#starting = undefined;
      this.#update();
    });
    [this.#fleet, this.#topology] = this.#start();
    const address = this.#addresses.sentinels;
    if (address) {
      this.#sentinels = new Sentinels({ address, upstream, outages, found: (place) => this.#appoint(place) });
    }
  }

  get available(): boolean {
    return this.#available;
  }

  get publishCommand(): RedisLink['publishCommand'] {
    return this.#topology.publishCommand;
  }

  run(
    script: Script,
    keys: readonly Buffer[],
    args: readonly ScriptArgument[],
    { repeatable }: RunOptions,
  ): Promise<unknown> {
    const all: (string | Buffer)[] = [script.sha1, String(keys.length), ...keys];
    for (const arg of args) all.push(typeof arg === 'number' ? String(arg) : arg);
    return this.#submit(script.name, script, all, keys[0] ?? NO_KEY, repeatable);
  }

  publish(channel: Buffer, announcement: Buffer): Promise<number> {
    return this.#submit('publish', undefined, [channel, announcement], channel, false) as Promise<number>;
  }

  listen(channel: Buffer): void {
    if (!this.#closed) this.#subscriptions.listen(channel);
  }

  unlisten(channel: Buffer): void {
    this.#subscriptions.unlisten(channel);
  }

  listensTo(channel: Buffer): boolean {
    return this.#subscriptions.isInPlace(channel);
  }

  runAtShutdown(calls: readonly ShutdownCall[], deadlineMs: number): number {
    const startedAt = performance.now();
    const wait = this.#shutdown.start(calls, deadlineMs);
    return wait(deadlineMs - (performance.now() - startedAt));
  }

  startAtShutdown(calls: readonly ShutdownCall[], deadlineMs: number): (deadlineMs: number) => number {
    return this.#shutdown.start(calls, deadlineMs);
  }

  stats(): LinkStats {
    return { servers: this.#fleet.stats(), waiting: this.#dispatcher.waiting, totals: this.#context.totals };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#available = false;
    clearTimeout(this.#starting);
    this.#dispatcher.close();
    this.#subscriptions.close();
    this.#sentinels?.close();
    this.#topology.close();
    this.#fleet.close();
    await this.#shutdown.close();
  }

  #submit(
    name: string,
    script: Script | undefined,
    args: readonly (string | Buffer)[],
    key: Buffer,
    repeatable: boolean,
  ): Promise<unknown> {
    let bytes = CALL_BYTES;
    for (const arg of args) bytes += arg.length;
    return new Promise((resolve, reject) => {
      this.#dispatcher.submit({
        name,
        script,
        args,
        slot: keySlot(key),
        repeatable,
        bytes,
        order: this.#calls++,
        waitingSince: undefined,
        attempts: 0,
        refused: undefined,
        asking: undefined,
        resolve,
        reject,
      });
    });
  }

  #start(): [Fleet, Topology] {
    const fleet = new Fleet(this.#context, {
      changed: () => this.#update(),
      announced: (channel, announcement) => {
        if (this.#subscriptions.has(channel)) this.#events.announced(channel, announcement);
      },
      ended: (channel, server) => {
        this.#subscriptions.ended(channel, server.pubsub);
        this.#topology.doubt(server, undefined);
      },
    });
    for (const { address, role } of this.#addresses.servers) fleet.add(address, { role, discovered: false });
    const { outages } = this.#context;
    return [fleet, new Replication(fleet, this.#upstream, outages, () => this.#update())];
  }

  #startOver(why: Error): void {
    logFault(this.#context.log, 'NJ-REDIS-ANEW', `Redis is connected to anew: ${why.message}`);
    this.#topology.close();
    this.#fleet.close();
    [this.#fleet, this.#topology] = this.#start();
    this.#update();
  }

  #becomeCluster(): void {
    this.#topology.close();
    this.#topology = new Cluster(this.#fleet, this.#upstream, {
      changed: () => this.#update(),
      givenUp: (why) => this.#startOver(why),
    });
  }

  #appoint(place: HostPort): void {
    const sentinels = this.#addresses.sentinels;
    if (!sentinels || this.#closed || !(this.#topology instanceof Replication)) return;
    const { sentinels: _, master: __, ...rest } = sentinels;
    this.#topology.appoint(this.#fleet.addNamed({ ...rest, server: place }));
  }

  #subscriptionRefused(at: Connection, message: string): void {
    const server = [...this.#fleet.servers].find(({ pubsub }) => pubsub === at);
    if (!server) return;
    const to = parseRedirection(message, server.host);
    if (to) this.#topology.slotMoved(to.slot, to, server);
  }

  /** Something about the servers has changed. */
  #update(): void {
    if (this.#closed) return;
    const inCluster = [...this.#fleet.servers].some(({ info }) => info?.cluster);
    if (inCluster && this.#topology instanceof Replication) this.#becomeCluster();
    this.#topology.revise();
    // What was said before Redis went away must not come after what is said now that it is back.
    this.#dispatcher.flush();
    this.#tellAvailability();
    this.#shutdown.setRoutes(this.#topology.routes());
    const { placement } = this.#topology;
    if (placement === this.#placement) return;
    this.#placement = placement;
    this.#subscriptions.revise();
  }

  #tellAvailability(): void {
    const { lack, holder } = this.#topology;
    if (this.#available && holder !== this.#holder) {
      this.#setUnavailable(new Error(`the data is elsewhere now: ${holder}`));
    }
    this.#holder = holder;
    if (lack) this.#setUnavailable(lack);
    else if (!this.#available) this.#setAvailable();
  }

  #setUnavailable(why: Error): void {
    const { outages } = this.#context;
    if (!this.#starting) outages.down(OUTAGE, 'NJ-REDIS-AWAY', `Redis is unavailable: ${why.message}`);
    if (!this.#available) return;
    this.#available = false;
    this.#events.unavailable(why);
  }

  #setAvailable(): void {
    clearTimeout(this.#starting);
    this.#starting = undefined;
    this.#available = true;
    this.#context.outages.up(OUTAGE, 'Redis is available again');
    this.#events.available();
  }
}

/**
 * Connects to an upstream and stays connected, whatever happens to its servers.
 * @param scripts all that will be run.
 * @throws RedisUrlError
 */
export function createLink(
  upstream: RedisUpstream,
  scripts: readonly Script[],
  log: Logger,
  events: LinkEvents,
): RedisLink {
  return new Link(upstream, scripts, log, events);
}

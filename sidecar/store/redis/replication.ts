/** One server, or a master with its replicas; Sentinels may know which is which. */
import type { RedisUpstream } from '../../../handoff/redis.ts';
import { after } from '../../timers.ts';
import type { Connection } from './connection.ts';
import type { Fleet } from './fleet.ts';
import type { OutageLog } from './outage-log.ts';
import type { Server } from './server.ts';
import { choose, type Route, type Topology } from './topology.ts';

/** How often servers are asked for their roles: while all is well, and while the master is away or not known. */
const EXAMINE_MS = 10_000;
const EXAMINE_WHILE_LACKING_MS = 500;

/**
 * How long a master may be away before another server that calls itself one takes its place, in milliseconds. A lost
 * connection is made anew sooner.
 */
const TAKE_OVER_AFTER_MS = 1_000;

export class Replication implements Topology {
  readonly publishCommand = 'PUBLISH';
  readonly #fleet: Fleet;
  readonly #upstream: RedisUpstream;
  readonly #outages: OutageLog;
  readonly #changed: () => void;
  /** Stays what it was while its connections are down. */
  #master: Server | undefined;
  #problem = 'not all servers have been tried yet';
  #masterAwaySince: number | undefined;
  #appointed: Server | undefined;
  #wasLacking = true;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param changed called when time has changed what revise would find. */
  constructor(fleet: Fleet, upstream: RedisUpstream, outages: OutageLog, changed: () => void) {
    this.#fleet = fleet;
    this.#upstream = upstream;
    this.#outages = outages;
    this.#changed = changed;
    this.#examineLater();
  }

  get lack(): Error | undefined {
    if (!this.#master) return new Error(this.#problem);
    return this.#master.ready ? undefined : new Error(`Redis at ${this.#master.url} is away`);
  }

  get holder(): string {
    return this.#master ? `${this.#master.url} ${this.#master.info?.runId}` : '';
  }

  /** Sentinels say that this server is the master. */
  appoint(server: Server): void {
    if (this.#appointed === server) return;
    this.#appointed = server;
    this.#changed();
  }

  revise(): void {
    this.#fleet.mergeAliases();
    this.#discover();
    this.#chooseMaster();
    const lacking = this.lack !== undefined;
    if (lacking !== this.#wasLacking) this.#examineSoon();
    this.#wasLacking = lacking;
  }

  master(): Server | undefined {
    return this.#master;
  }

  at(): undefined {
    return undefined;
  }

  listenAt(_slot: number, present: Connection | undefined): Connection | undefined {
    const candidates = this.#listenable();
    if (present && candidates.some(([connection]) => connection === present)) return present;
    return choose(candidates);
  }

  get placement(): string {
    return this.#listenable()
      .map(([{ id }]) => id)
      .join();
  }

  routes(): Route[] {
    return this.#master ? [{ server: this.#master, slots: undefined }] : [];
  }

  demoted(server: Server): void {
    server.demoted();
    this.#examineSoon();
  }

  /** Only clusters have slots. */
  slotMoved(): void {}
  doubt(): void {}

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Replicas must hear from the master that scripts write to. */
  #listenable(): [Connection, number][] {
    const { master, slave } = this.#upstream.subscribeWeights;
    const listenable: [Connection, number][] = [];
    if (this.#master?.pubsub) listenable.push([this.#master.pubsub, master]);
    for (const server of this.#fleet.servers) {
      const replica = server !== this.#master && server.role === 'slave' && server.info?.followsMaster;
      if (replica && server.pubsub && slave > 0) listenable.push([server.pubsub, slave]);
    }
    return listenable;
  }

  /** Masters name their replicas, replicas their master. */
  #discover(): void {
    const named = new Set<Server | undefined>();
    for (const server of [...this.#fleet.servers]) {
      if (!server.scripts || !server.info) continue;
      const { master, replicas } = server.info;
      const places = master && this.lack ? [...replicas, master] : replicas;
      for (const place of places) named.add(this.#fleet.discover(place, server));
    }
    if (!this.#master?.scripts) return;
    for (const server of [...this.#fleet.servers]) {
      const needed = server === this.#master || server === this.#appointed || named.has(server);
      if (server.discovered && !server.scripts && !needed) this.#fleet.remove(server);
    }
  }

  #chooseMaster(): void {
    const present = this.#master;
    if (present?.scripts) this.#masterAwaySince = undefined;
    else if (present) this.#masterAwaySince ??= performance.now();
    if (this.#appointed) {
      this.#setMaster(this.#appointed.role === 'slave' ? [] : [this.#appointed]);
    } else if (present && present.role !== 'slave' && !this.#masterGone()) {
      const others = this.#masters().filter((server) => server !== present);
      this.#tellOfRivals(others);
    } else if (present || this.#allTried()) {
      const masters = this.#masters();
      // A master that is away stays the one to wait for.
      if (masters.length > 0 || present?.role !== 'master') this.#setMaster(masters);
    }
  }

  /** Whoever asks the servers one by one would take the first master for the only one. */
  #allTried(): boolean {
    for (const server of this.#fleet.servers) if (!server.discovered && !server.tried) return false;
    return true;
  }

  #masterGone(): boolean {
    // It may be connected to at another address.
    if (this.#master && !this.#fleet.has(this.#master)) return true;
    const since = this.#masterAwaySince;
    return since !== undefined && performance.now() - since >= TAKE_OVER_AFTER_MS;
  }

  /** The servers that can be reached and say, or are said, to be masters; each once. */
  #masters(): Server[] {
    const masters = new Map<string, Server>();
    for (const server of this.#fleet.servers) {
      const runId = server.info?.runId ?? '';
      if (server.scripts && server.role === 'master' && !masters.has(runId)) masters.set(runId, server);
    }
    return [...masters.values()];
  }

  #setMaster(masters: readonly Server[]): void {
    const urls = masters.map(({ url }) => url).join(', ');
    if (masters.length > 1) this.#problem = `several servers are masters: ${urls}`;
    if (masters.length === 0) this.#problem = 'no server that can be reached is a master';
    const master = masters.length === 1 ? masters[0] : undefined;
    if (master === this.#master) return;
    this.#master = master;
    this.#masterAwaySince = undefined;
  }

  #tellOfRivals(others: readonly Server[]): void {
    const urls = others.map(({ url }) => url).join(', ');
    const message = `Redis at ${urls} is a master too, and is not written to`;
    if (urls) this.#outages.down('rivals', 'NJ-REDIS-RIVALS', message);
    else this.#outages.up('rivals', 'there is one Redis master again');
  }

  #examineLater(): void {
    this.#timer = after(this.lack ? EXAMINE_WHILE_LACKING_MS : EXAMINE_MS, () => this.#examine());
  }

  #examineSoon(): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = after(0, () => this.#examine());
  }

  #examine(): void {
    this.#examineLater();
    for (const server of this.#fleet.servers) void server.examine();
    this.#changed();
  }
}

/** A Redis Cluster: who serves which slot, kept up to date. */
import type { RedisUpstream } from '../../../handoff/redis.ts';
import { after } from '../../timers.ts';
import { type Connection, isReplyError } from './connection.ts';
import { Delays } from './delay.ts';
import type { Fleet } from './fleet.ts';
import type { Server } from './server.ts';
import type { HostPort } from './server-info.ts';
import {
  type ClusterNode,
  emptySlotMap,
  parseClusterSlots,
  type Shard,
  type SlotMap,
  shardsOf,
} from './slot-map.ts';
import { choose, type Route, type Topology } from './topology.ts';

/** How long a server is kept that a slot is on its way to, in milliseconds. */
const GUEST_MS = 60_000;

/** The servers of a shard, as far as they can be connected to. */
interface ShardServers {
  readonly master: Server | undefined;
  readonly replicas: readonly Server[];
}

export interface ClusterEvents {
  /** What revise would find has changed. */
  changed(): void;
  /** It has been incomplete for too long: what is known about it may be wrong altogether. */
  givenUp(why: Error): void;
}

export class Cluster implements Topology {
  readonly #fleet: Fleet;
  readonly #upstream: RedisUpstream;
  readonly #events: ClusterEvents;
  readonly #checks: Delays;
  readonly #recoveries: Delays;
  #slots: SlotMap = emptySlotMap();
  /** Grows whenever the slots change. */
  #slotsVersion = 0;
  /** What CLUSTER SLOTS replied last, to see whether anything changed. */
  #slotsReply = '';
  #shards = new Map<Shard, ShardServers>();
  /** What a server of the cluster says about its state; undefined when all is well. */
  #state: string | undefined = 'the slots of the cluster are not known yet';
  #lack: Error | undefined = new Error(this.#state);
  #publishCommand: Topology['publishCommand'] = 'PUBLISH';
  /** The server to ask first. */
  #doubtful: Server | undefined;
  #lackingSince: number | undefined = performance.now();
  #wasComplete = false;
  #timer: NodeJS.Timeout | undefined;
  #refreshedAt = 0;
  /** Servers that are kept until then although no slot is theirs. */
  readonly #guests = new Map<Server, number>();
  #closed = false;

  constructor(fleet: Fleet, upstream: RedisUpstream, events: ClusterEvents) {
    this.#fleet = fleet;
    this.#upstream = upstream;
    this.#events = events;
    this.#checks = new Delays(upstream.clusterCheckInterval);
    this.#recoveries = new Delays(upstream.clusterRecoveryDelay);
    this.#refreshAfter(0);
  }

  get publishCommand(): Topology['publishCommand'] {
    return this.#publishCommand;
  }

  get lack(): Error | undefined {
    return this.#lack;
  }

  /** When slots or masters change, data goes along, or connections are lost first. */
  get holder(): string {
    return 'cluster';
  }

  revise(): void {
    this.#fleet.mergeAliases();
    const shards = new Map<Shard, ShardServers>();
    for (const shard of shardsOf(this.#slots)) shards.set(shard, this.#serversOf(shard));
    this.#shards = shards;
    this.#removeUnnamed();
    this.#lack = this.#findLack();
    const ready = [...this.#fleet.servers].filter((server) => server.ready && server.nodeId);
    if (ready.length > 0) {
      this.#publishCommand = ready.every((server) => server.knowsSpublish) ? 'SPUBLISH' : 'PUBLISH';
    }
    this.#noteLack();
  }

  master(slot: number): Server | undefined {
    const shard = this.#state === undefined ? this.#slots[slot] : undefined;
    return shard && this.#shards.get(shard)?.master;
  }

  at(place: HostPort, namedBy: Server): Server | undefined {
    const server = this.#find({ id: '', ...place }, namedBy);
    if (server) this.#guests.set(server, performance.now() + GUEST_MS);
    return server;
  }

  listenAt(slot: number, present: Connection | undefined): Connection | undefined {
    const shard = this.#slots[slot];
    const servers = shard && this.#shards.get(shard);
    if (!servers) return undefined;
    const { master, slave } = this.#upstream.subscribeWeights;
    const candidates: [Connection, number][] = [];
    if (servers.master?.pubsub) candidates.push([servers.master.pubsub, master]);
    for (const { pubsub } of servers.replicas) if (pubsub && slave > 0) candidates.push([pubsub, slave]);
    if (present && candidates.some(([connection]) => connection === present)) return present;
    return choose(candidates);
  }

  get placement(): string {
    const connections = Array.from(this.#fleet.servers, ({ pubsub }) => pubsub?.id ?? 0);
    return `${this.#slotsVersion} ${this.#publishCommand} ${connections.join()}`;
  }

  /** Ranges of slots by their master. */
  routes(): Route[] {
    const ranges = new Map<Server, [number, number][]>();
    this.#slots.forEach((shard, slot) => {
      const server = shard && this.#shards.get(shard)?.master;
      if (!server) return;
      const own = ranges.get(server) ?? [];
      ranges.set(server, own);
      const last = own.at(-1);
      if (last?.[1] === slot - 1) last[1] = slot;
      else own.push([slot, slot]);
    });
    return Array.from(ranges, ([server, slots]) => ({ server, slots }));
  }

  demoted(server: Server): void {
    this.doubt(server, undefined);
  }

  slotMoved(slot: number, to: HostPort, namedBy: Server): void {
    const known = shardsOf(this.#slots).find(
      ({ master }) => master.host === to.host && master.port === to.port,
    );
    this.#slots[slot] = known ?? { master: { id: '', host: to.host, port: to.port }, replicas: [] };
    this.#slotsVersion++;
    this.#slotsReply = '';
    this.doubt(namedBy, undefined);
    this.#events.changed();
  }

  doubt(server: Server, why: string | undefined): void {
    this.#doubtful = server;
    if (why !== undefined) this.#state = why;
    this.#refreshSoon();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #serversOf({ master, replicas }: Shard): ShardServers {
    const found = replicas.map((replica) => this.#find(replica, undefined));
    return {
      master: this.#find(master, undefined),
      replicas: found.filter((server) => server !== undefined),
    };
  }

  /** The server that the cluster means. It may be connected to under another address than the cluster knows. */
  #find({ id, host, port }: ClusterNode, namedBy: Server | undefined): Server | undefined {
    const servers = [...this.#fleet.servers];
    const known = id === '' ? undefined : servers.find(({ nodeId }) => nodeId === id);
    const like = namedBy ?? servers[0];
    return known ?? (like && this.#fleet.discover({ host, port }, like));
  }

  /** Servers that have left the cluster, or have no slots yet. */
  #removeUnnamed(): void {
    const named = new Set<Server | undefined>();
    for (const { master, replicas } of this.#shards.values()) {
      named.add(master);
      for (const replica of replicas) named.add(replica);
    }
    if (named.size === 0) return;
    const now = performance.now();
    for (const server of [...this.#fleet.servers]) {
      const guest = (this.#guests.get(server) ?? 0) > now;
      if (!server.discovered || named.has(server) || guest) continue;
      this.#guests.delete(server);
      this.#fleet.remove(server);
    }
  }

  #findLack(): Error | undefined {
    if (this.#state !== undefined) return new Error(this.#state);
    const slot = this.#slots.indexOf(undefined);
    if (slot >= 0) return new Error(`no server of the cluster serves slot ${slot}`);
    for (const [{ master }, servers] of this.#shards) {
      if (!servers.master) {
        return new Error(`Redis at ${master.host}:${master.port} is in a range that is not connected to`);
      }
      if (!servers.master.ready) return new Error(`Redis at ${servers.master.url} is away`);
    }
    return undefined;
  }

  #noteLack(): void {
    if (this.#lack && this.#lackingSince === undefined) {
      this.#lackingSince = performance.now();
      this.#refreshSoon();
    } else if (!this.#lack && this.#lackingSince !== undefined) {
      this.#lackingSince = undefined;
      this.#wasComplete = true;
      this.#recoveries.reset();
      this.#checks.reset();
      this.#refreshLater();
    }
  }

  #refreshSoon(): void {
    const sinceLast = performance.now() - this.#refreshedAt;
    this.#refreshAfter(Math.max(0, this.#upstream.clusterRecoveryDelay.minMs - sinceLast));
  }

  #refreshLater(): void {
    if (this.#lack) this.#refreshAfter(this.#recoveries.next());
    else if (this.#upstream.clusterCheckInterval.minMs > 0) this.#refreshAfter(this.#checks.next());
  }

  #refreshAfter(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = after(ms, () => void this.#refresh());
  }

  async #refresh(): Promise<void> {
    this.#refreshLater();
    this.#refreshedAt = performance.now();
    if (this.#hasFailed()) return;
    const server = this.#serverToAsk();
    this.#doubtful = undefined;
    if (!server?.scripts) return;
    try {
      const [slots, info] = await Promise.all([
        server.scripts.send('cluster', ['slots']),
        server.scripts.send('cluster', ['info']),
      ]);
      if (this.#closed) return;
      this.#setSlots(slots, server);
      const state = /^cluster_state:(\w+)/m.exec(String(info))?.[1];
      this.#state = state === 'ok' ? undefined : `the state of the cluster is "${state}"`;
    } catch (error) {
      if (!isReplyError(error)) return;
      this.#state = `Redis at ${server.url} does not tell about its cluster: ${error.message}`;
    }
    this.#events.changed();
  }

  #setSlots(reply: unknown, server: Server): void {
    const text = JSON.stringify(reply);
    if (text === this.#slotsReply) return;
    this.#slotsReply = text;
    this.#slots = parseClusterSlots(reply, server.host);
    this.#slotsVersion++;
  }

  #serverToAsk(): Server | undefined {
    if (this.#doubtful?.scripts) return this.#doubtful;
    const able = [...this.#fleet.servers].filter((server) => server.scripts && server.nodeId);
    return able[Math.floor(Math.random() * able.length)];
  }

  /** @returns true when it has told so. */
  #hasFailed(): boolean {
    const { clusterMaxFailingTimeMs, clusterConnectTimeoutMs } = this.#upstream;
    const limitMs = this.#wasComplete ? clusterMaxFailingTimeMs : clusterConnectTimeoutMs;
    const since = this.#lackingSince;
    if (since === undefined || limitMs === 0 || performance.now() - since < limitMs) return false;
    this.#events.givenUp(new Error(`${this.#lack?.message}, for more than ${limitMs} ms`));
    return true;
  }
}

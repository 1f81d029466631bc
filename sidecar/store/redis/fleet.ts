/** The servers of an upstream: those of the configuration, and those that they name. */
import { BlockList, isIP } from 'node:net';
import { every } from '../../timers.ts';
import type { ServerStats } from './link.ts';
import { Server, type ServerContext, type ServerEvents, type ServerOrigin } from './server.ts';
import type { HostPort } from './server-info.ts';
import { describeAddress, type RedisAddress } from './url.ts';

/** How often it is looked whether the figures of servers that are gone have been kept long enough. */
const SWEEP_SECONDS = 10;

/**
 * Reads the ranges in which no server is connected to that was only discovered.
 * @param ranges addresses, or `address/bits`.
 */
export function readRanges(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

interface Gone {
  readonly stats: ServerStats;
  readonly since: number;
}

export class Fleet {
  readonly #context: ServerContext;
  readonly #events: ServerEvents;
  readonly #ranges: BlockList;
  readonly #servers = new Map<string, Server>();
  /** Further addresses of servers that are connected to at another one. */
  readonly #aliases = new Map<string, Server>();
  readonly #gone = new Map<string, Gone>();
  readonly #sweeping = every(SWEEP_SECONDS, () => this.#sweep());

  constructor(context: ServerContext, events: ServerEvents) {
    this.#context = context;
    this.#events = events;
    this.#ranges = readRanges(context.upstream.discoveredIpRangeBlacklist);
  }

  get servers(): Iterable<Server> {
    return this.#servers.values();
  }

  /** It is connected to, or being connected to. */
  has(server: Server): boolean {
    return this.#servers.get(server.url) === server;
  }

  /** Connects to a server, unless it is connected to. */
  add(address: RedisAddress, origin: ServerOrigin): Server {
    const url = describeAddress(address);
    const present = this.#servers.get(url);
    if (present) return present;
    const server = new Server(address, origin, this.#context, this.#events);
    this.#servers.set(url, server);
    this.#gone.delete(url);
    return server;
  }

  /**
   * Connects to a server that another one names.
   * @param like the one that named it: both have the same credentials.
   * @returns undefined when that is not allowed.
   */
  discover({ host, port }: HostPort, like: Server): Server | undefined {
    const address = { ...like.address, server: { host, port } };
    const family = isIP(host);
    const blocked = family > 0 && this.#ranges.check(host, family === 6 ? 'ipv6' : 'ipv4');
    if (blocked && !this.#servers.has(describeAddress(address))) return undefined;
    return this.addNamed(address);
  }

  /** Connects to a server that may be connected to at another address. */
  addNamed(address: RedisAddress): Server {
    const url = describeAddress(address);
    const alias = this.#aliases.get(url);
    if (alias?.ready) return alias;
    this.#aliases.delete(url);
    return this.add(address, { discovered: true });
  }

  remove(server: Server): void {
    if (this.#servers.get(server.url) !== server) return;
    this.#servers.delete(server.url);
    for (const [url, aliased] of this.#aliases) if (aliased === server) this.#aliases.delete(url);
    server.close();
    // There is nothing to tell of a server that never answered.
    if (server.info)
      this.#gone.set(server.url, {
        stats: { ...server.stats(), connected: false },
        since: performance.now(),
      });
  }

  /**
   * Keeps one connection pair to each server: of two addresses that lead to the same server, the one that was there
   * first stays.
   */
  mergeAliases(): void {
    const byRunId = new Map<string, Server>();
    for (const server of [...this.#servers.values()]) {
      const runId = server.scripts && server.info?.runId;
      if (!runId) continue;
      const first = byRunId.get(runId);
      if (!first) {
        byRunId.set(runId, server);
      } else if (server.discovered) {
        this.remove(server);
        this.#gone.delete(server.url);
        this.#aliases.set(server.url, first);
      }
    }
  }

  stats(): ServerStats[] {
    return [
      ...Array.from(this.#servers.values(), (server) => server.stats()),
      ...Array.from(this.#gone.values(), ({ stats }) => stats),
    ];
  }

  close(): void {
    clearInterval(this.#sweeping);
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
  }

  #sweep(): void {
    const oldest = performance.now() - this.#context.upstream.statsDisconnectedTimeoutSeconds * 1000;
    for (const [url, { since }] of this.#gone) if (since < oldest) this.#gone.delete(url);
  }
}

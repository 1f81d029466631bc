/** Upstream blocks that speak of Redis: what the sidecar is told of them, and which of them nginx gets to see. */
import { resolve } from 'node:path';
import type { RedisTls, RedisUpstream } from '../../handoff/redis.ts';
import type { DelayName, PlainUpstream } from './directives/redis-slots.ts';
import type { SlotName, Values } from './directives/row.ts';
import type { ProblemList } from './errors.ts';
import type { Directive } from './parser.ts';
import { overTls, type RedisUrl } from './redis-url.ts';
import type { Scope } from './scopes.ts';

/** Nchan's defaults (spec/directives.md §12). */
const DEFAULTS: Readonly<PlainUpstream> = {
  servers: [],
  username: '',
  password: '',
  connectTimeoutMs: 10_000,
  clusterConnectTimeoutMs: 15_000,
  clusterMaxFailingTimeMs: 30_000,
  commandTimeoutMs: 5_000,
  retryCommands: true,
  retryCommandsMaxWaitMs: 500,
  idleChannelKeepaliveMarginMs: 60_000,
  accurateSubscriberCount: false,
  loadScriptsUnconditionally: false,
  subscribeWeights: { master: 1, slave: 1 },
  discoveredIpRangeBlacklist: [],
  stats: false,
  statsDisconnectedTimeoutSeconds: 300,
};

const DEFAULT_DELAYS: Readonly<Pick<RedisUpstream, DelayName>> = {
  reconnectDelay: { minMs: 500, jitter: 0.1, backoff: 0.5, maxMs: 10_000 },
  clusterCheckInterval: { minMs: 1_000, jitter: 0.2, backoff: 2, maxMs: 30_000 },
  clusterRecoveryDelay: { minMs: 100, jitter: 0.5, backoff: 0.5, maxMs: 2_000 },
  idleChannelKeepalive: { minMs: 600_000, jitter: 0.7, backoff: 1, maxMs: 604_800_000 },
};

const DEFAULT_TLS: Readonly<RedisTls> = {
  certificate: '',
  certificateKey: '',
  trustedCertificate: '',
  trustedCertificatePath: '',
  serverName: '',
  ciphers: '',
  verify: true,
};

/** Looked up beside the configuration file when they are relative, as nginx's own certificates are. */
const TLS_PATHS = ['certificate', 'certificateKey', 'trustedCertificate', 'trustedCertificatePath'] as const;

/** What is not the upstream's own affair. */
export interface Usage {
  /** Seconds. */
  readonly pingInterval: number;
  /** Whether some location shows figures. */
  readonly stats: boolean;
}

/** An upstream block with directives of Nchan in it. */
export class UpstreamBlock {
  readonly name: string;
  readonly own: Values;
  /** It has a Redis server, good or bad. */
  readonly hasRedis: boolean;
  /** nginx's own `server` lines. */
  readonly plainServers: readonly Directive[];
  readonly directive: NonNullable<Scope['directive']>;

  constructor(scope: Scope) {
    this.directive = scope.directive as NonNullable<Scope['directive']>;
    this.name = this.directive.args[0]?.text ?? '';
    this.own = scope.own;
    this.hasRedis = scope.ours.some(({ name }) => name === 'nchan_redis_server');
    this.plainServers = scope.others.filter(({ name }) => name === 'server');
  }
}

/** All upstream blocks with directives of Nchan. */
export class RedisUpstreams {
  readonly #blocks: readonly UpstreamBlock[];

  /** @param problems gets what is wrong with the blocks as such; nginx would not see it in those that it is not given */
  constructor(main: Scope, problems: ProblemList) {
    const upstreams = main.children.flatMap(({ children }) =>
      children.filter(({ context }) => context === 'upstream'),
    );
    const blocks: UpstreamBlock[] = [];
    const seen = new Map<string, boolean>();
    for (const scope of upstreams) {
      const block = new UpstreamBlock(scope);
      const isOurs = scope.ours.length > 0;
      if (isOurs) blocks.push(block);
      const { file, endLine, args } = block.directive;
      const twin = seen.get(block.name.toLowerCase());
      seen.set(block.name.toLowerCase(), isOurs || twin === true);
      if (!isOurs && !twin) continue;
      if (args.length !== 1) {
        problems.add(file, endLine, 'invalid number of arguments in "upstream" directive');
      } else if (twin !== undefined) {
        problems.add(file, endLine, `duplicate upstream "${block.name}"`);
      }
      if (isOurs && !block.hasRedis && block.plainServers.length === 0) {
        problems.add(file, lastLine(block.directive), 'no servers are inside upstream');
      }
    }
    this.#blocks = blocks;
  }

  /** The block of a name, in any case. */
  find(name: string): UpstreamBlock | undefined {
    return this.#blocks.find((block) => block.name.toLowerCase() === name.toLowerCase());
  }

  /** Blocks in which nothing is left for nginx, which refuses empty ones. */
  emptied(): Directive[] {
    return this.#blocks
      .filter((block) => block.hasRedis && block.plainServers.length === 0)
      .map(({ directive }) => directive);
  }
}

function lastLine({ file, block, start, line }: UpstreamBlock['directive']): number {
  return line + file.text.slice(start, block.close).split('\n').length - 1;
}

/**
 * What the sidecar is told of an upstream block.
 * @param directory of the user's main file
 */
export function blockConfig({ own }: UpstreamBlock, usage: Usage, directory: string): RedisUpstream {
  const plain = filled<PlainUpstream>(DEFAULTS, 'redis', own);
  const tls = filled<RedisTls>(DEFAULT_TLS, 'redis.tls', own);
  for (const path of TLS_PATHS) if (tls[path] !== '') tls[path] = resolve(directory, tls[path]);
  const toAll = own['redis.tls'] === true;
  return {
    ...plain,
    servers: toAll ? plain.servers.map((server) => ({ ...server, url: overTls(server.url) })) : plain.servers,
    tls: Object.keys(own).some((slot) => slot.startsWith('redis.tls.')) ? tls : undefined,
    ...delays(own),
    pingIntervalSeconds: usage.pingInterval,
    stats: own['redis.stats'] ?? usage.stats,
  };
}

/** What the sidecar is told of a `nchan_redis_url`. */
export function urlConfig({ url }: RedisUrl, usage: Usage): RedisUpstream {
  return {
    ...DEFAULTS,
    servers: [{ url }],
    tls: undefined,
    ...DEFAULT_DELAYS,
    pingIntervalSeconds: usage.pingInterval,
    stats: usage.stats,
  };
}

function delays(own: Values): Pick<RedisUpstream, DelayName> {
  const names = Object.keys(DEFAULT_DELAYS) as DelayName[];
  return Object.fromEntries(
    names.map((name) => [name, filled(DEFAULT_DELAYS[name], `redis.${name}`, own)]),
  ) as Pick<RedisUpstream, DelayName>;
}

/** An object with the values of the slots that are called as its fields are, after a prefix. */
function filled<T extends object>(defaults: Readonly<T>, prefix: string, own: Values): T {
  return Object.fromEntries(
    Object.entries(defaults).map(([field, value]) => [field, own[`${prefix}.${field}` as SlotName] ?? value]),
  ) as T;
}

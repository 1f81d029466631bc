/**
 * What the compiler tells the sidecar about Redis. Servers and their connections belong to an upstream block and travel
 * in the sidecar's configuration file; what a location may say for itself travels with its settings.
 */

/** How a location's channels are kept in Redis (spec/redis-store.md §§5-7). */
export type RedisStorageMode = 'distributed' | 'backup' | 'nostore';

export interface RedisServer {
  /**
   * As normalised by the compiler, with its credentials, percent-encoded: `redis://[user:password@]host:port[/db]`,
   * `unix://[user:password@]/path[?db=N]` or `redis+sentinel://[user:password@]host:port,…/master-name[/db]`. With
   * `rediss://` and `rediss+sentinel://` the connections use TLS; `nchan_redis_ssl on` has been put into the URLs.
   */
  url: string;
  /** What the operator says that the server is; undefined to ask the server. */
  role?: 'master' | 'slave';
}

/**
 * A delay that grows from one time to the next: `minMs` first, then each time (1 + backoff) times the last, up to
 * `maxMs` (0: no limit), and spread by ± jitter / 2 (spec/directives.md §12).
 */
export interface Delay {
  minMs: number;
  jitter: number;
  backoff: number;
  maxMs: number;
}

export interface RedisTls {
  /** Paths of PEM files; '' for none. */
  certificate: string;
  certificateKey: string;
  trustedCertificate: string;
  /** A directory of PEM files; '' for the system's. */
  trustedCertificatePath: string;
  /** The name that the server's certificate must have; '' for the host's. */
  serverName: string;
  /** In OpenSSL's syntax; '' for Node's own. */
  ciphers: string;
  verify: boolean;
}

/** One upstream block with nchan_redis_server, or one nchan_redis_url. */
export interface RedisUpstream {
  servers: readonly RedisServer[];
  /** For servers whose URL has none; '' for none. */
  username: string;
  password: string;
  /** For the servers whose URLs ask for TLS; undefined for the defaults. */
  tls: RedisTls | undefined;
  connectTimeoutMs: number;
  clusterConnectTimeoutMs: number;
  clusterMaxFailingTimeMs: number;
  /** Milliseconds for a reply; 0 waits for ever. */
  commandTimeoutMs: number;
  /** Whether commands wait for a server that is away, and how long at most (0: as long as it takes). */
  retryCommands: boolean;
  retryCommandsMaxWaitMs: number;
  reconnectDelay: Delay;
  clusterCheckInterval: Delay;
  clusterRecoveryDelay: Delay;
  idleChannelKeepalive: Delay;
  idleChannelKeepaliveMarginMs: number;
  accurateSubscriberCount: boolean;
  loadScriptsUnconditionally: boolean;
  subscribeWeights: { master: number; slave: number };
  /** CIDR ranges in which no server that is discovered is connected to. */
  discoveredIpRangeBlacklist: readonly string[];
  /** Seconds between pings; 0 sends none. */
  pingIntervalSeconds: number;
  stats: boolean;
  statsDisconnectedTimeoutSeconds: number;
}

/** `redis` in the sidecar's configuration file. */
export interface RedisConfig {
  /** By the names that locations' settings use. */
  upstreams: Readonly<Record<string, RedisUpstream>>;
  /** Milliseconds over which changes of subscriber counts are gathered; 0 sends each at once. */
  fakesubIntervalMs: number;
  /** Bytes from which on a message is announced by its key. */
  publishCutoffBytes: number;
}

/** `hooks` in the sidecar's configuration file: who is to be told of after a crash. */
export interface KeptHooks {
  /** The directory with the sockets of hooks. */
  readonly sockets: string;
  /** Where the locations with unsubscribe requests have their channels. */
  readonly redis: readonly KeptPlace[];
}

export interface KeptPlace {
  /** As locations' settings have them. */
  readonly upstream: string;
  readonly namespace: string;
}

/** The part of a location's settings that is about Redis. Without an upstream all but channelTimeout are defaults. */
export interface RedisLocationSettings {
  /** The upstream's name in the sidecar's configuration; '' keeps channels in the sidecar's memory. */
  redisUpstream: string;
  redisStorageMode: RedisStorageMode;
  /** Before every key; '' or ending in a colon. */
  redisNamespace: string;
  redisNostoreFastpublish: boolean;
  /** Seconds that a channel without subscribers here stays subscribed to and cached. */
  redisIdleChannelCacheTimeout: number;
  /** Seconds that a channel without messages and subscribers stays known (nchan_channel_timeout). */
  channelTimeout: number;
}

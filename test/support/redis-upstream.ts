/** What an upstream of Redis servers is like. */
import type { RedisUpstream } from '../../handoff/redis.ts';

/** With nothing but its servers written down (spec/directives.md §12). */
export const UPSTREAM_DEFAULTS: Omit<RedisUpstream, 'servers'> = {
  username: '',
  password: '',
  tls: undefined,
  connectTimeoutMs: 10_000,
  clusterConnectTimeoutMs: 15_000,
  clusterMaxFailingTimeMs: 30_000,
  commandTimeoutMs: 5_000,
  retryCommands: true,
  retryCommandsMaxWaitMs: 500,
  reconnectDelay: { minMs: 500, jitter: 0.1, backoff: 0.5, maxMs: 10_000 },
  clusterCheckInterval: { minMs: 1_000, jitter: 0.2, backoff: 2, maxMs: 30_000 },
  clusterRecoveryDelay: { minMs: 100, jitter: 0.5, backoff: 0.5, maxMs: 2_000 },
  idleChannelKeepalive: { minMs: 600_000, jitter: 0.7, backoff: 1, maxMs: 604_800_000 },
  idleChannelKeepaliveMarginMs: 60_000,
  accurateSubscriberCount: false,
  loadScriptsUnconditionally: false,
  subscribeWeights: { master: 1, slave: 1 },
  discoveredIpRangeBlacklist: [],
  pingIntervalSeconds: 240,
  stats: false,
  statsDisconnectedTimeoutSeconds: 300,
};

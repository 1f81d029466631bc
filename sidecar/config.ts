import { readFileSync } from 'node:fs';
import type { KeptHooks, RedisConfig } from '../handoff/redis.ts';
import { LOG_LEVELS, type LogLevel } from './log.ts';
import { redisConfigProblem } from './redis-config.ts';

/** The file that `njchan up` writes for the sidecar, `sidecar.json` in the run directory. */
export interface SidecarConfig {
  /** A unix socket, or `host:port` with the secret that every hand-off must carry (design §4). */
  listen: { socket: string } | { address: string; secret: string };
  /** Owner of the unix socket and of the process after start-up, when it starts as root. */
  user?: { uid: number; gid: number };
  /** One JSON object or one readable line for each log entry; default human. */
  logFormat?: 'human' | 'json';
  /** The least grave entries that are logged; default info. */
  logLevel?: LogLevel;
  limits?: Partial<SidecarLimits>;
  /** Missing when all channels are kept in memory. */
  redis?: RedisConfig;
  /** Where the figures for nginx's variables are written; missing when nothing uses them. */
  figuresFile?: string;
  /** Missing when nobody is to be told of subscribers after a crash. */
  hooks?: KeptHooks;
}

export interface SidecarLimits {
  /** Bytes of buffered messages over all channels; beyond it publishers get 507. */
  storeBytes: number;
  /** Bytes of one message published over HTTP, on top of nginx's client_max_body_size. */
  messageBytes: number;
  /** Bytes of one message published over a WebSocket, which nginx does not limit. */
  websocketMessageBytes: number;
}

export const DEFAULT_LIMITS: Readonly<SidecarLimits> = {
  storeBytes: 128 * 1024 * 1024,
  messageBytes: 128 * 1024 * 1024,
  websocketMessageBytes: 1024 * 1024,
};

/**
 * Reads and checks a configuration file.
 * @throws Error that names the file and what is wrong with it.
 */
export function readConfig(file: string): SidecarConfig {
  let config: unknown;
  try {
    config = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
  const problem = configProblem(config);
  if (problem) throw new Error(`${file}: ${problem}`);
  return config as SidecarConfig;
}

/** Secrets shorter than this could be guessed over the network. */
const MIN_SECRET_LENGTH = 16;

function configProblem(config: unknown): string | undefined {
  if (typeof config !== 'object' || config === null) return 'must be a JSON object';
  const { figuresFile, hooks, listen, limits, logFormat, logLevel, redis, user } = config as Record<
    string,
    Record<string, unknown> | undefined
  >;
  const overSocket = typeof listen?.socket === 'string';
  const overTcp = typeof listen?.address === 'string';
  if (overSocket === overTcp) return '"listen" must have either "socket" or "address"';
  if (overTcp) {
    if (!/^.+:\d{1,5}$/.test(listen?.address as string)) return '"listen.address" must be host:port';
    const secret = listen?.secret;
    if (typeof secret !== 'string' || secret.length < MIN_SECRET_LENGTH) {
      return `"listen.secret" must have at least ${MIN_SECRET_LENGTH} characters`;
    }
  }
  if (logFormat !== undefined && !['human', 'json'].includes(logFormat as unknown as string)) {
    return '"logFormat" must be "human" or "json"';
  }
  if (logLevel !== undefined && !LOG_LEVELS.includes(logLevel as unknown as LogLevel)) {
    return `"logLevel" must be one of ${LOG_LEVELS.join(', ')}`;
  }
  if (figuresFile !== undefined && typeof (figuresFile as unknown) !== 'string') {
    return '"figuresFile" must be a text';
  }
  if (user !== undefined && !(Number.isInteger(user.uid) && Number.isInteger(user.gid))) {
    return '"user" must have numbers "uid" and "gid"';
  }
  for (const [name, bytes] of Object.entries(limits ?? {})) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) return `unknown limit "${name}"`;
    if (!Number.isSafeInteger(bytes) || (bytes as number) < 1)
      return `"limits.${name}" must be a positive number`;
  }
  const kept = hooks?.redis;
  if (
    hooks !== undefined &&
    !(typeof hooks.sockets === 'string' && Array.isArray(kept) && kept.every(isPlace))
  ) {
    return '"hooks" must have a text "sockets" and a list "redis" of objects with texts "upstream" and "namespace"';
  }
  if (redis !== undefined) return redisConfigProblem(redis);
  return undefined;
}

function isPlace(place: Record<string, unknown> | null): boolean {
  return typeof place?.upstream === 'string' && typeof place.namespace === 'string';
}

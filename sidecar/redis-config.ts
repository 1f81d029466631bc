/** Checks `redis` in the sidecar's configuration file, which the compiler wrote. */
import type { Delay, RedisConfig, RedisServer, RedisTls, RedisUpstream } from '../handoff/redis.ts';

/**
 * Says what is wrong with a value.
 * @param path the name by which the user finds it, `redis.upstreams.main.stats`
 * @returns a sentence without the value, which may be a password; undefined when it is good
 */
type Check = (value: unknown, path: string) => string | undefined;

function rule(isGood: (value: unknown) => boolean, what: string): Check {
  return (value, path) => (isGood(value) ? undefined : `"${path}" must be ${what}`);
}

const text = rule((value) => typeof value === 'string', 'a text');
const flag = rule((value) => typeof value === 'boolean', 'true or false');
const count = rule(
  (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  'a whole number, 0 or more',
);
const fraction = rule((value) => Number.isFinite(value) && (value as number) >= 0, 'a number, 0 or more');

const URL_FORM = /^(?:rediss?(?:\+sentinel)?|unix):\/\/./;
const url = rule(
  (value) => typeof value === 'string' && URL_FORM.test(value),
  'a URL that begins with redis://, rediss://, unix://, redis+sentinel:// or rediss+sentinel://',
);
const role = rule(
  (value) => value === undefined || value === 'master' || value === 'slave',
  '"master" or "slave", or missing',
);

/** An object that has these fields and no others. */
function object<T>(fields: Readonly<Record<keyof T, Check>>): Check {
  return (value, path) => {
    if (!isObject(value)) return `"${path}" must be an object`;
    const unknown = Object.keys(value).find((field) => !Object.hasOwn(fields, field));
    if (unknown !== undefined) return `unknown field "${path}.${unknown}"`;
    const checks = Object.entries<Check>(fields);
    return first(checks, ([field, check]) => check(value[field], `${path}.${field}`));
  };
}

/** An object whose fields, however they are called, are alike. */
function record(check: Check): Check {
  return (value, path) => {
    if (!isObject(value)) return `"${path}" must be an object`;
    return first(Object.entries(value), ([field, one]) => check(one, `${path}.${field}`));
  };
}

function list(check: Check, least = 0): Check {
  return (value, path) => {
    if (!Array.isArray(value) || value.length < least) {
      return `"${path}" must be a list${least > 0 ? ' that is not empty' : ''}`;
    }
    return first([...value.entries()], ([at, one]) => check(one, `${path}[${at}]`));
  };
}

function optional(check: Check): Check {
  return (value, path) => (value === undefined ? undefined : check(value, path));
}

function first<T>(items: readonly T[], problem: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = problem(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const delay = object<Delay>({ minMs: count, jitter: fraction, backoff: fraction, maxMs: count });

const tls = object<RedisTls>({
  certificate: text,
  certificateKey: text,
  trustedCertificate: text,
  trustedCertificatePath: text,
  serverName: text,
  ciphers: text,
  verify: flag,
});

const upstream = object<RedisUpstream>({
  servers: list(object<RedisServer>({ url, role }), 1),
  username: text,
  password: text,
  tls: optional(tls),
  connectTimeoutMs: count,
  clusterConnectTimeoutMs: count,
  clusterMaxFailingTimeMs: count,
  commandTimeoutMs: count,
  retryCommands: flag,
  retryCommandsMaxWaitMs: count,
  reconnectDelay: delay,
  clusterCheckInterval: delay,
  clusterRecoveryDelay: delay,
  idleChannelKeepalive: delay,
  idleChannelKeepaliveMarginMs: count,
  accurateSubscriberCount: flag,
  loadScriptsUnconditionally: flag,
  subscribeWeights: object<RedisUpstream['subscribeWeights']>({ master: count, slave: count }),
  discoveredIpRangeBlacklist: list(text),
  pingIntervalSeconds: count,
  stats: flag,
  statsDisconnectedTimeoutSeconds: count,
});

const redis = object<RedisConfig>({
  upstreams: record(upstream),
  fakesubIntervalMs: count,
  publishCutoffBytes: count,
});

/** What is wrong with `redis`; undefined when nothing is. */
export function redisConfigProblem(config: unknown): string | undefined {
  return redis(config, 'redis');
}

import { describe, expect, it } from 'vitest';
import type { RedisConfig, RedisUpstream } from '../../../handoff/redis.ts';
import { redisConfigProblem } from '../../../sidecar/redis-config.ts';
import { compileText } from '../compiler/compiling.ts';

const GOOD = compileText(`events {} http {
  upstream main { nchan_redis_server redis://:hush@h master; nchan_redis_ssl_ciphers HIGH; }
  server { location / { nchan_pubsub; nchan_redis_pass main; } } }`).redis as RedisConfig;

/** The good configuration with one value replaced. */
function withValue(path: string, value: unknown): unknown {
  const config = structuredClone(GOOD);
  const names = path.split('.');
  const last = names.pop() as string;
  const inner = names.reduce<Record<string, unknown>>(
    (object, name) => object[name] as Record<string, unknown>,
    config as unknown as Record<string, unknown>,
  );
  inner[last] = value;
  return config;
}

describe('what the compiler writes', () => {
  it('is good', () => {
    expect(redisConfigProblem(JSON.parse(JSON.stringify(GOOD)))).toBeUndefined();
    expect(redisConfigProblem(withValue('upstreams', {}))).toBeUndefined();
  });

  it('is checked in every field', () => {
    const upstream = GOOD.upstreams.main as RedisUpstream;
    for (const field of Object.keys(upstream)) {
      const problem = redisConfigProblem(withValue(`upstreams.main.${field}`, null));
      expect(problem, field).toMatch(`"redis.upstreams.main.${field}" must be `);
    }
  });
});

describe('a problem', () => {
  it.each([
    ['upstreams', [], '"redis.upstreams" must be an object'],
    ['upstreams.main', 'redis://:hush@h', '"redis.upstreams.main" must be an object'],
    ['upstreams.main.servers', [], '"redis.upstreams.main.servers" must be a list that is not empty'],
    [
      'upstreams.main.servers.0.url',
      'http://:hush@h',
      '"redis.upstreams.main.servers[0].url" must be a URL that begins with redis://, rediss://, unix://, redis+sentinel:// or rediss+sentinel://',
    ],
    [
      'upstreams.main.servers.0.role',
      'hush',
      '"redis.upstreams.main.servers[0].role" must be "master" or "slave", or missing',
    ],
    ['upstreams.main.hush', 1, 'unknown field "redis.upstreams.main.hush"'],
    ['upstreams.main.password', 5, '"redis.upstreams.main.password" must be a text'],
    ['upstreams.main.stats', 'on', '"redis.upstreams.main.stats" must be true or false'],
    ['upstreams.main.tls.verify', 0, '"redis.upstreams.main.tls.verify" must be true or false'],
    [
      'upstreams.main.commandTimeoutMs',
      -1,
      '"redis.upstreams.main.commandTimeoutMs" must be a whole number, 0 or more',
    ],
    [
      'upstreams.main.commandTimeoutMs',
      0.5,
      '"redis.upstreams.main.commandTimeoutMs" must be a whole number, 0 or more',
    ],
    [
      'upstreams.main.reconnectDelay.jitter',
      'x',
      '"redis.upstreams.main.reconnectDelay.jitter" must be a number, 0 or more',
    ],
    [
      'upstreams.main.discoveredIpRangeBlacklist',
      [1],
      '"redis.upstreams.main.discoveredIpRangeBlacklist[0]" must be a text',
    ],
    ['publishCutoffBytes', undefined, '"redis.publishCutoffBytes" must be a whole number, 0 or more'],
  ])('%s: %j', (path, value, problem) => {
    expect(redisConfigProblem(withValue(path, value))).toBe(problem);
  });

  it('is found in what is no object', () => {
    expect(redisConfigProblem(null)).toBe('"redis" must be an object');
  });
});

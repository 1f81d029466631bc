/** What directives say about Redis, by where it is used. */
import type { Delay, RedisStorageMode, RedisTls, RedisUpstream } from '../../../handoff/redis.ts';
import type { RedisUrl } from '../redis-url.ts';

/** What a level says about where and how its channels are kept; redis-locations.ts makes settings of it. */
interface LevelSlots {
  /** The name of an upstream. */
  redisPass: string;
  redisPassInheritable: boolean;
  useRedis: boolean;
  redisUrl: RedisUrl;
  redisStorageMode: RedisStorageMode;
  redisNamespace: string;
  redisNostoreFastpublish: boolean;
  /** Seconds. */
  redisPingInterval: number;
  /** Seconds. */
  redisIdleChannelCacheTimeout: number;
}

/** One value for all, of the http level. */
interface MainSlots {
  redisFakesubIntervalMs: number;
  redisPublishCutoffBytes: number;
}

export type DelayName = {
  [K in keyof RedisUpstream]: RedisUpstream[K] extends Delay ? K : never;
}[keyof RedisUpstream];

/** The fields of an upstream's configuration that one directive sets as they are. */
export type PlainUpstream = Omit<RedisUpstream, DelayName | 'tls' | 'pingIntervalSeconds'>;

/** Values of an upstream block: `redis.` and their path in its configuration. */
type UpstreamSlots = { [K in keyof PlainUpstream as `redis.${K}`]: PlainUpstream[K] } & {
  [K in `redis.${DelayName}.${keyof Delay}`]: number;
} & { [K in keyof RedisTls as `redis.tls.${K}`]: RedisTls[K] } & {
  /** TLS to every server, whatever its URL says. */
  'redis.tls': boolean;
};

export interface RedisSlots extends LevelSlots, MainSlots, UpstreamSlots {}

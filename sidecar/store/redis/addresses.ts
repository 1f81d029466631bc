/** The addresses in an upstream's configuration, with what the upstream says for all of them. */
import type { RedisUpstream } from '../../../handoff/redis.ts';
import type { Role } from './server-info.ts';
import {
  isSentinelUrl,
  parseRedisUrl,
  parseSentinelUrl,
  type RedisAddress,
  type SentinelAddress,
} from './url.ts';

export interface UpstreamAddresses {
  readonly servers: readonly { readonly address: RedisAddress; readonly role: Role | undefined }[];
  /** Of all URLs that name Sentinels, which are taken to know the same master. */
  readonly sentinels: SentinelAddress | undefined;
}

/** What a URL does not say, the upstream does. */
function complete<T extends RedisAddress | SentinelAddress>(address: T, upstream: RedisUpstream): T {
  const username = address.username ?? (upstream.username || undefined);
  const password = address.password ?? (upstream.password || undefined);
  return {
    ...address,
    tls: address.tls || upstream.tls !== undefined,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

/** @throws RedisUrlError */
export function upstreamAddresses(upstream: RedisUpstream): UpstreamAddresses {
  const plain = upstream.servers.filter(({ url }) => !isSentinelUrl(url));
  const [first, ...others] = upstream.servers
    .filter(({ url }) => isSentinelUrl(url))
    .map(({ url }) => parseSentinelUrl(url));
  return {
    servers: plain.map(({ url, role }) => ({ address: complete(parseRedisUrl(url), upstream), role })),
    sentinels: first && {
      ...complete(first, upstream),
      sentinels: [first, ...others].flatMap(({ sentinels }) => sentinels),
    },
  };
}

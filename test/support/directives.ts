/** How the directives of the table can be written. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../../nginx/compiler/directives/row.ts';
import { tempDir } from './files.ts';

const TOKEN_KEY = join(tempDir(), 'token.pem');
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
writeFileSync(TOKEN_KEY, publicKey.export({ type: 'spki', format: 'pem' }));

/** Arguments that each slot takes; the upstream `redis` must be there. */
const GOOD: Record<string, string> = {
  endpoint: '',
  channelId: 'x',
  publisherChannelId: 'x',
  subscriberChannelId: 'x',
  channelGroup: 'g',
  groupAccounting: 'on',
  maxChannelIdLength: '10',
  messageTimeout: '10',
  messageBufferLength: '10',
  firstMessage: '1',
  subscriberTimeout: '10',
  channelIdSplitDelimiter: ',',
  deflateMessage: 'on',
  lastMessageId: '$arg_x',
  compoundEtag: 'on',
  customEtagHeader: 'X-Tag',
  longpollMultipart: 'raw',
  rawStreamSeparator: '--',
  websocketPingInterval: '10',
  websocketHeartbeat: 'hi ho',
  deflateLevel: '1',
  deflateWindow: '11',
  deflateMemlevel: '1',
  deflateStrategy: 'rle',
  eventsourceEvent: 'e',
  eventsourcePingInterval: '10',
  eventsourcePingComment: 'c',
  eventsourcePingEvent: 'e',
  eventsourcePingData: 'd',
  allowOrigin: 'http://a.com',
  allowCredentials: 'off',
  existingChannelsOnly: 'on',
  memoryBytes: '64m',
  redisPass: 'redis',
  redisPassInheritable: 'on',
  useRedis: 'on',
  redisUrl: '127.0.0.1',
  redisStorageMode: 'backup',
  redisNostoreFastpublish: 'on',
  redisNamespace: 'n',
  redisPingInterval: '10',
  redisIdleChannelCacheTimeout: '10',
  channelTimeout: '10',
  redisFakesubIntervalMs: '10ms',
  redisPublishCutoffBytes: '10k',
  subscribeRequest: '/hook',
  unsubscribeRequest: '/hook',
  publisherUpstreamRequest: '/hook',
  hooksAfterCrash: 'off',
  tokenMode: 'off',
  tokenKeySources: TOKEN_KEY,
  tokenFrom: 'cookie:token',
  tokenIssuer: 'app',
  tokenAudience: 'chat',
  tokenLeeway: '10',
  tokenClaim: 'rights',
  obsolete: '5',
  'redis.servers': '127.0.0.1',
  'redis.tls': 'on',
  'redis.tls.verify': 'off',
  'redis.subscribeWeights': 'master=2',
  'redis.discoveredIpRangeBlacklist': '10.0.0.0/8',
  'redis.accurateSubscriberCount': 'on',
  'redis.loadScriptsUnconditionally': 'on',
  'redis.stats': 'on',
  'redis.retryCommands': 'off',
};

/** Those of directives that take others than their slot's. */
const GOOD_BY_NAME: Record<string, string> = {
  nchan_redis_upstream_stats: 'redis',
  nchan_stub_status: '',
  njchan_metrics: '',
  njchan_health: 'live',
  nchan_storage_engine: 'memory',
  nchan_benchmark: '',
  nchan_benchmark_subscriber_distribution: 'random',
  nchan_benchmark_publisher_distribution: 'optimal',
};

/** Arguments that a directive takes. Those of the other slots of Redis are texts and times, as which any number does. */
export function goodArguments({ names: [name], slot }: Row): string {
  const own = GOOD_BY_NAME[name];
  if (own !== undefined) return own;
  return GOOD[slot] ?? (/\.(?:jitter|backoff)$/.test(slot) ? '0.5' : '5');
}

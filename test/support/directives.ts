/** How the directives of the table can be written. */
import type { Row } from '../../nginx/compiler/directives/row.ts';

/** Arguments that each slot takes; the upstream `redis` must be there. */
const GOOD: Record<string, string> = {
  endpoint: '',
  channelId: 'x',
  publisherChannelId: 'x',
  subscriberChannelId: 'x',
  channelGroup: 'g',
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
  obsolete: 'x',
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

/** Arguments that a directive takes. Those of the other slots of Redis are texts and times, as which any number does. */
export function goodArguments({ names: [name], slot }: Row): string {
  if (name === 'nchan_redis_upstream_stats') return 'redis';
  return GOOD[slot] ?? (/\.(?:jitter|backoff)$/.test(slot) ? '0.5' : '5');
}

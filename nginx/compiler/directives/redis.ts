/** Where and how the channels of a location are kept in Redis (spec/directives.md §11). */
import type { RedisStorageMode } from '../../../handoff/redis.ts';
import { ValueError } from '../errors.ts';
import { type Keywords, matchKeyword } from '../keywords.ts';
import { concealLogin } from '../redis-url.ts';
import { REDIS_STATS } from './endpoints.ts';
import { onlyArgument, row, valid } from './row.ts';
import { bytes, databaseNotices, flag, milliseconds, redisUrl, seconds } from './values.ts';

const STORAGE_MODES: Keywords<RedisStorageMode> = [
  ['distributed', 'distributed'],
  ['backup', 'backup'],
  ['nostore', 'nostore'],
  ['distributed-nostore', 'nostore'],
];

const ONE = { args: [1, 1], onDuplicate: 'error', inherit: 'nearest' } as const;

/** A namespace and the keys of channels must not have each other's braces, which mark what Redis Cluster hashes. */
const BRACES = ['{', '}'] as const;

export const REDIS = [
  row({
    ...ONE,
    slot: 'redisPass',
    names: ['nchan_redis_pass'],
    contexts: 'HSL',
    default: 'none: channels are kept in memory',
    doc:
      'Keeps the channels in the Redis servers of this upstream. **Not inherited** by nested locations and `if`s, ' +
      'unless `nchan_redis_pass_inheritable` is on: njchan warns where channels are therefore kept elsewhere.',
    parse: ({ args }) => onlyArgument(args).text,
    conceal: concealLogin,
  }),
  row({
    ...ONE,
    slot: 'redisPassInheritable',
    names: ['nchan_redis_pass_inheritable'],
    contexts: 'HSL',
    default: '`off`',
    doc: 'Locations and `if`s below take `nchan_redis_pass` from the level around them.',
    parse: flag,
  }),
  row({
    ...ONE,
    slot: 'useRedis',
    names: ['nchan_use_redis'],
    contexts: 'HSL',
    default: '`off`',
    doc: 'Discouraged: keeps the channels in the server of `nchan_redis_url`, where there is no `nchan_redis_pass`.',
    parse: flag,
    notices: () => ['Use of nchan_use_redis is discouraged in favor of nchan_redis_pass.'],
  }),
  row({
    ...ONE,
    slot: 'redisUrl',
    names: ['nchan_redis_url'],
    contexts: 'HSL',
    default: '`redis://127.0.0.1:6379`',
    doc: 'Discouraged: the server for `nchan_use_redis`.',
    parse(call) {
      if (call.level.redisPass !== undefined) {
        throw new ValueError(`"${call.name}" directive can't be set here: already using nchan_redis_pass`);
      }
      return redisUrl(call);
    },
    notices(call) {
      const shown = concealLogin(onlyArgument(call.args).text);
      const discouraged = `Use of nchan_redis_url is discouraged in favor of an upstream { } block with nchan_redis_server ${shown};`;
      return [discouraged, ...databaseNotices(call)];
    },
    conceal: concealLogin,
  }),
  row({
    ...ONE,
    slot: 'redisStorageMode',
    names: ['nchan_redis_storage_mode'],
    contexts: 'HSLU',
    default: '`distributed`',
    doc:
      '`distributed`: messages are stored in Redis and shared by all servers; `backup`: they are kept in memory, with ' +
      'a copy in Redis for after a restart; `nostore` (`distributed-nostore`): Redis passes them on and stores none.',
    parse: ({ name, args }) =>
      valid(
        matchKeyword(STORAGE_MODES, onlyArgument(args).text),
        // The two blanks are in Nchan's message too.
        `"${name}" directive is invalid, must be one of 'distributed',  'backup' or 'nostore'`,
      ),
  }),
  row({
    ...ONE,
    slot: 'redisNostoreFastpublish',
    names: ['nchan_redis_nostore_fastpublish'],
    contexts: 'HSU',
    default: '`off`',
    doc: 'With `nostore`, publishers are told how many servers got a message instead of how many subscribers.',
    parse: flag,
  }),
  row({
    ...ONE,
    slot: 'redisNamespace',
    names: ['nchan_redis_namespace'],
    contexts: 'HSLU',
    default: 'empty',
    doc: 'Comes before every key, with a colon if it does not end in one: keeps apart what shares a Redis.',
    parse({ name, args }) {
      const { text } = onlyArgument(args);
      const brace = BRACES.find((char) => text.includes(char));
      if (brace) throw new ValueError(`"${name}" directive can't contain character '${brace}'`);
      return text === '' || text.endsWith(':') ? text : `${text}:`;
    },
  }),
  row({
    ...ONE,
    slot: 'redisPingInterval',
    names: ['nchan_redis_ping_interval'],
    contexts: 'HSLU',
    default: '`4m`',
    doc:
      'How often an idle connection is tested; `0` never. Locations that use the same upstream and say different ' +
      'things get the shortest.',
    parse: seconds,
  }),
  row({
    ...ONE,
    slot: 'redisIdleChannelCacheTimeout',
    names: ['nchan_redis_idle_channel_cache_timeout'],
    contexts: 'HSL',
    default: '`30s`',
    doc: 'How long a channel without subscribers here stays known and subscribed to.',
    parse: seconds,
  }),
  row({
    ...ONE,
    slot: 'channelTimeout',
    names: ['nchan_channel_timeout', 'push_channel_timeout'],
    contexts: 'HSL',
    default: '`5s`',
    doc: 'How long a channel without messages and subscribers stays known in Redis.',
    parse: seconds,
  }),
  REDIS_STATS,
  row({
    ...ONE,
    slot: 'redisFakesubIntervalMs',
    names: ['nchan_redis_fakesub_timer_interval'],
    contexts: 'H',
    default: '`100ms`',
    doc: 'How long changes of the numbers of subscribers are gathered before Redis is told; `0` tells each at once.',
    parse: milliseconds,
  }),
  row({
    ...ONE,
    slot: 'redisPublishCutoffBytes',
    names: ['nchan_redis_publish_msgpacked_max_size'],
    contexts: 'H',
    default: '`5k`',
    doc: 'Messages of this size and more are announced by their key, and fetched by the servers that want them.',
    parse: bytes,
  }),
];

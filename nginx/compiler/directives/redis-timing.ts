/** How long to wait for Redis servers, and when to try again (spec/directives.md §12). */
import type { Delay } from '../../../handoff/redis.ts';
import { ValueError } from '../errors.ts';
import type { DelayName } from './redis-slots.ts';
import { type Call, type Row, row, type SlotName } from './row.ts';
import { flag, fraction, milliseconds } from './values.ts';

const ONE = { contexts: 'U', args: [1, 1], onDuplicate: 'error', inherit: 'nearest' } as const;

/** Spread by more than the delay itself would be no delay. @throws ValueError */
function jitter<S extends SlotName>(call: Call<S>): number {
  const value = fraction(call);
  if (value >= 1) throw new ValueError(`"${call.name}" directive jitter multiplier cannot exceed 1`);
  return value;
}

interface DelayTexts {
  /** For which delay, and how its four directives begin. */
  readonly slot: DelayName;
  readonly name: string;
  /** Other names of the first delay. */
  readonly aliases: readonly string[];
  readonly doc: string;
  readonly defaults: Readonly<Record<keyof Delay, string>>;
}

/** The four directives of a delay. */
function delayRows({ slot, name, aliases, doc, defaults }: DelayTexts): readonly Row[] {
  return [
    row({
      ...ONE,
      slot: `redis.${slot}.minMs`,
      names: [`${name}_min`, ...aliases],
      default: defaults.minMs,
      doc,
      parse: milliseconds,
    }),
    row({
      ...ONE,
      slot: `redis.${slot}.jitter`,
      names: [`${name}_jitter`],
      onDuplicate: 'last',
      default: defaults.jitter,
      doc: 'The part of that time by which it varies at random, less than 1.',
      parse: jitter,
    }),
    row({
      ...ONE,
      slot: `redis.${slot}.backoff`,
      names: [`${name}_backoff`],
      onDuplicate: 'last',
      default: defaults.backoff,
      doc: 'How much longer each time is than the one before: 0.5 by a half, 0 not at all.',
      parse: fraction,
    }),
    row({
      ...ONE,
      slot: `redis.${slot}.maxMs`,
      names: [`${name}_max`],
      default: defaults.maxMs,
      doc: 'The longest that it gets; `0` has no limit.',
      parse: milliseconds,
    }),
  ];
}

export const REDIS_TIMING = [
  row({
    ...ONE,
    slot: 'redis.connectTimeoutMs',
    names: ['nchan_redis_connect_timeout', 'nchan_redis_node_connect_timeout'],
    default: '`10s`',
    doc: 'How long connecting to a server may take.',
    parse: milliseconds,
  }),
  row({
    ...ONE,
    slot: 'redis.clusterConnectTimeoutMs',
    names: ['nchan_redis_cluster_connect_timeout'],
    default: '`15s`',
    doc: 'How long connecting to all of a cluster may take.',
    parse: milliseconds,
  }),
  row({
    ...ONE,
    slot: 'redis.clusterMaxFailingTimeMs',
    names: ['nchan_redis_cluster_max_failing_time'],
    default: '`30s`',
    doc: 'After how long a failing cluster is given up and connected to anew.',
    parse: milliseconds,
  }),
  row({
    ...ONE,
    slot: 'redis.commandTimeoutMs',
    names: ['nchan_redis_command_timeout'],
    default: '`5s`',
    doc: 'After how long without a reply a server is disconnected from; `0` waits for ever.',
    parse: milliseconds,
  }),
  row({
    ...ONE,
    slot: 'redis.retryCommands',
    names: ['nchan_redis_retry_commands'],
    default: '`on`',
    doc: 'Requests wait for a server that is away, and are answered 503 only when it does not come back in time.',
    parse: flag,
  }),
  row({
    ...ONE,
    slot: 'redis.retryCommandsMaxWaitMs',
    names: ['nchan_redis_retry_commands_max_wait'],
    default: '`500ms`',
    doc: 'How long they wait; `0` as long as it takes.',
    parse: milliseconds,
  }),
  ...delayRows({
    slot: 'reconnectDelay',
    name: 'nchan_redis_reconnect_delay',
    aliases: ['nchan_redis_reconnect_delay'],
    doc: 'How long after a connection was lost to connect again.',
    defaults: { minMs: '`500ms`', jitter: '`0.1`', backoff: '`0.5`', maxMs: '`10s`' },
  }),
  ...delayRows({
    slot: 'clusterCheckInterval',
    name: 'nchan_redis_cluster_check_interval',
    aliases: ['nchan_redis_cluster_check_interval'],
    doc: 'How often to ask a cluster whether it has changed; `0` never.',
    defaults: { minMs: '`1s`', jitter: '`0.2`', backoff: '`2`', maxMs: '`30s`' },
  }),
  ...delayRows({
    slot: 'clusterRecoveryDelay',
    name: 'nchan_redis_cluster_recovery_delay',
    aliases: ['nchan_redis_cluster_recovery_delay'],
    doc: 'How long after a command went to the wrong server of a cluster to look again which is the right one.',
    defaults: { minMs: '`100ms`', jitter: '`0.5`', backoff: '`0.5`', maxMs: '`2s`' },
  }),
  ...delayRows({
    slot: 'idleChannelKeepalive',
    name: 'nchan_redis_idle_channel_keepalive',
    aliases: [],
    doc: 'For how long Redis is told to keep a channel that has subscribers but no messages, before it is told again.',
    defaults: { minMs: '`10m`', jitter: '`0.7`', backoff: '`1`', maxMs: '`168h`' },
  }),
  row({
    ...ONE,
    slot: 'redis.idleChannelKeepaliveMarginMs',
    names: ['nchan_redis_idle_channel_keepalive_safety_margin'],
    default: '`1m`',
    doc: 'By how much longer than that Redis keeps it.',
    parse: milliseconds,
  }),
];

/**
 * Every metric, with where its values come from. The table of docs/operations.md is made of it. Labels have few values:
 * those of tables in the program, and the upstreams of the configuration; never anything of a client's.
 */
import { performance } from 'node:perf_hooks';
import type { SidecarLimits } from '../config.ts';
import type { Stores, UpstreamStats } from '../store/stores.ts';
import { ERROR_CLOSE_CODES } from '../websocket/receiver.ts';
import type { EventLoopLag } from './event-loop.ts';
import type { Histogram } from './histogram.ts';
import { PROCESS_METRICS } from './process-metrics.ts';
import type { Statistics } from './statistics.ts';

/** What the values are taken from. */
export interface MetricSource {
  readonly statistics: Statistics;
  readonly stores: Pick<Stores, 'memory' | 'groups' | 'size' | 'linkStats'>;
  readonly limits: () => SidecarLimits;
  /** Of njchan. */
  readonly version: string;
  readonly lag: EventLoopLag;
}

export type Labels = Readonly<Record<string, string | number>>;

/** One value of a counter or gauge, or all of a histogram. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number | Histogram;
}

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** In the words of `# HELP`, and of the documentation. */
  readonly help: string;
  /** The labels and their values, for the documentation; '' for none. */
  readonly labels: string;
  read(source: MetricSource): readonly Sample[] | Promise<readonly Sample[]>;
}

/** One value a key. */
function each<T>(label: string, values: Readonly<Record<string, T>>, read: (one: T) => number): Sample[] {
  return Object.entries(values).map(([key, one]) => ({ labels: { [label]: key }, value: read(one) }));
}

/** One value an upstream. */
function upstreams({ stores }: MetricSource, read: (stats: UpstreamStats) => number): Sample[] {
  return Array.from(stores.linkStats(), ([upstream, stats]) => ({
    labels: { upstream },
    value: read(stats),
  }));
}

const TRANSPORTS = '`transport`: `websocket`, `eventsource`, …, the words of `$nchan_subscriber_type`';
const PUBLISHERS = '`publisher`: `http`, `websocket`';
const UPSTREAM = '`upstream`: its name in the configuration';
const COMMAND = `${UPSTREAM}; \`command\`: a script or command`;
const HOOK_QUEUES = '`queue`: `notifications` (subscribe and unsubscribe requests), `messages`';

const MESSAGES: readonly Metric[] = [
  {
    name: 'njchan_published_messages_total',
    type: 'counter',
    help: 'Messages published; one to several channels counts once.',
    labels: PUBLISHERS,
    read: ({ statistics }) => each('publisher', statistics.published, ({ messages }) => messages),
  },
  {
    name: 'njchan_published_bytes_total',
    type: 'counter',
    help: 'Bytes of the messages published.',
    labels: PUBLISHERS,
    read: ({ statistics }) => each('publisher', statistics.published, ({ bytes }) => bytes),
  },
  {
    name: 'njchan_delivered_messages_total',
    type: 'counter',
    help: 'Messages handed to connections of subscribers, one for each of them.',
    labels: TRANSPORTS,
    read: ({ statistics }) => each('transport', statistics.delivered, ({ messages }) => messages),
  },
  {
    name: 'njchan_delivered_bytes_total',
    type: 'counter',
    help: 'Bytes of these in the form of their transport, without heads of answers.',
    labels: TRANSPORTS,
    read: ({ statistics }) => each('transport', statistics.delivered, ({ bytes }) => bytes),
  },
  {
    name: 'njchan_delivery_duration_seconds',
    type: 'histogram',
    help: 'Time from when messages are queued for the subscribers of a channel until the last of them was written to.',
    labels: '',
    read: ({ statistics }) => [{ value: statistics.deliverySeconds }],
  },
  {
    name: 'njchan_fanout_subscribers',
    type: 'histogram',
    help: 'Subscribers of what was published to, as publishers are told.',
    labels: '',
    read: ({ statistics }) => [{ value: statistics.fanout }],
  },
  {
    name: 'njchan_channel_events_total',
    type: 'counter',
    help: 'Channel events: published, or lost because too many waited or the store did not take them.',
    labels: '`outcome`: `published`, `lost`',
    read: ({ statistics }) => each('outcome', statistics.events, (count) => count),
  },
];

const SUBSCRIBERS: readonly Metric[] = [
  {
    name: 'njchan_subscribers',
    type: 'gauge',
    help: 'Connections of subscribers, and long-polls that wait.',
    labels: TRANSPORTS,
    read: ({ statistics }) => each('transport', statistics.subscribers, (count) => count),
  },
  {
    name: 'njchan_slow_subscribers_total',
    type: 'counter',
    help: 'Times that a subscriber did not read fast enough: it got the rest from the buffer later, or was closed.',
    labels: '`outcome`: `returned`, `closed`',
    read: ({ statistics }) => each('outcome', statistics.slow, (count) => count),
  },
  {
    name: 'njchan_subscriber_faults_total',
    type: 'counter',
    help: 'Subscribers closed because serving them failed; the log has the reason.',
    labels: '',
    read: ({ statistics }) => [{ value: statistics.faults }],
  },
  {
    name: 'njchan_websocket_errors_total',
    type: 'counter',
    help: 'WebSockets closed because of what their client sent, by the code of the close frame (RFC 6455, 7.4.1).',
    labels:
      '`code`: `1002` (protocol), `1007` (no UTF-8, or not compressed as said), `1008` (too many pieces), `1009` (too large)',
    read: ({ statistics }) =>
      ERROR_CLOSE_CODES.map((code) => ({ labels: { code }, value: statistics.websocketErrors[code] ?? 0 })),
  },
  {
    name: 'njchan_refused_requests_total',
    type: 'counter',
    help: 'Requests, and messages of WebSocket publishers, that the sidecar refused.',
    labels: '`refusal`: a name of [errors.md](errors.md)',
    read: ({ statistics }) => each('refusal', statistics.refused, (count) => count),
  },
];

const STORE: readonly Metric[] = [
  {
    name: 'njchan_channels',
    type: 'gauge',
    help: 'Channels in memory, those of Redis that are used here among them.',
    labels: '',
    read: ({ stores }) => [{ value: stores.size().channels }],
  },
  {
    name: 'njchan_groups',
    type: 'gauge',
    help: 'Channel groups that have channels or limits.',
    labels: '',
    read: ({ stores }) => [{ value: stores.groups.size }],
  },
  {
    name: 'njchan_stored_messages',
    type: 'gauge',
    help: 'Messages in memory, copies of those in Redis among them.',
    labels: '',
    read: ({ stores }) => [{ value: stores.size().messages }],
  },
  {
    name: 'njchan_buffer_bytes',
    type: 'gauge',
    help: 'Memory accounted for channels and messages: those of the memory store, and copies of those in Redis.',
    labels: '`store`: `memory`, `redis` (all upstreams together)',
    read: ({ stores }) => {
      const memory = stores.memory.size.bytes;
      return [
        { labels: { store: 'memory' }, value: memory },
        { labels: { store: 'redis' }, value: stores.size().bytes - memory },
      ];
    },
  },
  {
    name: 'njchan_buffer_limit_bytes',
    type: 'gauge',
    help: 'What the memory store may hold, beyond which publishers get 507; Redis may have as many copies, for each way in which locations use it (nchan_shared_memory_size).',
    labels: '',
    read: ({ limits }) => [{ value: limits().storeBytes }],
  },
];

const HOOKS: readonly Metric[] = [
  {
    name: 'njchan_hooks_total',
    type: 'counter',
    help: 'Requests to applications: answered, failed for good, or dropped because too many waited.',
    labels: '`hook`: its directive without `nchan_`; `outcome`: `answered`, `failed`, `dropped`',
    read: ({ statistics }) =>
      Object.entries(statistics.hooks).flatMap(([hook, outcomes]) =>
        each('outcome', outcomes, (count) => count).map(({ labels, value }) => ({
          labels: { hook, ...labels },
          value,
        })),
      ),
  },
  {
    name: 'njchan_hooks_waiting',
    type: 'gauge',
    help: 'Requests to applications that are not answered yet.',
    labels: HOOK_QUEUES,
    read: ({ statistics }) => each('queue', statistics.hooksWaiting, ({ count }) => count),
  },
  {
    name: 'njchan_hooks_waiting_bytes',
    type: 'gauge',
    help: 'Memory that these take.',
    labels: HOOK_QUEUES,
    read: ({ statistics }) => each('queue', statistics.hooksWaiting, ({ bytes }) => bytes),
  },
];

const REDIS: readonly Metric[] = [
  {
    name: 'njchan_redis_available',
    type: 'gauge',
    help: '1 while scripts can be run and announcements arrive, else 0.',
    labels: UPSTREAM,
    read: (source) => upstreams(source, ({ available }) => Number(available)),
  },
  {
    name: 'njchan_redis_connected_servers',
    type: 'gauge',
    help: 'Servers with all their connections.',
    labels: UPSTREAM,
    read: (source) => upstreams(source, ({ servers }) => servers.filter(({ connected }) => connected).length),
  },
  {
    name: 'njchan_redis_pending_commands',
    type: 'gauge',
    help: 'Commands that wait to be sent or answered.',
    labels: UPSTREAM,
    read: (source) =>
      upstreams(source, ({ servers, waiting }) =>
        servers.reduce((sum, { pendingCommands }) => sum + pendingCommands, waiting),
      ),
  },
  {
    name: 'njchan_redis_connections_made_total',
    type: 'counter',
    help: 'Connections made; a server takes two.',
    labels: UPSTREAM,
    read: (source) => upstreams(source, ({ totals }) => totals.connected),
  },
  {
    name: 'njchan_redis_connections_lost_total',
    type: 'counter',
    help: 'Connections lost, each of which is made again.',
    labels: UPSTREAM,
    read: (source) => upstreams(source, ({ totals }) => totals.lost),
  },
  {
    name: 'njchan_redis_command_duration_seconds',
    type: 'histogram',
    help: 'Time from sending a command or script to its reply.',
    labels: COMMAND,
    read: (source) => commands(source, ({ seconds }) => seconds),
  },
  {
    name: 'njchan_redis_command_errors_total',
    type: 'counter',
    help: 'Commands and scripts that were answered with an error, or not at all.',
    labels: COMMAND,
    read: (source) => commands(source, ({ errors }) => errors),
  },
];

/** One value a command of each upstream. */
function commands(
  { stores }: MetricSource,
  read: (total: { readonly errors: number; readonly seconds: Histogram }) => number | Histogram,
): Sample[] {
  return Array.from(stores.linkStats()).flatMap(([upstream, { totals }]) =>
    Array.from(totals.commands, ([command, total]) => ({
      labels: { upstream, command },
      value: read(total),
    })),
  );
}

const EVENT_LOOP: readonly Metric[] = [
  {
    name: 'njchan_event_loop_lag_seconds',
    type: 'histogram',
    help: 'How late the event loop was, looked at ten times a second from the first scrape on.',
    labels: '',
    read: ({ lag }) => [{ value: lag.seconds }],
  },
  {
    name: 'njchan_event_loop_active_seconds_total',
    type: 'counter',
    help: 'Time that the event loop did not wait: its rate is the part of a core that is used.',
    labels: '',
    read: () => [{ value: performance.eventLoopUtilization().active / 1000 }],
  },
];

/** By the sections of the documentation. */
export const METRIC_TABLES: Readonly<Record<string, readonly Metric[]>> = {
  Messages: MESSAGES,
  Subscribers: SUBSCRIBERS,
  Memory: STORE,
  Hooks: HOOKS,
  Redis: REDIS,
  'The event loop': EVENT_LOOP,
  'The process': PROCESS_METRICS,
};
export const METRICS: readonly Metric[] = Object.values(METRIC_TABLES).flat();

/** Ways to write Nchan's directives about Redis. Places are those of directives.test.ts: U an upstream with a server. */
import { DIRECTIVE_TABLES } from '../../nginx/compiler/directives/index.ts';
import { goodArguments } from '../support/directives.ts';
import type { Variant } from './directive-variants.ts';

const TABLES = ['redis directives', 'redis upstream directives', 'obsolete directives'];
const ROWS = TABLES.flatMap((name) => DIRECTIVE_TABLES[name] ?? []);

/** Directives with which Nchan can do nothing, whatever they are given. */
const UNUSABLE: Readonly<Record<string, string>> = {
  nchan_redis_ssl_verify_certificate: 'Nchan refuses what it documents',
  nchan_redis_tls_verify_certificate: 'Nchan refuses what it documents',
  nchan_redis_upstream_stats_disconnected_timeout: 'Nchan takes it for a flag',
};

/** Every name in every place, twice, and with too few and too many arguments. */
const EACH: readonly Variant[] = ROWS.flatMap((row) =>
  row.names.flatMap((name): Variant[] => {
    const good = `${name} ${goodArguments(row)};`;
    const [min, max] = row.args;
    const home = ['L', 'H', 'U'].find((place) => row.contexts.includes(place)) as string;
    const words = (count: number) => Array(count).fill('x').join(' ');
    const isGood = (place: string): string | undefined =>
      row.contexts.includes(place) ? UNUSABLE[name] : undefined;
    const written = [...'HSLIXU'].map((place): Variant => {
      const why = isGood(place);
      return why === undefined ? [`${place} ${good}`] : [`${place} ${good}`, why];
    });
    return [
      ...written,
      ...(name in UNUSABLE ? [] : [[`${home} ${good} ${good}`] as const]),
      [`${home} ${name} ${words(min - 1)};`],
      [`${home} ${name} ${words(max + 1)};`],
    ];
  }),
);

const HOST = 'no host has such a name';
const NO_HOST = 'Nchan crashes when it connects';

const URLS: readonly Variant[] = [
  ['127.0.0.1'],
  ['localhost:6380'],
  ['redis://u:p@127.0.0.1'],
  ['redis://:p@127.0.0.1:1/3'],
  ['redis://:p@127.0.0.1:1/abc'],
  ['redis://127.0.0.1:1/1/2'],
  ['redis://u:p/x@127.0.0.1'],
  ['redis://u:p:x@127.0.0.1'],
  ['redis://u:p@x@127.0.0.1'],
  ['u:p@127.0.0.1'],
  [':p@127.0.0.1'],
  ['rediss://127.0.0.1'],
  ['redis://nosuchhost.invalid'],
  ['redis://u@h'],
  ['redis://127.0.0.1:abc'],
  ['redis://127.0.0.1:'],
  ['redis://127.0.0.1:6379?x=1'],
  ['http://127.0.0.1'],
  ['REDIS://127.0.0.1'],
  ['::1'],
  ['unix:x'],
  ['redis://127.0.0.1:99999', 'no port has such a number'],
  ['redis://127.0.0.1:0', 'no port has such a number'],
  ['"a b"', HOST],
  ['$x', HOST],
  ['""', NO_HOST],
  ['redis://', NO_HOST],
  [':6379', NO_HOST],
  ['redis:///3', NO_HOST],
  ['redis://[::1]:6379', 'ours alone'],
  ['unix:///tmp/redis.sock', 'ours alone'],
];

const SLIP = 'it is a slip';
const FRACTIONS: readonly Variant[] = [
  ['0'],
  ['.5'],
  ['0.'],
  ['5'],
  ['-1'],
  ['+0.5'],
  ['5e-1'],
  ['inf'],
  ['""'],
  ['0.5x'],
  ['" 0.5"'],
  ['.', SLIP],
];

const of = (before: string, values: readonly Variant[]): Variant[] =>
  values.map(([value, why]) => (why === undefined ? [`${before} ${value};`] : [`${before} ${value};`, why]));

/** Only config-time rules; what Nchan does then is compared in test/conformance/redis-locations.test.ts. */
export const REDIS_VARIANTS: readonly Variant[] = [
  ...EACH,
  ...of('L nchan_redis_url', URLS),
  ...of('U nchan_redis_server', URLS),
  ['U nchan_redis_server 127.0.0.1 master;', 'as in Nchan 1.3.7'],
  // Upstreams
  ['L nchan_redis_pass nosuch;'],
  ['L nchan_redis_pass "";'],
  ['L nchan_redis_pass $x;'],
  ['L nchan_redis_pass redis://127.0.0.1:6379;'],
  ['L nchan_redis_pass REDIS;'],
  ['R server { nchan_redis_pass later; } upstream later { nchan_redis_server 127.0.0.1; }'],
  ['R upstream "a b" { nchan_redis_server 127.0.0.1; } server { nchan_redis_pass "a b"; }'],
  ['R upstream u { nchan_redis_server 127.0.0.1; } upstream U { nchan_redis_server 127.0.0.1; }'],
  ['R upstream u { nchan_redis_server 127.0.0.1; } upstream u { server 127.0.0.1:1; }'],
  ['R upstream u v { nchan_redis_server 127.0.0.1; }'],
  ['R upstream { nchan_redis_server 127.0.0.1; }'],
  ['R upstream u { nchan_redis_namespace x; }'],
  ['R upstream u { nchan_redis_password x; keepalive 4; }'],
  ['R upstream u { nchan_redis_server 127.0.0.1; keepalive 4; }'],
  ['R upstream u { nchan_redis_server 127.0.0.1; server 127.0.0.1:1; }'],
  ['R upstream u { nchan_redis_server 127.0.0.1; server 127.0.0.1:1; } server { nchan_redis_pass u; }'],
  [
    'R upstream u { server 127.0.0.1:1; } server { nchan_redis_pass u; }',
    'Nchan takes them for Redis servers',
  ],
  ['R upstream u { nchan_redis_server 127.0.0.1; least_conn; }', 'the block is left out'],
  // Two ways to name a Redis
  ['L nchan_redis_pass redis; nchan_redis_url 127.0.0.1;'],
  ['L nchan_redis_url 127.0.0.1; nchan_redis_pass redis;'],
  ['L nchan_redis_pass redis; nchan_use_redis on;'],
  ['R server { nchan_redis_pass redis; location / { nchan_redis_url 127.0.0.1; } }'],
  ['R server { nchan_redis_url 127.0.0.1; location / { nchan_redis_pass redis; } }'],
  ['L nchan_use_redis yes;'],
  // Words, texts and numbers
  ...of('L nchan_redis_storage_mode', [
    ['distributed'],
    ['DIST'],
    ['b'],
    ['no'],
    ['distributed-nostore'],
    ['distributed-'],
    ['backups'],
    ['foo'],
    ['""', 'an empty word is refused, as in Nchan 1.3.7'],
  ]),
  ...of('U nchan_redis_namespace', [['a:'], ['""'], ['"a b"'], ['"a{b"'], ['a}b'], ['$x']]),
  ...of('U nchan_redis_ping_interval', [['0'], ['1h30m'], ['5ms'], ['-1'], ['x']]),
  ...of('H nchan_redis_fakesub_timer_interval', [
    ['0'],
    ['5'],
    ['5ms'],
    ['"1s 5ms"'],
    ['1w1d1h1m1s1ms'],
    ['1h30'],
    ['1y'],
    ['1M'],
    ['"5 ms"'],
    ['5ms1s'],
    ['5s5s'],
    ['x'],
    ['""'],
    ['1s5', SLIP],
  ]),
  ...of('H nchan_redis_publish_msgpacked_max_size', [
    ['0'],
    ['5k'],
    ['5K'],
    ['5m'],
    ['5g'],
    ['-1'],
    ['1.5k'],
    ['k'],
    ['""'],
  ]),
  ...of('U nchan_redis_reconnect_delay_backoff', FRACTIONS),
  ...of('U nchan_redis_idle_channel_keepalive_backoff', FRACTIONS),
  ...of('U nchan_redis_cluster_recovery_delay_jitter', [['0'], ['0.999'], ['1'], ['1.5'], ['-0.5'], ['x']]),
  ['U nchan_redis_reconnect_delay 1; nchan_redis_reconnect_delay_min 1;'],
  ['U nchan_redis_cluster_check_interval 1; nchan_redis_cluster_check_interval_min 1;'],
  ['U nchan_redis_connect_timeout 1; nchan_redis_node_connect_timeout 1;'],
  ['U nchan_redis_cluster_connect_timeout 1; nchan_redis_node_connect_timeout 1;'],
  ['U nchan_redis_ssl on; nchan_redis_tls on;'],
  ['U nchan_redis_ssl yes;'],
  ['U nchan_redis_ssl_client_certificate a; nchan_redis_tls_client_certificate b;'],
  ['U nchan_redis_ssl_client_certificate_key a; nchan_redis_tls_client_certificate b;'],
  ['U nchan_redis_tls_client_certificate_key a;'],
  ['U nchan_redis_ssl_verify_certificate off;', 'Nchan refuses what it documents'],
  ['U nchan_redis_upstream_stats_disconnected_timeout 5m;', 'Nchan takes it for a flag'],
  ...of('U nchan_redis_subscribe_weights', [
    ['master=0'],
    ['master=-1'],
    ['master=x'],
    ['master='],
    ['master=1.5'],
    ['slave=x'],
    ['replica=x'],
    ['foo=1'],
    ['MASTER=x'],
    ['slave=1 master=2'],
    ['master=1 slave=2 x=1'],
    ['""'],
  ]),
  ...of('U nchan_redis_discovered_ip_range_blacklist', [
    ['10.0.0.0'],
    ['10.1.2.3/8 fe80::/10 ::1'],
    ['1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5 6.6.6.6 7.7.7.7'],
    ['10.0.0.0/0'],
    ['fe80::/0'],
    ['10.0.0.0/33'],
    ['10.0.0.0/x'],
    ['10.0.0.0/'],
    ['10.0.0.0/-1'],
    ['10.0.0.0/8x'],
    ['10.0.0.0.1/8'],
    ['300.0.0.0/8'],
    ['host/8'],
    ['fe80::g/10'],
    ['1.1.1.1/8 x'],
    ['""'],
    ['10.0.0/8', SLIP],
  ]),
  ...of('L nchan_channel_timeout', [['0'], ['5ms'], ['x']]),
  ['L nchan_channel_timeout 5; push_channel_timeout 6;'],
  ...of('L push_subscriber_concurrency', [['last'], ['BROADCAST'], ['""']]),
  // Figures
  ...of('L nchan_redis_upstream_stats', [['nosuch'], ['$arg_x'], ['""']]),
  ['L nchan_pubsub; nchan_redis_upstream_stats x;'],
  ['L nchan_redis_upstream_stats x; nchan_publisher;'],
  ['R server { nchan_redis_upstream_stats x; location / { nchan_subscriber; } }'],
];

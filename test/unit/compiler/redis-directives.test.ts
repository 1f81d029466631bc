import { describe, expect, it } from 'vitest';
import type { RedisUpstream } from '../../../handoff/redis.ts';
import { redisConfigProblem } from '../../../sidecar/redis-config.ts';
import { UPSTREAM_DEFAULTS } from '../../support/redis-upstream.ts';
import { compileText, PLACES, problemsOf, saidIn } from './compiling.ts';

/** What the sidecar is told of an upstream with these lines in it. */
function upstreamWith(lines: string, http = ''): RedisUpstream {
  const { redis } = compileText(`events {} http { ${http}
    upstream u { ${lines} }
    server { location / { nchan_pubsub; nchan_redis_pass u; } } }`);
  expect(redisConfigProblem(redis)).toBeUndefined();
  return redis?.upstreams.u as RedisUpstream;
}

const SERVER = 'nchan_redis_server 10.0.0.1;';
const DEFAULTS: RedisUpstream = upstreamWith(SERVER);

describe('an upstream', () => {
  it('has defaults', () => {
    expect(DEFAULTS).toEqual({ servers: [{ url: 'redis://10.0.0.1:6379' }], ...UPSTREAM_DEFAULTS });
  });

  const delay = (name: keyof RedisUpstream, field: string, value: number) => ({
    [name]: { ...(DEFAULTS[name] as object), [field]: value },
  });
  const TLS = {
    certificate: '',
    certificateKey: '',
    trustedCertificate: '',
    trustedCertificatePath: '',
    serverName: '',
    ciphers: '',
    verify: true,
  };
  it.each<[lines: string, expected: Partial<RedisUpstream>]>([
    ['nchan_redis_username us;', { username: 'us' }],
    ['nchan_redis_password "p w";', { password: 'p w' }],
    ['nchan_redis_connect_timeout 1;', { connectTimeoutMs: 1000 }],
    ['nchan_redis_node_connect_timeout 50ms;', { connectTimeoutMs: 50 }],
    ['nchan_redis_cluster_connect_timeout 1m;', { clusterConnectTimeoutMs: 60_000 }],
    ['nchan_redis_cluster_max_failing_time 1h;', { clusterMaxFailingTimeMs: 3_600_000 }],
    ['nchan_redis_command_timeout 0;', { commandTimeoutMs: 0 }],
    ['nchan_redis_retry_commands off;', { retryCommands: false }],
    ['nchan_redis_retry_commands_max_wait 1s5ms;', { retryCommandsMaxWaitMs: 1005 }],
    ['nchan_redis_reconnect_delay 1;', delay('reconnectDelay', 'minMs', 1000)],
    ['nchan_redis_reconnect_delay_min 2;', delay('reconnectDelay', 'minMs', 2000)],
    ['nchan_redis_reconnect_delay_jitter 0;', delay('reconnectDelay', 'jitter', 0)],
    ['nchan_redis_reconnect_delay_jitter .999;', delay('reconnectDelay', 'jitter', 0.999)],
    [
      'nchan_redis_reconnect_delay_jitter 0.1; nchan_redis_reconnect_delay_jitter 0.2;',
      delay('reconnectDelay', 'jitter', 0.2),
    ],
    ['nchan_redis_reconnect_delay_backoff 5.;', delay('reconnectDelay', 'backoff', 5)],
    ['nchan_redis_reconnect_delay_max 0;', delay('reconnectDelay', 'maxMs', 0)],
    ['nchan_redis_cluster_check_interval 0;', delay('clusterCheckInterval', 'minMs', 0)],
    ['nchan_redis_cluster_check_interval_backoff 3;', delay('clusterCheckInterval', 'backoff', 3)],
    ['nchan_redis_cluster_recovery_delay_min 1;', delay('clusterRecoveryDelay', 'minMs', 1000)],
    ['nchan_redis_cluster_recovery_delay_max 1;', delay('clusterRecoveryDelay', 'maxMs', 1000)],
    ['nchan_redis_idle_channel_keepalive_min 1d;', delay('idleChannelKeepalive', 'minMs', 86_400_000)],
    ['nchan_redis_idle_channel_keepalive_jitter 0.3;', delay('idleChannelKeepalive', 'jitter', 0.3)],
    ['nchan_redis_idle_channel_keepalive_safety_margin 1;', { idleChannelKeepaliveMarginMs: 1000 }],
    ['nchan_redis_accurate_subscriber_count on;', { accurateSubscriberCount: true }],
    ['nchan_redis_load_scripts_unconditionally ON;', { loadScriptsUnconditionally: true }],
    ['nchan_redis_subscribe_weights slave=3;', { subscribeWeights: { master: 1, slave: 3 } }],
    ['nchan_redis_subscribe_weights slave=3 master=0;', { subscribeWeights: { master: 0, slave: 3 } }],
    [
      'nchan_redis_subscribe_weights slave=3; nchan_redis_subscribe_weights master=2;',
      { subscribeWeights: { master: 2, slave: 3 } },
    ],
    [
      'nchan_redis_discovered_ip_range_blacklist 10.0.0.0/8 10.1.2.3; nchan_redis_discovered_ip_range_blacklist ::1 fd00::/8;',
      { discoveredIpRangeBlacklist: ['10.0.0.0/8', '10.1.2.3/32', '::1/128', 'fd00::/8'] },
    ],
    ['nchan_redis_ping_interval 10;', { pingIntervalSeconds: 10 }],
    ['nchan_redis_upstream_stats_enabled on;', { stats: true }],
    ['nchan_redis_upstream_stats_disconnected_timeout 1m;', { statsDisconnectedTimeoutSeconds: 60 }],
    [
      'nchan_redis_server h:1 master; nchan_redis_server unix:///s REPL; nchan_redis_server k s;',
      {
        servers: [
          ...DEFAULTS.servers,
          { url: 'redis://h:1', role: 'master' },
          { url: 'unix:///s', role: 'slave' },
          { url: 'redis://k:6379', role: 'slave' },
        ],
      },
    ],
    [
      'nchan_redis_ssl on; nchan_redis_server rediss://h; nchan_redis_server unix:///s;',
      { servers: [{ url: 'rediss://10.0.0.1:6379' }, { url: 'rediss://h:6379' }, { url: 'unix:///s' }] },
    ],
    [
      'nchan_redis_server rediss://h; nchan_redis_ssl_verify_certificate off;',
      { servers: [...DEFAULTS.servers, { url: 'rediss://h:6379' }], tls: { ...TLS, verify: false } },
    ],
    [
      `nchan_redis_tls_client_certificate a.pem; nchan_redis_ssl_client_certificate_key /etc/k.pem;
       nchan_redis_ssl_trusted_certificate ../ca.pem; nchan_redis_tls_trusted_certificate_path certs;
       nchan_redis_tls_server_name n; nchan_redis_tls_ciphers HIGH;`,
      {
        tls: {
          certificate: '/conf/a.pem',
          certificateKey: '/etc/k.pem',
          trustedCertificate: expect.stringMatching(/^\/.*\/ca\.pem$/),
          trustedCertificatePath: '/conf/certs',
          serverName: 'n',
          ciphers: 'HIGH',
          verify: true,
        },
      },
    ],
  ])('with %s', (lines, expected) => {
    expect(upstreamWith(`${SERVER} ${lines}`)).toEqual({ ...DEFAULTS, ...expected });
  });

  it.each([
    ['nchan_redis_server redis://:pw@h:x;', '"nchan_redis_server" directive url is invalid'],
    ['nchan_redis_server h primary;', '"nchan_redis_server" directive invalid redis server role'],
    ['nchan_redis_server h "";', '"nchan_redis_server" directive invalid redis server role'],
    ...['1', '1.5'].map((value) => [
      `nchan_redis_reconnect_delay_jitter ${value};`,
      '"nchan_redis_reconnect_delay_jitter" directive jitter multiplier cannot exceed 1',
    ]),
    ...['-1', '+1', '1e3', 'x', '5x', '""', '.', 'inf', ' 1'].map((value) => [
      `nchan_redis_cluster_check_interval_backoff "${value.replaceAll('"', '')}";`,
      '"nchan_redis_cluster_check_interval_backoff" directive invalid value, must be a non-negative floating-point number',
    ]),
    ...['5x', '-1', '""', '1y'].map((value) => [
      `nchan_redis_connect_timeout ${value};`,
      '"nchan_redis_connect_timeout" directive invalid value',
    ]),
    ...['x', '', '-1', '1.5'].map((value) => [
      `nchan_redis_subscribe_weights slave=1 master=${value};`,
      '"nchan_redis_subscribe_weights" directive has invalid weight for master',
    ]),
    ...[
      ['10.0.0.0/0', 'netmask size of 0 would block everything'],
      ['fe80::/0', 'netmask size of 0 would block everything'],
      ['10.0.0.0/33', 'netmask size cannot exceed 32 for IPv4'],
      ['fe80::/129', 'netmask size cannot exceed 128 for IPv6'],
      ['10.0.0.0/8x', 'invalid CIDR range prefix size'],
      ['10.0.0.0/', 'invalid CIDR range prefix size'],
      ['300.0.0.0/8', 'unable to parse IP address'],
      ['""', 'unable to parse IP address'],
    ].map(([range, message]) => [
      `nchan_redis_discovered_ip_range_blacklist 10.0.0.1 ${range};`,
      `"nchan_redis_discovered_ip_range_blacklist" directive ${message}`,
    ]),
    [
      'nchan_redis_upstream_stats_disconnected_timeout on;',
      '"nchan_redis_upstream_stats_disconnected_timeout" directive invalid value',
    ],
    ['nchan_redis_namespace "a{b";', `"nchan_redis_namespace" directive can't contain character '{'`],
    ['nchan_redis_namespace a}b;', `"nchan_redis_namespace" directive can't contain character '}'`],
    [
      'nchan_redis_storage_mode foo;',
      `"nchan_redis_storage_mode" directive is invalid, must be one of 'distributed',  'backup' or 'nostore'`,
    ],
  ])('%s is refused', (line, message) => {
    expect(saidIn('U', line as string)).toEqual([message]);
  });

  it('given in several lines of an included file is read there', () => {
    const text =
      'events {} http { server { location / { nchan_pubsub; nchan_redis_pass u; } }\ninclude u.conf; }';
    const problems = problemsOf({
      'nginx.conf': text,
      'u.conf': 'upstream u {\n nchan_redis_server x:y;\n}',
    });
    expect(problems).toEqual(['/conf/u.conf:2: "nchan_redis_server" directive url is invalid']);
  });
});

describe('sizes and times of the http level', () => {
  const config = (http: string) =>
    compileText(`events {} http { ${http} upstream u { ${SERVER} }
      server { location / { nchan_pubsub; nchan_redis_pass u; } } }`).redis;

  it.each([
    ['', 100, 5120],
    ['nchan_redis_fakesub_timer_interval 0; nchan_redis_publish_msgpacked_max_size 7;', 0, 7],
    ['nchan_redis_fakesub_timer_interval 1; nchan_redis_publish_msgpacked_max_size 2K;', 1000, 2048],
    ['nchan_redis_fakesub_timer_interval 5ms; nchan_redis_publish_msgpacked_max_size 1m;', 5, 1048576],
  ])('%j', (http, fakesubIntervalMs, publishCutoffBytes) => {
    expect(config(http)).toMatchObject({ fakesubIntervalMs, publishCutoffBytes });
  });

  it.each(['5g', '-1', '""', '1.5k', 'k', '99999999999999999999'])('%s is no size', (value) => {
    expect(saidIn('H', `nchan_redis_publish_msgpacked_max_size ${value};`)).toEqual([
      '"nchan_redis_publish_msgpacked_max_size" directive invalid value',
    ]);
  });
});

describe('what is accepted with a word', () => {
  const noticesOf = (place: keyof typeof PLACES, lines: string): string[] =>
    compileText(PLACES[place](lines))
      .notices.map(({ message }) => message)
      .filter((message) => message !== 'no location uses njchan');

  it.each<[keyof typeof PLACES, string, string[]]>([
    ['L', 'nchan_use_redis on;', ['Use of nchan_use_redis is discouraged in favor of nchan_redis_pass.']],
    [
      'L',
      'nchan_redis_wait_after_connecting bogus;',
      ["ignoring obsolete nchan config directive 'nchan_redis_wait_after_connecting'."],
    ],
    [
      'U',
      'nchan_redis_optimize_target x;',
      ["ignoring obsolete nchan config directive 'nchan_redis_optimize_target'."],
    ],
    [
      'I',
      'push_min_message_buffer_length 1;',
      ["ignoring obsolete nchan config directive 'push_min_message_buffer_length'."],
    ],
    ['S', 'push_subscriber_concurrency Broadcast;', []],
    [
      'S',
      'push_subscriber_concurrency last;',
      [
        "ignoring obsolete nchan config directive 'push_subscriber_concurrency last;'. Only 'broadcast' is currently supported.",
      ],
    ],
    [
      'U',
      'nchan_redis_subscribe_weights replica=1 slave=2;',
      ['"nchan_redis_subscribe_weights": "replica=1" has no effect, only master=N and slave=N have'],
    ],
    [
      'U',
      'nchan_redis_server redis://:pw@h/abc;',
      ['"nchan_redis_server": the database "abc" is no number, so it is 0'],
    ],
  ])('in %s: %s', (place, line, messages) => {
    expect(noticesOf(place, line)).toEqual(messages);
  });
});

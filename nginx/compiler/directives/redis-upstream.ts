/** Redis servers in an upstream block, and what is sent to which of them (spec/directives.md §12). */
import { isIPv4, isIPv6 } from 'node:net';
import type { RedisServer } from '../../../handoff/redis.ts';
import { ValueError } from '../errors.ts';
import { type Keywords, matchKeyword } from '../keywords.ts';
import { concealLogin } from '../redis-url.ts';
import { onlyArgument, parseNumber, row, valid } from './row.ts';
import { databaseNotices, flag, redisUrl, seconds } from './values.ts';

const ONE = { contexts: 'U', args: [1, 1], onDuplicate: 'error', inherit: 'nearest' } as const;

const ROLES: Keywords<NonNullable<RedisServer['role']>> = [
  ['master', 'master'],
  ['slave', 'slave'],
  ['replica', 'slave'],
];

/** What a server counts by default when one is chosen to subscribe at. */
const DEFAULT_WEIGHT = 1;
const WEIGHT = /^(?<role>master|slave)=(?<weight>.*)$/s;

const PREFIX_BITS = { IPv4: 32, IPv6: 128 } as const;

/**
 * An IP address or range, with the size of its prefix.
 * @throws ValueError in Nchan's words
 */
function cidr(name: string, text: string): string {
  const fail = (what: string): never => {
    throw new ValueError(`"${name}" directive ${what}`);
  };
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const family = isIPv4(address) ? 'IPv4' : isIPv6(address) ? 'IPv6' : fail('unable to parse IP address');
  const most = PREFIX_BITS[family];
  if (slash < 0) return `${address}/${most}`;
  const bits = parseNumber(text.slice(slash + 1)) ?? fail('invalid CIDR range prefix size');
  if (bits === 0) fail('netmask size of 0 would block everything');
  if (bits > most) fail(`netmask size cannot exceed ${most} for ${family}`);
  return `${address}/${bits}`;
}

export const REDIS_UPSTREAM = [
  row({
    ...ONE,
    slot: 'redis.servers',
    names: ['nchan_redis_server'],
    args: [1, 2],
    onDuplicate: 'add',
    default: 'none',
    doc:
      'A Redis server: `redis://[user]:password@host:port/database`, `rediss://…` for TLS, or just `host:port`; also ' +
      '`unix:///path?db=0` and `redis+sentinel://host:port,host:port/master-name/database`. Repeat it for several ' +
      'servers; one server of a cluster is enough to find the others. The second word says what the server is ' +
      '(`master`, `slave` or `replica`) instead of asking it.',
    parse(call) {
      const { url } = redisUrl(call);
      const word = call.args[1];
      if (!word) return [...(call.current ?? []), { url }];
      const role = matchKeyword(ROLES, word.text);
      if (!role) throw new ValueError(`"${call.name}" directive invalid redis server role`);
      return [...(call.current ?? []), { url, role }];
    },
    notices: databaseNotices,
    conceal: concealLogin,
  }),
  row({
    ...ONE,
    slot: 'redis.username',
    names: ['nchan_redis_username'],
    default: 'none',
    doc: 'The user of an ACL; one in a URL comes first.',
    parse: ({ args }) => onlyArgument(args).text,
  }),
  row({
    ...ONE,
    slot: 'redis.password',
    names: ['nchan_redis_password'],
    default: 'none',
    doc: 'The password; one in a URL comes first.',
    parse: ({ args }) => onlyArgument(args).text,
    conceal: () => '***',
  }),
  row({
    ...ONE,
    slot: 'redis.tls',
    names: ['nchan_redis_ssl', 'nchan_redis_tls'],
    default: '`off`',
    doc: 'TLS to every server of the upstream, as `rediss://` in a URL asks for it for one.',
    parse: flag,
  }),
  row({
    ...ONE,
    slot: 'redis.tls.certificate',
    names: ['nchan_redis_ssl_client_certificate', 'nchan_redis_tls_client_certificate'],
    default: 'none',
    doc: 'A PEM file with the certificate to show.',
    parse: ({ args }) => onlyArgument(args).text,
  }),
  row({
    ...ONE,
    slot: 'redis.tls.certificateKey',
    names: ['nchan_redis_ssl_client_certificate_key'],
    default: 'none',
    doc: 'A PEM file with its key.',
    parse: ({ args }) => onlyArgument(args).text,
  }),
  row({
    ...ONE,
    slot: 'redis.tls.serverName',
    names: ['nchan_redis_ssl_server_name', 'nchan_redis_tls_server_name'],
    default: "the URL's host",
    doc: "The name that the server's certificate must have.",
    parse: ({ args }) => onlyArgument(args).text,
  }),
  row({
    ...ONE,
    slot: 'redis.tls.trustedCertificate',
    names: ['nchan_redis_ssl_trusted_certificate', 'nchan_redis_tls_trusted_certificate'],
    default: "the system's",
    doc: "A PEM file with the certificates that may have signed the server's.",
    parse: ({ args }) => onlyArgument(args).text,
  }),
  row({
    ...ONE,
    slot: 'redis.tls.trustedCertificatePath',
    names: ['nchan_redis_ssl_trusted_certificate_path', 'nchan_redis_tls_trusted_certificate_path'],
    default: "the system's",
    doc: 'A directory of such files.',
    parse: ({ args }) => onlyArgument(args).text,
  }),
  row({
    ...ONE,
    slot: 'redis.tls.ciphers',
    names: ['nchan_redis_ssl_ciphers', 'nchan_redis_tls_ciphers'],
    default: "Node's",
    doc: "The ciphers that may be used, in OpenSSL's syntax.",
    parse: ({ args }) => onlyArgument(args).text,
  }),
  row({
    ...ONE,
    slot: 'redis.tls.verify',
    names: ['nchan_redis_ssl_verify_certificate', 'nchan_redis_tls_verify_certificate'],
    default: '`on`',
    doc: "Whether the server's certificate must be good.",
    parse: flag,
  }),
  row({
    ...ONE,
    slot: 'redis.subscribeWeights',
    names: ['nchan_redis_subscribe_weights'],
    args: [1, 2],
    onDuplicate: 'add',
    default: '`master=1 slave=1`',
    doc: 'How often the master and each of its replicas is chosen to subscribe at, in relation to each other.',
    parse({ name, args, current }) {
      const weights = { master: DEFAULT_WEIGHT, slave: DEFAULT_WEIGHT, ...current };
      for (const { text } of args) {
        const { role, weight = '' } = WEIGHT.exec(text)?.groups ?? {};
        if (!role) continue;
        const number = valid(parseNumber(weight), `"${name}" directive has invalid weight for ${role}`);
        weights[role as keyof typeof weights] = number;
      }
      return weights;
    },
    notices: ({ name, args }) =>
      args
        .filter(({ text }) => !WEIGHT.test(text))
        .map(({ text }) => `"${name}": "${text}" has no effect, only master=N and slave=N have`),
  }),
  row({
    ...ONE,
    slot: 'redis.discoveredIpRangeBlacklist',
    names: ['nchan_redis_discovered_ip_range_blacklist'],
    args: [1, 7],
    onDuplicate: 'add',
    default: 'none',
    doc: 'IP addresses and ranges (`10.0.0.0/8`, `fd00::/8`): a server that is found there is not connected to.',
    parse: ({ name, args, current }) => [...(current ?? []), ...args.map(({ text }) => cidr(name, text))],
  }),
  row({
    ...ONE,
    slot: 'redis.accurateSubscriberCount',
    names: ['nchan_redis_accurate_subscriber_count'],
    default: '`off`',
    doc: 'Count only subscribers of servers that are there, at the price of a slower publish.',
    parse: flag,
  }),
  row({
    ...ONE,
    slot: 'redis.loadScriptsUnconditionally',
    names: ['nchan_redis_load_scripts_unconditionally'],
    default: '`off`',
    doc: 'Load every script at each connection, also those that Redis says it has.',
    parse: flag,
  }),
  row({
    ...ONE,
    slot: 'redis.stats',
    names: ['nchan_redis_upstream_stats_enabled'],
    default: '`on` if there is a `nchan_redis_upstream_stats`',
    doc: 'Keep the figures that `nchan_redis_upstream_stats` shows.',
    parse: flag,
  }),
  row({
    ...ONE,
    slot: 'redis.statsDisconnectedTimeoutSeconds',
    names: ['nchan_redis_upstream_stats_disconnected_timeout'],
    default: '`5m`',
    doc: 'How long to show the figures of a server that is gone.',
    parse: seconds,
  }),
];

/**
 * The URL of a Redis server as Nchan reads it (measured with 1.3.6), with what only njchan has: IPv6 addresses, unix
 * sockets and Sentinels. Users and passwords are taken as they are written, as Nchan takes them: `%` means nothing.
 */
import { isIPv6 } from 'node:net';

export interface RedisUrl {
  /** In the form that handoff/redis.ts describes. */
  readonly url: string;
  /** The same without user and password. */
  readonly shown: string;
  /** What was written for the database where it is no number: Nchan takes it for 0. */
  readonly badDatabase?: string;
}

const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26379;
const MAX_PORT = 65535;

/** The scheme may be left out for TCP. User and password end at the last `@`, since no host has one. */
const TCP =
  /^(?:(?<scheme>rediss?):\/\/|(?!.*:\/\/))(?:(?<user>[^:@]*):(?<password>.*)@)?(?<host>[^@/]+)(?:\/(?<database>.*))?$/s;
const UNIX =
  /^unix:(?:\/\/(?:(?<user>[^:@/]*):(?<password>.*)@)?)?(?<path>\/[^/?][^?]*)(?:\?db=(?<database>\d{1,9}))?$/s;
const SENTINEL =
  /^(?<scheme>rediss?\+sentinel):\/\/(?:(?<user>[^:@]*):(?<password>.*)@)?(?<hosts>[^@/]+)\/(?<master>[^/]+)(?:\/(?<database>\d{1,9}))?$/s;

const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*)|\[(?<ipv6>[^\]]+)\])(?::(?<port>\d{1,5}))?$/;

/**
 * Reads a URL.
 * @returns undefined when it is none
 */
export function parseRedisUrl(text: string): RedisUrl | undefined {
  if (text.startsWith('unix:')) return parseUnix(text);
  return /^rediss?\+sentinel:/.test(text) ? parseSentinel(text) : parseTcp(text);
}

type Groups = Readonly<Record<string, string | undefined>>;

function parseTcp(text: string): RedisUrl | undefined {
  const groups = TCP.exec(text)?.groups as Groups | undefined;
  const host = groups && withPort(groups.host ?? '', DEFAULT_PORT);
  if (!groups || host === undefined) return undefined;
  const { database = '' } = groups;
  const isNumber = /^\d{0,9}$/.test(database);
  const db = isNumber ? Number(database) : 0;
  const url = build(groups.scheme ?? 'redis', groups, `${host}${db === 0 ? '' : `/${db}`}`);
  return isNumber ? url : { ...url, badDatabase: database };
}

function parseUnix(text: string): RedisUrl | undefined {
  const groups = UNIX.exec(text)?.groups as Groups | undefined;
  if (!groups) return undefined;
  const path = (groups.path ?? '').split('/').map(encodeURIComponent).join('/');
  const db = Number(groups.database ?? 0);
  return build('unix', groups, `${path}${db === 0 ? '' : `?db=${db}`}`);
}

function parseSentinel(text: string): RedisUrl | undefined {
  const groups = SENTINEL.exec(text)?.groups as Groups | undefined;
  if (!groups) return undefined;
  const hosts = (groups.hosts ?? '').split(',').map((host) => withPort(host, DEFAULT_SENTINEL_PORT));
  if (hosts.includes(undefined)) return undefined;
  const db = Number(groups.database ?? 0);
  const master = encodeURIComponent(groups.master ?? '');
  return build(groups.scheme ?? '', groups, `${hosts.join(',')}/${master}${db === 0 ? '' : `/${db}`}`);
}

/** `host:port`, or undefined when it is none. */
function withPort(text: string, defaultPort: number): string | undefined {
  const groups = HOST.exec(text)?.groups as Groups | undefined;
  if (!groups || (groups.ipv6 !== undefined && !isIPv6(groups.ipv6))) return undefined;
  if (groups.port === undefined) return `${text}:${defaultPort}`;
  const port = Number(groups.port);
  return port > 0 && port <= MAX_PORT ? text : undefined;
}

function build(scheme: string, { user = '', password = '' }: Groups, rest: string): RedisUrl {
  const secret = password === '' ? '' : `:${encodeURIComponent(password)}`;
  const login = user === '' && secret === '' ? '' : `${encodeURIComponent(user)}${secret}@`;
  return { url: `${scheme}://${login}${rest}`, shown: `${scheme}://${rest}` };
}

/** The same server over TLS. A unix socket stays what it is: nobody can listen in on it. */
export function overTls(url: string): string {
  return url.replace(/^redis(?=:|\+)/, 'rediss');
}

/** The text of a URL, right or wrong, with stars for everything that may be a user or a password. */
export function concealLogin(text: string): string {
  return text.replace(/^([a-z+]+:\/\/)?.*@/s, '$1***@');
}

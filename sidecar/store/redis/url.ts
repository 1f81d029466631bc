/** The address of a Redis server, as users write it. */

/** Where a Redis server is and how to log in. */
export interface RedisAddress {
  /** A unix socket, or a host and a port. */
  readonly server: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** The database; undefined when the URL names none, which to Redis is 0. */
  readonly db?: number;
}

export const DEFAULT_REDIS_URL = 'redis://127.0.0.1:6379';
const DEFAULT_PORT = 6379;

/** What is wrong with the URL of a server. Its message never has a password in it. */
export class RedisUrlError extends Error {}

const FORMS =
  'write redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH, with USER:PASSWORD@ before HOST or PATH';

/** `unix://USER:PASSWORD@/path/redis.sock?db=2`, which the URL class does not take with a user. */
const UNIX_URL =
  /^unix:(?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@]*))?@)?)?(?<path>\/(?!\/)[^?#]+)(?:\?db=(?<db>\d+))?$/;

/** Percent-decodes a user name or a password. Empty ones are none. */
function decode(text: string | undefined): string | undefined {
  try {
    return decodeURIComponent(text ?? '') || undefined;
  } catch {
    throw new RedisUrlError('a % in the user, the password or the path of a Redis URL is written %25');
  }
}

/** What both kinds of URL may have; fields that one lacks are left out. */
function login(
  username: string | undefined,
  password: string | undefined,
  db: string | undefined,
): Pick<RedisAddress, 'username' | 'password' | 'db'> {
  const fields = { username: decode(username), password: decode(password), db: db ? Number(db) : undefined };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function parseUnix(url: string): RedisAddress {
  const groups = UNIX_URL.exec(url)?.groups;
  if (!groups) throw new RedisUrlError('a unix socket is written unix:///PATH or unix:///PATH?db=NUMBER');
  const { user, password, path = '', db } = groups;
  return { server: { path: decode(path) ?? '' }, tls: false, ...login(user, password, db) };
}

/**
 * Reads the URL of a Redis server: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]`, `rediss://` for TLS, or
 * `unix://[[USER]:PASSWORD@]/PATH[?db=DB]`. User and password are percent-decoded.
 * @throws RedisUrlError
 */
export function parseRedisUrl(url: string): RedisAddress {
  if (/^unix:/i.test(url)) return parseUnix(url.replace(/^unix:/i, 'unix:'));
  const tls = /^rediss:\/\//i.test(url);
  if (!tls && !/^redis:\/\//i.test(url))
    throw new RedisUrlError(`this is no URL of a Redis server; ${FORMS}`);
  const parsed = readUrl(url);
  // What follows an unescaped / ? or # in a password arrives here.
  const db = /^\/?(\d*)$/.exec(parsed.pathname)?.[1];
  if (db === undefined || parsed.search !== '' || parsed.hash !== '') {
    throw new RedisUrlError(
      'only the number of a database may follow the host of a Redis URL; in a password, write / as %2F, ? as %3F, # as %23',
    );
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const server = { host, port: Number(parsed.port || DEFAULT_PORT) };
  return { server, tls, ...login(parsed.username, parsed.password, db) };
}

/** Where Sentinels are, and which master they are to be asked for. */
export interface SentinelAddress {
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** The name that they know the master by. */
  readonly master: string;
  /** For connections to both Sentinels and servers. */
  readonly tls: boolean;
  /** Of the servers. Sentinels get them only when they ask for a password. */
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
}

const DEFAULT_SENTINEL_PORT = 26379;

const SENTINEL_URL =
  /^(?<scheme>rediss?)\+sentinel:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^@/?#]+)\/(?<master>[^/?#]+)(?:\/(?<db>\d+))?$/i;

/** A host, with the brackets of an IPv6 address around it, and perhaps a port. */
const SENTINEL_HOST = /^(?:\[(?<ipv6>[\da-f:.]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d+))?$/i;

/** True for a URL that names Sentinels in place of a server. */
export function isSentinelUrl(url: string): boolean {
  return /^rediss?\+sentinel:/i.test(url);
}

/**
 * Reads `redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/MASTER[/DB]`, or `rediss+sentinel://` for TLS.
 * User, password and the master's name are percent-decoded.
 * @throws RedisUrlError
 */
export function parseSentinelUrl(url: string): SentinelAddress {
  const groups = SENTINEL_URL.exec(url)?.groups;
  const hosts = groups?.hosts?.split(',').map((host) => SENTINEL_HOST.exec(host)?.groups);
  if (!groups || !hosts || hosts.includes(undefined)) {
    throw new RedisUrlError(
      'Sentinels are written redis+sentinel://HOST:PORT,HOST:PORT/MASTER, with USER:PASSWORD@ of the servers before HOST',
    );
  }
  return {
    sentinels: hosts.map((host) => ({
      host: (host?.ipv6 ?? host?.name)!,
      port: Number(host?.port ?? DEFAULT_SENTINEL_PORT),
    })),
    master: decode(groups.master)!,
    tls: /^rediss/i.test(groups.scheme!),
    ...login(groups.user, groups.password, groups.db),
  };
}

/** The class's own error would quote the URL, password and all. */
function readUrl(url: string): URL {
  try {
    const parsed = new URL(url);
    if (parsed.hostname !== '') return parsed;
  } catch {
    // Said below.
  }
  throw new RedisUrlError(`the URL of the Redis server cannot be read; ${FORMS}`);
}

/** The address as messages name it: without user and password. */
export function describeAddress({ server, tls, db }: RedisAddress): string {
  if ('path' in server) return `unix://${server.path}${db === undefined ? '' : `?db=${db}`}`;
  const name = server.host.includes(':') ? `[${server.host}]` : server.host;
  return `${tls ? 'rediss' : 'redis'}://${name}:${server.port}${db === undefined ? '' : `/${db}`}`;
}

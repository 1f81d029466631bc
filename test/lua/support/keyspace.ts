/** What is in a Redis, for comparing. Keys and values are strings of bytes: one character, U+0000 to U+00FF, a byte. */
import type { Redis } from 'ioredis';

export type RedisValue = string | readonly string[] | Readonly<Record<string, string>>;

export interface Entry {
  readonly type: string;
  readonly value: RedisValue;
  /** Milliseconds that the key has left to live; -1 for ever. */
  readonly pttl: number;
}

/** By key, sorted. Fields of hashes and members of sets are sorted too, because their order means nothing. */
export type Keyspace = Readonly<Record<string, Entry>>;

/** Two runs of the same do not meet the same millisecond. */
const TTL_TOLERANCE_MS = 1000;

const bytes = (value: unknown) => (value as Buffer).toString('latin1');
const list = (value: unknown) => (value as Buffer[]).map(bytes);

function pairs(value: unknown): Record<string, string> {
  const flat = list(value);
  const entries = flat.flatMap((field, i) => (i % 2 === 0 ? [[field, flat[i + 1] ?? '']] : []));
  return Object.fromEntries(entries.sort());
}

/** How values of each type are read. */
const READERS: Record<string, { command: readonly string[]; read: (reply: unknown) => RedisValue }> = {
  string: { command: ['GET'], read: bytes },
  list: { command: ['LRANGE', '0', '-1'], read: list },
  set: { command: ['SMEMBERS'], read: (reply) => list(reply).sort() },
  hash: { command: ['HGETALL'], read: pairs },
};

/**
 * What is in the client's database.
 * @param pattern - of the keys, as Redis's KEYS has it; default: everything
 */
export async function dumpKeyspace(redis: Redis, pattern = '*'): Promise<Keyspace> {
  const found = (await redis.callBuffer('KEYS', Buffer.from(pattern, 'latin1'))) as Buffer[];
  const keys = found.sort(Buffer.compare);
  const entries = await Promise.all(
    keys.map(async (key): Promise<[string, Entry] | undefined> => {
      const [type, pttl] = await Promise.all([redis.type(key), redis.pttl(key)]);
      if (type === 'none') return undefined; // it expired just now
      const reader = READERS[type];
      if (!reader) throw new Error(`${bytes(key)} is a ${type}, which no script should make`);
      const [command = '', ...args] = reader.command;
      return [bytes(key), { type, value: reader.read(await redis.callBuffer(command, key, ...args)), pttl }];
    }),
  );
  return Object.fromEntries(entries.filter((entry) => entry !== undefined));
}

/**
 * The keyspaces as they should be compared by `expect`: times to live that are as good as equal become the same.
 * @returns `first` unchanged, and `second` with those of its times to live that are within a second of `first`'s
 */
export function comparable(first: Keyspace, second: Keyspace): [Keyspace, Keyspace] {
  const aligned = Object.entries(second).map(([key, entry]): [string, Entry] => {
    const pttl = first[key]?.pttl ?? entry.pttl;
    const forEver = pttl < 0 || entry.pttl < 0;
    const close = !forEver && Math.abs(pttl - entry.pttl) <= TTL_TOLERANCE_MS;
    return [key, close ? { ...entry, pttl } : entry];
  });
  return [first, Object.fromEntries(aligned)];
}

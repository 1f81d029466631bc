/** Where our scripts leave something else than Nchan's, on purpose. */
import type { Redis } from 'ioredis';
import type { Entry, Keyspace } from '../support/keyspace.ts';

type Rewrite = (key: string, entry: Entry, all: Keyspace) => Entry | undefined;

/** One of the wanted differences in keys. */
interface Difference {
  readonly nchan: string;
  readonly njchan: string;
  readonly why: string;
  /** Gives an entry of either side as it is compared; undefined when it is not. */
  readonly compared: Rewrite;
}

type Fields = Readonly<Record<string, string>>;

const HEAD = /^.*\{channel:[^}]*\}/;

function isOrphan(key: string, all: Keyspace): boolean {
  const head = HEAD.exec(key)?.[0];
  return head !== undefined && !Object.hasOwn(all, head);
}

/** The list of a channel's messages without the oldest ones that are gone; undefined when none is left. */
function living(key: string, entry: Entry, all: Keyspace): Entry | undefined {
  const head = key.slice(0, -':messages'.length);
  const ids = entry.value as readonly string[];
  const oldest = ids.findLastIndex((id) => Object.hasOwn(all, `${head}:msg:${id}`));
  return oldest < 0 ? undefined : { ...entry, value: ids.slice(0, oldest + 1) };
}

function asLongAsHead(key: string, entry: Entry, all: Keyspace): Entry {
  const head = all[HEAD.exec(key)?.[0] ?? ''];
  return key.endsWith(':messages') && entry.pttl === -1 && head ? { ...entry, pttl: head.pttl } : entry;
}

function without(entry: Entry, ...fields: readonly string[]): Entry {
  const value = Object.entries(entry.value).filter(([field]) => !fields.includes(field));
  return { ...entry, value: Object.fromEntries(value) };
}

/** Messages, and the head, without what they tell about a message before that is gone. */
function withoutLostPredecessor(key: string, entry: Entry, all: Keyspace): Entry {
  const head = HEAD.exec(key)?.[0] ?? '';
  const isThere = (id: string | undefined) => Object.hasOwn(all, `${head}:msg:${id}`);
  const fieldsOf = (id: string | undefined) => all[`${head}:msg:${id}`]?.value as Fields | undefined;
  const fields = entry.value as Fields;
  if (key.startsWith(`${head}:msg:`) && !isThere(fields.prev)) {
    return without(entry, 'prev', 'prev_time', 'prev_tag');
  }
  if (key === head && !isThere(fieldsOf(fields.current_message)?.prev)) return without(entry, 'prev_message');
  return entry;
}

export const DIFFERENCES: Record<string, Difference> = {
  'redis-lost-counts': {
    nchan: 'subscribers that leave a channel which is not there leave a count of less than nobody, for 60 ms',
    njchan: 'leaves nothing',
    why: 'nobody may read it',
    compared: (key, entry, all) =>
      key.endsWith(':subscriber_counts') && isOrphan(key, all) ? undefined : entry,
  },
  'redis-tombstone': {
    nchan: 'the tombstone of a deleted channel is 1',
    njchan: 'it is the id of the last message',
    why: 'ids after the deletion go on from there, so that clients that resume miss nothing',
    compared: (key, entry) => (key.endsWith(':deleted') ? { ...entry, value: '' } : entry),
  },
  'redis-late-entries': {
    nchan: 'the list of messages loses the entries of expired messages with each publish',
    njchan: 'with the first publish of a second',
    why: 'messages expire seconds after they were published: looking for them every time found none',
    compared: (key, entry, all) => (key.endsWith(':messages') ? living(key, entry, all) : entry),
  },
  'redis-immortal-list': {
    nchan: 'a list of messages that is made after the head has got its time to live never expires',
    njchan: 'it lives as long as the head',
    why: 'it would stay in Redis for ever',
    compared: asLongAsHead,
  },
  'redis-expired-predecessor': {
    nchan: 'a message that is published when the one before it has expired names that one',
    njchan: 'it says that there is none before it, as its announcement says in both',
    why: 'whoever asks for the one before finds nothing',
    compared: withoutLostPredecessor,
  },
};

/** A keyspace of either side as it should be equal to the other's. */
export function withoutWantedDifferences(keyspace: Keyspace): Keyspace {
  let entries = Object.entries(keyspace);
  for (const { compared } of Object.values(DIFFERENCES)) {
    entries = entries.flatMap(([key, entry]): [string, Entry][] => {
      const changed = compared(key, entry, keyspace);
      return changed ? [[key, changed]] : [];
    });
  }
  return Object.fromEntries(entries);
}

/**
 * Takes away what would make the sides go apart later: tombstones, and what outlived its channel. It is as if their
 * time had come.
 */
export async function settle(redis: Redis, keyspace: Keyspace): Promise<void> {
  const gone = Object.keys(keyspace).filter((key) => key.endsWith(':deleted') || isOrphan(key, keyspace));
  if (gone.length > 0) await redis.del(...gone.map((key) => Buffer.from(key, 'latin1')));
}

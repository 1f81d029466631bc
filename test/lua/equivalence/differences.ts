/** Where our scripts leave something else than Nchan's, on purpose. */
import type { Redis } from 'ioredis';
import type { Entry, Keyspace } from '../support/keyspace.ts';

type Rewrite = (key: string, entry: Entry, all: Keyspace) => Entry | undefined;

/** One of the wanted differences; differences.test.ts shows each of them. */
interface Difference {
  readonly nchan: string;
  readonly njchan: string;
  readonly why: string;
  /**
   * For a difference in keys: gives an entry of either side as it is compared; undefined when it is not. Other
   * differences are kept out by `comparable` and `expected` in operations.ts.
   */
  readonly compared?: Rewrite;
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

/** What the fields of a head begin with that tell of the servers that are registered. */
export const REGISTERED = 'registered:';

function withoutRegistrations(key: string, entry: Entry): Entry {
  if (HEAD.exec(key)?.[0] !== key) return entry;
  return without(entry, ...Object.keys(entry.value).filter((field) => field.startsWith(REGISTERED)));
}

export const DIFFERENCES = {
  'redis-lost-counts': {
    nchan: 'subscribers that leave a channel which is not there leave a count below nobody, for 60 ms',
    njchan: 'they leave nothing',
    why: 'nobody may read it',
    compared: (key, entry, all) =>
      key.endsWith(':subscriber_counts') && isOrphan(key, all) ? undefined : entry,
  },
  'redis-tombstone': {
    nchan: 'the tombstone of a deleted channel is 1; ids begin anew in the same second',
    njchan: 'it is the id of the last message, after which ids go on',
    why: 'clients that resume miss nothing',
    compared: (key, entry) => (key.endsWith(':deleted') ? { ...entry, value: '' } : entry),
  },
  'redis-late-entries': {
    nchan: 'each publish takes the entries of expired messages from the end of the list',
    njchan: 'only the first one of a second does',
    why: 'messages live for seconds at least: the others would look for nothing',
    compared: (key, entry, all) => (key.endsWith(':messages') ? living(key, entry, all) : entry),
  },
  'redis-immortal-list': {
    nchan: 'a list of messages that is made after the head has got its time to live never expires',
    njchan: 'it lives as long as the head',
    why: 'it would stay in Redis for ever',
    compared: asLongAsHead,
  },
  'redis-expired-predecessor': {
    nchan:
      'a message that is published when the one before it has expired names that one, without time and tag',
    njchan: 'it says that there is none before it, as the announcements of both say',
    why: 'whoever asks for the one before finds nothing',
    compared: withoutLostPredecessor,
  },
  'redis-orphans': {
    nchan:
      'unbuffered messages that outlive a deleted channel make publishing to it fail when their id comes again',
    njchan: 'publishing goes on',
    why: 'nothing is lost',
  },
  'redis-below-nobody': {
    nchan: 'counts fall below zero; unregistering then is an error that has changed the count',
    njchan: 'counts stop at zero',
    why: 'after a restart of Redis, servers take back what it does not know of',
  },
  'redis-lost-registration': {
    nchan:
      'a server that registers again at a channel which was lost is not counted, and not told to keep it alive',
    njchan: 'it is counted anew',
    why: 'otherwise the channel expires under its subscribers',
  },
  'redis-registered': {
    nchan:
      'a channel knows how many servers are registered, but not which: one that takes its registration back late, after a deletion, takes that of another server',
    njchan: 'it also knows which of those of njchan are; who is not registered takes nothing back',
    why: 'the channel lives as long as somebody is there',
    compared: withoutRegistrations,
  },
  'redis-register-reply': {
    nchan:
      'registering replies when the channel would expire, if messages keep it longer than the server asked',
    njchan: 'it replies what the server asked for',
    why: 'the next keepalive tells the rest',
  },
  'redis-gone': {
    nchan: 'reading after an id whose message or next one is gone is 404',
    njchan: 'it is the next message that is there, or 418',
    why: 'a client that resumes late goes on with what there is',
  },
  'redis-unbuffered': {
    nchan: 'reading one message after the other finds unbuffered ones too',
    njchan: 'only for subscribers that were there when they were published',
    why: 'no buffer means no later delivery, as in memory',
  },
  'redis-deleted-count': {
    nchan: 'deleting counts messages that have expired',
    njchan: 'it does not',
    why: 'the count is true',
  },
  'redis-nostore-count': {
    nchan: 'publishing without a store counts no subscribers where only servers are counted',
    njchan: 'it counts servers then, as everywhere else',
    why: 'the answer is 201 when somebody listens',
  },
  'redis-accurate-find': {
    nchan: '1.3.6 does not count accurately in the information on a channel',
    njchan: 'it does, as 1.3.7',
    why: 'the setting says so',
  },
  'redis-percent': {
    nchan: 'a channel with % in its id cannot be published to: 500',
    njchan: 'it can',
    why: 'nobody can tell from the outside why not',
  },
  'redis-content-type': {
    nchan: 'a content type with a colon cannot be published: 500',
    njchan: 'it can; servers of Nchan deliver it too',
    why: 'RFC 9110 has no such limit',
  },
  'redis-tags': {
    nchan: 'tags run on beyond 32,767, which clients cannot send back',
    njchan: 'ids run on into the next second',
    why: 'as in memory',
  },
  'redis-arguments': {
    nchan: 'some wrong arguments are taken, and others stop a script half-way',
    njchan: 'all are refused before anything is changed',
    why: 'a mistake in one place does not spoil what all share',
  },
  'redis-shards': {
    nchan:
      'in a cluster deletions and requests for subscriber information reach nobody who listens to shards',
    njchan: 'they are announced both ways',
    why: 'deleting ends subscribers there too',
  },
} satisfies Record<string, Difference>;

const REWRITES = Object.values<Difference>(DIFFERENCES).flatMap(({ compared }) => compared ?? []);

/** A keyspace of either side as it should be equal to the other's. */
export function withoutWantedDifferences(keyspace: Keyspace): Keyspace {
  let entries = Object.entries(keyspace);
  for (const compared of REWRITES) {
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

/** The stores of a process: memory, and one for each way in which locations use Redis. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisConfig, RedisLocationSettings, RedisUpstream } from '../../handoff/redis.ts';
import { ScriptError } from '../../lua/script-error.ts';
import { WorkQueue } from '../fanout/work-queue.ts';
import { type Logger, logFault } from '../log.ts';
import { Recurrences } from '../recurrences.ts';
import type { DeflateSettings } from '../websocket/deflate.ts';
import { deleteGroup } from './group-deletion.ts';
import { Groups } from './groups.ts';
import { MemoryStore, type MemoryStoreOptions } from './memory/memory-store.ts';
import { BackupStore } from './redis/backup-store.ts';
import { sayFarewells } from './redis/farewells.ts';
import {
  type LinkEvents,
  type LinkStats,
  RedisForbiddenError,
  type RedisLink,
  type ShutdownCall,
} from './redis/link.ts';
import { pastLimiter } from './redis/redis-past.ts';
import { RedisStore, type RedisStoreSettings } from './redis/redis-store.ts';
import { SubscriberCounts } from './redis/subscriber-counts.ts';
import type { Store, StoreSize, StoreTotals } from './store.ts';

/** Milliseconds that an upstream which the configuration has no more may take to hear of it. */
const LEAVE_DEADLINE_MS = 5000;

/** Connects to an upstream. */
export type LinkFactory = (upstream: RedisUpstream, name: string, events: LinkEvents) => RedisLink;

/** The figures of an upstream's connections, and how it is. */
export interface UpstreamStats extends LinkStats {
  readonly available: boolean;
  /** Channels in it can be used, with Redis or, in backup mode, without. */
  readonly usable: boolean;
}

interface Upstream {
  /** To see whether a reload changed it. */
  readonly text: string;
  readonly settings: RedisStoreSettings;
  /** Its connections count commands. */
  readonly counts: boolean;
  readonly link: RedisLink;
  readonly subscribers: SubscriberCounts;
  readonly pastLimiter: ReturnType<typeof pastLimiter>;
  /** By what their locations say. */
  readonly stores: Map<string, RedisStore | BackupStore>;
  /** The same by the settings that asked for them: they are parsed once for many requests. */
  readonly bySettings: WeakMap<RedisLocationSettings, RedisStore | BackupStore>;
}

/** What a location says about Redis, apart from the upstream. */
const LOCATION_KEYS = [
  'redisStorageMode',
  'redisNamespace',
  'redisNostoreFastpublish',
  'redisIdleChannelCacheTimeout',
  'channelTimeout',
] as const satisfies (keyof RedisLocationSettings)[];

/** What becomes of messages of Redis that have no room in nchan_shared_memory_size, by the storage mode. */
const CROWDED: Record<RedisLocationSettings['redisStorageMode'], string> = {
  distributed: 'who asks for them gets them from Redis, which takes longer',
  nostore: 'who comes later gets fewer of them',
  backup: 'the oldest that Redis has are not there for subscribers',
};

export class Stores {
  readonly memory: MemoryStore;
  /** Of all stores. */
  readonly groups: Groups;
  /** What each store's memory is made with. */
  readonly #memoryOptions: { -readonly [K in keyof MemoryStoreOptions]: MemoryStoreOptions[K] };
  readonly #log: Logger;
  readonly #createLink: LinkFactory;
  readonly #asked: (store: Store, channel: string, request: number) => void;
  readonly #faults = new Recurrences();
  readonly #deletions = new WorkQueue();
  readonly #upstreams = new Map<string, Upstream>();

  /** @param asked some server that shares a store wants to know who subscribes to one of its channels here */
  constructor(
    memoryOptions: MemoryStoreOptions,
    log: Logger,
    createLink: LinkFactory,
    asked: (store: Store, channel: string, request: number) => void = () => {},
  ) {
    this.#asked = asked;
    this.#log = log;
    this.groups = new Groups({ forgotten: (name) => this.#groupForgotten(name) });
    this.#memoryOptions = { ...memoryOptions, groups: this.groups };
    this.memory = new MemoryStore(this.#memoryOptions);
    this.#createLink = createLink;
  }

  /**
   * Connects to the upstreams of a configuration. Those that it no longer has, or has otherwise, are left: their
   * subscribers are ended, and come again.
   */
  async configure(redis: RedisConfig | undefined): Promise<void> {
    const upstreams = Object.entries(redis?.upstreams ?? {});
    const texts = new Map(upstreams.map(([name, upstream]) => [name, JSON.stringify([redis, upstream])]));
    const leaving = [...this.#upstreams].filter(([name, { text }]) => texts.get(name) !== text);
    for (const [name] of leaving) this.#upstreams.delete(name);
    for (const [name, upstream] of upstreams) {
      if (!this.#upstreams.has(name))
        this.#connect(name, upstream, redis as RedisConfig, texts.get(name) as string);
    }
    await Promise.all(leaving.map(([, upstream]) => leave(upstream)));
  }

  /**
   * The store that a location's settings ask for.
   * @throws Error when the configuration has no such upstream: the gateway has another one.
   */
  of(settings: RedisLocationSettings & DeflateSettings): Store {
    if (settings.redisUpstream === '') return this.memory;
    const upstream = this.#upstreams.get(settings.redisUpstream);
    if (!upstream)
      throw new Error(`the sidecar's configuration has no Redis upstream "${settings.redisUpstream}"`);
    let store = upstream.bySettings.get(settings);
    if (!store) {
      const key = LOCATION_KEYS.map((name) => settings[name]).join(' ');
      store = upstream.stores.get(key) ?? this.#newStore(upstream, settings);
      upstream.stores.set(key, store);
      upstream.bySettings.set(settings, store);
    }
    store.deflater.settings = settings;
    return store;
  }

  /** Deletes every channel of a group that this process has; resolves when that is done. */
  async deleteGroup(name: string): Promise<void> {
    const { channels, messages } = this.groups.figures(name);
    const messagesEach = channels > 0 ? messages / channels : 0;
    await Promise.all(
      [this.memory, ...this.#redisStores()].map((store) =>
        deleteGroup(store, name, messagesEach, this.#deletions),
      ),
    );
  }

  #groupForgotten(group: string): void {
    const more = this.#faults.met('group limits');
    if (more === undefined) return;
    const what = `the limits of a group without channels were forgotten${more}`;
    logFault(this.#log, 'NJ-GROUP-FORGOTTEN', what, { group });
  }

  /** Changes the bytes that each store may hold; what is stored stays. */
  setLimit(limitBytes: number): void {
    this.#memoryOptions.limitBytes = limitBytes;
    this.memory.setLimit(limitBytes);
    for (const store of this.#redisStores()) store.setLimit(limitBytes);
  }

  /** Over all stores. */
  totals(): StoreTotals {
    const all = [this.memory, ...this.#redisStores()].map((store) => store.totals());
    const sum = (key: keyof StoreTotals): number => all.reduce((total, totals) => total + totals[key], 0);
    return {
      channels: sum('channels'),
      subscribers: sum('subscribers'),
      messages: sum('messages'),
      bytes: sum('bytes'),
    };
  }

  /** What all stores hold together. */
  size(): StoreSize {
    const size = { channels: 0, lists: 0, messages: 0, bytes: 0 };
    for (const store of [this.memory, ...this.#redisStores()]) {
      const own = store.size;
      size.channels += own.channels;
      size.lists += own.lists;
      size.messages += own.messages;
      size.bytes += own.bytes;
    }
    return size;
  }

  /** Of each upstream's connections, by its name. */
  linkStats(): Map<string, UpstreamStats> {
    return new Map(
      Array.from(this.#upstreams, ([name, { link, stores }]) => [
        name,
        {
          ...link.stats(),
          available: link.available,
          usable:
            link.available || (stores.size > 0 && [...stores.values()].every((store) => store.available)),
        },
      ]),
    );
  }

  /** Of one upstream's connections; 'off' where commands are not counted, undefined when there is no such upstream. */
  upstreamStats(name: string): LinkStats | 'off' | undefined {
    const upstream = this.#upstreams.get(name);
    return upstream && (upstream.counts ? upstream.link.stats() : 'off');
  }

  /**
   * Tells each Redis, after `close`, that nobody subscribes here any more. What is not answered in time is left to
   * `sayFarewell`.
   */
  async leave(deadlineMs: number): Promise<void> {
    await Promise.all(
      Array.from(this.#upstreams.values(), (upstream) => tellFarewells(upstream, deadlineMs)),
    );
  }

  /** Tells each Redis, at once, that nobody subscribes here any more; for the end of the process. */
  sayFarewell(deadlineMs: number): void {
    const end = performance.now() + deadlineMs;
    const left = (): number => end - performance.now();
    const waits = Array.from(this.#upstreams.values(), (upstream) => {
      const farewells = farewellsOf(upstream);
      return farewells.length > 0 ? upstream.link.startAtShutdown(farewells, left()) : undefined;
    });
    for (const wait of waits) wait?.(left());
  }

  /** Ends all subscribers. */
  async close(): Promise<void> {
    await Promise.all([this.memory, ...this.#redisStores()].map((store) => store.close()));
  }

  *#redisStores(): Iterable<RedisStore | BackupStore> {
    for (const { stores } of this.#upstreams.values()) yield* stores.values();
  }

  #connect(name: string, upstream: RedisUpstream, redis: RedisConfig, text: string): void {
    const stores: Upstream['stores'] = new Map();
    const each = (action: (store: RedisStore) => void): void => {
      for (const store of stores.values()) if (store instanceof RedisStore) action(store);
    };
    const link = this.#createLink(upstream, name, {
      announced: (pubsub, announcement) => each((store) => store.announced(pubsub, announcement)),
      listening: (pubsub) => each((store) => store.listening(pubsub)),
      available: () => {
        each((store) => store.cameBack());
        subscribers.sendAgain();
      },
      unavailable: () => {},
    });
    const { fakesubIntervalMs, publishCutoffBytes } = redis;
    const subscribers = new SubscriberCounts(link, fakesubIntervalMs, (channel, error) =>
      this.#tell(name, channel, error),
    );
    this.#upstreams.set(name, {
      text,
      counts: upstream.stats,
      settings: { ...upstream, fakesubIntervalMs, publishCutoffBytes } as unknown as RedisStoreSettings,
      link,
      subscribers,
      pastLimiter: pastLimiter(),
      stores,
      bySettings: new WeakMap(),
    });
  }

  #tell(upstream: string, channel: string, error: unknown): void {
    const { message } = error as Error;
    const hasKind = error instanceof ScriptError || error instanceof RedisForbiddenError;
    const kind = hasKind ? error.kind : message;
    const more = this.#faults.met(`${upstream} ${kind}`);
    if (more === undefined) return;
    const about = { upstream, channel, err: error };
    const code = error instanceof RedisForbiddenError ? 'NJ-REDIS-FORBIDDEN' : 'NJ-REDIS-CHANNEL';
    logFault(this.#log, code, `a channel in Redis failed: ${message}${more}`, about);
  }

  #tellCrowded({ redisUpstream: upstream, redisStorageMode }: RedisLocationSettings): void {
    const more = this.#faults.met(`${upstream} ${redisStorageMode} crowded`);
    if (more === undefined) return;
    const what = `no room for copies of messages in nchan_shared_memory_size: ${CROWDED[redisStorageMode]}`;
    logFault(this.#log, 'NJ-REDIS-COPIES', `${what}${more}`, { upstream });
  }

  #newStore(
    { settings, link, subscribers, pastLimiter }: Upstream,
    location: RedisLocationSettings,
  ): RedisStore | BackupStore {
    const own = { ...settings, ...location };
    const fault = (channel: string, error: unknown): void =>
      this.#tell(location.redisUpstream, channel, error);
    const memory = {
      ...this.#memoryOptions,
      crowded: () => this.#tellCrowded(location),
    };
    if (location.redisStorageMode === 'backup') {
      return new BackupStore(
        own,
        link,
        (forgotten) => new MemoryStore({ ...memory, forgotten, remembered: true }),
        fault,
      );
    }
    const store: RedisStore = new RedisStore(
      own,
      link,
      new MemoryStore(memory),
      fault,
      subscribers,
      pastLimiter,
      (channel, request) => this.#asked(store, channel, request),
    );
    return store;
  }
}

/** What Redis must be told before an upstream is left, what matters most first. */
function farewellsOf({ subscribers, stores }: Upstream): ShutdownCall[] {
  return [...subscribers.farewells(), ...[...stores.values()].flatMap((store) => store.farewells())];
}

/** Redis is told that nobody subscribes here any more, if it is there to listen. */
async function tellFarewells(upstream: Upstream, deadlineMs: number): Promise<void> {
  const told = sayFarewells(upstream.link, farewellsOf(upstream));
  await Promise.race([told, sleep(deadlineMs, undefined, { ref: false })]);
}

/** Leaves an upstream for good. */
async function leave(upstream: Upstream): Promise<void> {
  const { link, stores } = upstream;
  await Promise.all([...stores.values()].map((store) => store.close()));
  await tellFarewells(upstream, LEAVE_DEADLINE_MS);
  await link.close();
  await Promise.all([...stores.values()].map((store) => store.drop()));
}

/**
 * nchan_redis_storage_mode backup: this process's memory is what counts, and Redis has a copy of it that outlives the
 * process (spec/redis-store.md §7). Only the first use of a channel waits for Redis, to read what it has.
 */

import { scripts } from '../../../lua/scripts.generated.ts';
import { after } from '../../timers.ts';
import type { Groups } from '../groups.ts';
import type { MemoryStore } from '../memory/memory-store.ts';
import type { Delivery, MessageDraft } from '../message.ts';
import type {
  BufferLimits,
  ChannelInfo,
  ListInfo,
  Sink,
  Start,
  Store,
  StoreSize,
  StoreTotals,
  Subscription,
} from '../store.ts';
import type { RedisMessage } from './announcement.ts';
import { Arrivals } from './arrivals.ts';
import { channelKeys } from './channel-keys.ts';
import { StoredMirror } from './channel-mirror.ts';
import { Deflater } from './deflater.ts';
import { Limiter } from './limiter.ts';
import { type RedisLink, RedisUnavailableError, type ShutdownCall } from './link.ts';
import { readMessages } from './message-reader.ts';
import { Newest } from './newest.ts';
import { storeArguments } from './publish-arguments.ts';
import type { RedisStoreSettings } from './redis-store.ts';
import { Registration, type RegistrationSettings, registrationSettings } from './registration.ts';
import { RemoteSubscription } from './remote-subscription.ts';
import { parseFigures } from './replies.ts';

/** Milliseconds until what failed for a channel is tried again. */
const RETRY_MS = 5000;

/** Channels that are read at a time: of each there may be as much on its way as memory may hold. */
const MAX_READING = 16;

/** A channel that memory has. */
interface BackedUp {
  loaded: Promise<void>;
  isLoaded: boolean;
  /** What Redis has of it is here. */
  isRead: boolean;
  /** When that failed last, in milliseconds of performance.now. */
  triedAtMs: number;
  retryTimer: NodeJS.Timeout | undefined;
  readonly registration: Registration;
}

export class BackupStore implements Store {
  /** Subscribers and publishers can do without Redis. */
  readonly available = true;
  readonly deflater = new Deflater();
  readonly #settings: RedisStoreSettings;
  readonly #link: RedisLink;
  readonly #local: MemoryStore;
  readonly #arrivals: Arrivals;
  readonly #fault: (channel: string, error: unknown) => void;
  readonly #channels = new Map<string, BackedUp>();
  readonly #registration: RegistrationSettings;
  #wasAvailable = false;
  /** What reads channels. */
  readonly #reading = new Limiter<() => Promise<void>>({ max: MAX_READING, run: (read) => read() });

  /**
   * @param makeLocal makes the memory; what it is given is called with each channel that it forgets.
   * @param fault takes what went wrong with the copy.
   */
  constructor(
    settings: RedisStoreSettings,
    link: RedisLink,
    makeLocal: (forgotten: (name: string) => void) => MemoryStore,
    fault: (channel: string, error: unknown) => void,
  ) {
    this.#settings = settings;
    this.#registration = registrationSettings(settings);
    this.#link = link;
    this.#local = makeLocal((name) => void this.#forgotten(name));
    this.#arrivals = new Arrivals(this.#local.groups);
    this.#fault = fault;
  }

  get channels(): Store['channels'] {
    return this.#channels;
  }

  get groups(): Groups {
    return this.#local.groups;
  }

  async publish(name: string, draft: MessageDraft, limits: BufferLimits): Promise<ChannelInfo> {
    const channel = this.#obtain(name);
    if (!channel.isLoaded) await channel.loaded;
    const info = await this.#local.publish(name, draft, limits);
    const { head } = this.#keys(name);
    const { time, tag } = info.lastMessageId;
    // Clients get the same ids before and after a restart; only where servers share the channel may the copy's be others.
    const args = [
      ...storeArguments(draft, limits, this.#link, this.#settings.publishCutoffBytes, '0'),
      `${time}:${tag}`,
    ];
    this.#copy(name, this.#link.run(scripts.publish, [head], args, { repeatable: false }));
    return info;
  }

  async info(name: string): Promise<ChannelInfo | undefined> {
    const info = await this.#local.info(name);
    if (info || !this.#link.available) return info;
    const { head } = this.#keys(name);
    return parseFigures(await this.#link.run(scripts.find_channel, [head], ['0'], { repeatable: true }));
  }

  async delete(name: string): Promise<ChannelInfo | undefined> {
    const isNew = !this.#channels.has(name);
    const channel = this.#obtain(name);
    if (!channel.isLoaded) await channel.loaded;
    const { head, id } = this.#keys(name);
    const args = [id, this.#link.publishCommand, '0'];
    this.#copy(name, this.#link.run(scripts.delete, [head], args, { repeatable: true }));
    channel.registration.forget();
    const info = await this.#local.delete(name);
    // It is only kept for whoever comes next.
    return isNew && info?.messages === 0 ? undefined : info;
  }

  subscribe(names: readonly string[], start: Start, sink: Sink): Subscription {
    const channels = names.map((name) => this.#obtain(name));
    const arrived = this.#arrivals.add(names);
    const subscription = new RemoteSubscription(
      sink,
      (own) => {
        arrived();
        return this.#local.subscribe(names, start, own);
      },
      arrived,
    );
    if (channels.every(({ isLoaded }) => isLoaded)) subscription.begin();
    else {
      void Promise.all(channels.map(({ loaded }) => loaded)).then(() => {
        try {
          subscription.begin();
        } catch (error) {
          this.#fault(names.join(','), error);
          subscription.end('fault');
        }
      });
    }
    return subscription;
  }

  async read(names: readonly string[], start: Start, limit: number, limitBytes: number): Promise<Delivery[]> {
    await Promise.all(names.map((name) => this.#obtain(name).loaded));
    return this.#local.read(names, start, limit, limitBytes);
  }

  listInfo(names: readonly string[]): Promise<ListInfo | undefined> {
    return this.#local.listInfo(names);
  }

  subscribersHere(names: readonly string[]): number {
    return this.#local.subscribersHere(names) + this.#arrivals.count(names);
  }

  newChannels(names: readonly string[]): number {
    return this.#local.newChannels(names);
  }

  sinks(name: string): Sink[] {
    return this.#local.sinks(name);
  }

  /** Changes the bytes that the local copies may take. */
  setLimit(limitBytes: number): void {
    this.#local.setLimit(limitBytes);
  }

  get size(): StoreSize {
    return this.#local.size;
  }

  totals(): StoreTotals {
    return this.#local.totals();
  }

  /** What Redis must be told before the process ends. */
  farewells(): ShutdownCall[] {
    const calls = Array.from(this.#channels.values(), ({ registration }) => registration.farewell());
    return calls.filter((call) => call !== undefined);
  }

  async close(): Promise<void> {
    for (const { registration, retryTimer } of this.#channels.values()) {
      registration.stop();
      clearTimeout(retryTimer);
    }
    await this.#local.close();
  }

  /** After `close`, when the process goes on: forgets what is here. */
  drop(): Promise<void> {
    return this.#local.drop();
  }

  #keys(name: string) {
    return channelKeys(this.#settings.redisNamespace, name);
  }

  #obtain(name: string): BackedUp {
    let channel = this.#channels.get(name);
    if (!channel) {
      const registration = new Registration(this.#link, this.#keys(name), this.#registration, {
        lost: () => {},
        fault: (error) => {
          this.#failed(name, error);
          this.#registerLater(name);
        },
      });
      channel = {
        isLoaded: false,
        isRead: false,
        triedAtMs: 0,
        registration,
        loaded: Promise.resolve(),
        retryTimer: undefined,
      };
      this.#channels.set(name, channel);
      channel.loaded = this.#load(name, channel);
    } else if (
      channel.isLoaded &&
      !channel.isRead &&
      this.#link.available &&
      performance.now() - channel.triedAtMs >= RETRY_MS
    ) {
      channel.isLoaded = false;
      channel.loaded = this.#load(name, channel);
    }
    return channel;
  }

  /** A keepalive failed: were there no other, Redis would forget the channel. */
  #registerLater(name: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    clearTimeout(channel.retryTimer);
    channel.retryTimer = after(RETRY_MS, () => {
      if (!this.#link.available) this.#registerLater(name);
      else {
        channel.registration.renew().catch((error: unknown) => {
          this.#failed(name, error);
          this.#registerLater(name);
        });
      }
    });
  }

  async #load(name: string, channel: BackedUp): Promise<void> {
    this.#local.keep(name);
    try {
      // At the start Redis is waited for, since what it has is all that is left. Later on nobody waits for an outage.
      if (this.#link.available || !this.#wasAvailable) {
        await channel.registration.renew();
        this.#wasAvailable = true;
        await this.#readInTurn(name);
        channel.isRead = true;
      }
    } catch (error) {
      this.#failed(name, error);
      channel.triedAtMs = performance.now();
    }
    channel.isLoaded = true;
  }

  /** Reads what Redis has, when few others are read; not when it is away by then. */
  #readInTurn(name: string): Promise<void> {
    const read = async (): Promise<void> => {
      if (!this.#link.available)
        throw new RedisUnavailableError('Redis went away before the channel was read');
      await this.#read(name);
    };
    return new Promise((resolve, reject) => {
      this.#reading.add(() => read().then(resolve, reject));
    });
  }

  /** Reads what Redis has. If that fails nothing of it stays, so that the next attempt can begin anew. */
  async #read(name: string): Promise<void> {
    const mirror = new StoredMirror(this.#local, name, this.deflater);
    const resize = (maxMessages: number): void => mirror.resize(maxMessages);
    const { head } = this.#keys(name);
    if (this.#local.isNew(name) && this.#local.subscribersHere([name]) === 0) {
      // Who comes now waits until all is here. It is kept at once, since what is kept has a limit.
      try {
        await readMessages(this.#link, head, undefined, false, {
          resize,
          take: (message, buffered) => mirror.take(message, buffered),
        });
      } catch (error) {
        this.#local.forget(name);
        throw error;
      }
      return;
    }
    // It was first used during an outage.
    const found = new Newest(this.#local.limitBytes);
    const take = async (message: RedisMessage): Promise<void> => found.add(message, most(mirror));
    await readMessages(this.#link, head, undefined, false, { resize, take });
    if (this.#local.isNew(name)) {
      for (const message of found.messages()) await mirror.take(message, true);
    } else this.#local.prepend(name, found.messages(), most(mirror));
  }

  /** The copy is made in the background; while Redis is away there is none. */
  #copy(name: string, copied: Promise<unknown>): void {
    copied.catch((error: unknown) => this.#failed(name, error));
  }

  #failed(name: string, error: unknown): void {
    if (!(error instanceof RedisUnavailableError)) this.#fault(name, error);
  }

  async #forgotten(name: string): Promise<void> {
    const channel = this.#channels.get(name);
    if (!channel) return;
    if (!channel.isLoaded) {
      this.#local.keep(name); // somebody waits for what is being read
      return;
    }
    this.#channels.delete(name);
    channel.registration.stop();
    clearTimeout(channel.retryTimer);
    await channel.registration.end().catch((error: unknown) => this.#failed(name, error));
  }
}

/** Messages that the channel keeps. */
function most({ maxMessages }: StoredMirror): number {
  return maxMessages > 0 ? maxMessages : Number.POSITIVE_INFINITY;
}

/**
 * Channels in Redis, shared by all servers that use it, those of Nchan among them (spec/redis-store.md). Subscribers are
 * served from a local copy of their channels, so Redis sees one subscriber a process however many clients there are.
 */
import type { RedisConfig, RedisLocationSettings, RedisUpstream } from '../../../handoff/redis.ts';
import { scripts } from '../../../lua/scripts.generated.ts';
import type { Groups } from '../groups.ts';
import type { Seen } from '../memory/buffer-reader.ts';
import type { MemoryStore } from '../memory/memory-store.ts';
import type { Delivery, MessageDraft, MessageId } from '../message.ts';
import type {
  BufferLimits,
  ChannelInfo,
  Fellows,
  ListInfo,
  Sink,
  Start,
  Store,
  StoreSize,
  StoreTotals,
  Subscription,
} from '../store.ts';
import { Arrivals } from './arrivals.ts';
import { type ChannelKeys, channelKeys } from './channel-keys.ts';
import { StoredMirror, UnstoredMirror } from './channel-mirror.ts';
import { DeadWorkers } from './dead-workers.ts';
import { Deflater } from './deflater.ts';
import { RedisFellows } from './fellows.ts';
import { inTime, loadedInTime } from './in-time.ts';
import { Joining } from './joining.ts';
import { Limiter } from './limiter.ts';
import type { RedisLink, ShutdownCall } from './link.ts';
import { RedisPublisher } from './publisher.ts';
import { pastLimiter, RedisPast } from './redis-past.ts';
import { registrationSettings } from './registration.ts';
import { RemoteChannel } from './remote-channel.ts';
import type { RemoteHost } from './remote-host.ts';
import { RemoteSubscription } from './remote-subscription.ts';
import { parseFigures } from './replies.ts';
import { SubscriberCounts } from './subscriber-counts.ts';

/** What a store does by its configuration; locations that say the same share one. */
export type RedisStoreSettings = RedisLocationSettings &
  Pick<RedisConfig, 'fakesubIntervalMs' | 'publishCutoffBytes'> &
  Pick<RedisUpstream, 'accurateSubscriberCount' | 'idleChannelKeepalive' | 'idleChannelKeepaliveMarginMs'>;

/** Channels that are read at a time. Each has a few calls under way, and clients' calls have to find room beside them. */
const MAX_READING = 500;

/** Which of them come first: those that somebody waits for, those with clients, others. */
const READING_URGENCIES = 3;

export class RedisStore implements Store {
  readonly deflater = new Deflater();
  readonly #settings: RedisStoreSettings;
  readonly #link: RedisLink;
  readonly #local: MemoryStore;
  readonly #arrivals: Arrivals;
  readonly #channels = new Map<string, RemoteChannel>();
  /** The same by their PUBSUB channels, one character a byte. */
  readonly #byPubsub = new Map<string, RemoteChannel>();
  readonly #publisher: RedisPublisher;
  readonly #joining: Joining;
  /** What the local copies have no room for. */
  readonly #past: RedisPast;
  readonly #counts: SubscriberCounts;
  readonly #deadWorkers: DeadWorkers;
  /** Channels that may have missed something. */
  readonly #reading = new Limiter<RemoteChannel>({
    max: MAX_READING,
    urgencies: READING_URGENCIES,
    run: (channel) => channel.readAgain(),
  });
  readonly #host: RemoteHost;
  readonly fellows: Fellows;

  /**
   * @param local holds the copies; the caller gives it to nobody else.
   * @param fault takes what went wrong with a channel while nobody waited for it.
   * @param counts what all stores of the link count together; they are closed together.
   * @param limiter limits what they read together of what their copies have no room for.
   * @param asked some server wants to know who subscribes to a channel here.
   */
  constructor(
    settings: RedisStoreSettings,
    link: RedisLink,
    local: MemoryStore,
    fault: (channel: string, error: unknown) => void,
    counts = new SubscriberCounts(link, settings.fakesubIntervalMs, fault),
    limiter = pastLimiter(),
    asked: (channel: string, request: number) => void = () => {},
  ) {
    this.fellows = new RedisFellows(link, settings.redisNamespace);
    this.#settings = settings;
    this.#link = link;
    this.#publisher = new RedisPublisher(link, settings);
    this.#joining = new Joining(fault);
    this.#local = local;
    this.#arrivals = new Arrivals(local.groups);
    this.#counts = counts;
    this.#deadWorkers = new DeadWorkers(link, settings.channelTimeout, fault);
    const stored = settings.redisStorageMode !== 'nostore';
    const head = (name: string): Buffer => channelKeys(settings.redisNamespace, name).head;
    this.#past = new RedisPast({ link, limiter, deflater: this.deflater, head, fault });
    if (stored) local.isCopy(this.#past);
    this.#host = {
      link,
      namespace: settings.redisNamespace,
      registration: registrationSettings(settings),
      idleMs: settings.redisIdleChannelCacheTimeout * 1000,
      mirror: (name) =>
        stored
          ? new StoredMirror(local, name, this.deflater)
          : new UnstoredMirror(local, name, this.deflater),
      registered: (channel) => this.#deadWorkers.watch(channel),
      lost: (channel) => this.#counts.lost(channel),
      deleted: (channel) => {
        this.#counts.deleted(channel);
        for (const subscription of channel.arriving) subscription.end('deleted');
      },
      asked: ({ name }, request) => asked(name, request),
      fault,
      left: (channel) => {
        this.#deadWorkers.leave(channel);
        this.#counts.left(channel);
        this.#reading.delete(channel);
        this.#channels.delete(channel.name);
        this.#byPubsub.delete(channel.keys.pubsub.toString('latin1'));
      },
    };
  }

  get channels(): Store['channels'] {
    return this.#channels;
  }

  get groups(): Groups {
    return this.#local.groups;
  }

  get available(): boolean {
    return this.#link.available;
  }

  async publish(name: string, draft: MessageDraft, limits: BufferLimits): Promise<ChannelInfo> {
    const joined = this.#joining.joined(this.#channels.get(name));
    if (joined) await joined;
    const keys = channelKeys(this.#settings.redisNamespace, name);
    if (this.#channels.has(name)) this.deflater.published(draft);
    const figures = await this.#publisher.publish(keys, draft, limits);
    const { redisStorageMode, redisNostoreFastpublish } = this.#settings;
    if (redisStorageMode !== 'nostore') this.#channels.get(name)?.published(figures.lastMessageId);
    // It is to run no script, and what it counts are servers.
    else if (redisNostoreFastpublish) return figures;
    return this.#seen(name, keys, figures);
  }

  async info(name: string): Promise<ChannelInfo | undefined> {
    await this.#joining.joined(this.#channels.get(name));
    const keys = channelKeys(this.#settings.redisNamespace, name);
    const reply = await this.#link.run(scripts.find_channel, [keys.head], [this.#publisher.accurate], {
      repeatable: true,
    });
    const figures = parseFigures(reply);
    return figures && this.#seen(name, keys, figures);
  }

  async delete(name: string): Promise<ChannelInfo | undefined> {
    await this.#joining.joined(this.#channels.get(name));
    const { head, id } = channelKeys(this.#settings.redisNamespace, name);
    const args = [id, this.#link.publishCommand, this.#publisher.accurate];
    let stopWaiting: (() => void) | undefined;
    const heard = new Promise<void>((resolve) => {
      stopWaiting = this.#channels.get(name)?.onDeletion(resolve);
    });
    try {
      const reply = await this.#link.run(scripts.delete, [head], args, { repeatable: false });
      // Who subscribes here afterwards is not to be ended by the announcement, which may still be on its way.
      if (stopWaiting) await inTime(heard);
      return parseFigures(reply);
    } finally {
      stopWaiting?.();
    }
  }

  subscribe(names: readonly string[], start: Start, sink: Sink): Subscription {
    const channels = names.map((name) => this.#use(name, true));
    // They count for their group from now on, not only once Redis has answered: others come meanwhile.
    for (const { name, isLoaded } of channels) if (!isLoaded) this.#local.keep(name);
    const arrived = this.#arrivals.add(names);
    let from: Start | Seen = start;
    const subscription = new RemoteSubscription(
      sink,
      (own) => {
        // Whoever is counted gets every message and every deletion from then on, so not before.
        for (const channel of channels) this.#counts.changed(channel);
        arrived();
        return this.#local.subscribe(names, from, own);
      },
      () => {
        arrived();
        this.#joining.over(subscription, channels);
        for (const channel of channels) {
          channel.release(true);
          if (channel.isLoaded) this.#counts.changed(channel);
          else void channel.loaded.then(() => this.#counts.changed(channel));
        }
      },
    );
    if (!channels.every((channel) => channel.isLoaded) || this.#needsPast(names, start)) {
      const settle = async (): Promise<void> => {
        from = await this.#settle(names, start);
      };
      void this.#joining.begin(subscription, channels, () =>
        this.#needsPast(names, start) ? settle() : undefined,
      );
      return subscription;
    }
    try {
      subscription.begin();
    } catch (error) {
      subscription.cancel();
      throw error;
    }
    return subscription;
  }

  async read(names: readonly string[], start: Start, limit: number, limitBytes: number): Promise<Delivery[]> {
    const channels = names.map((name) => this.#use(name, false));
    try {
      if (!channels.every((channel) => channel.isLoaded)) {
        await loadedInTime(Promise.all(channels.map((channel) => channel.loaded)));
      }
      // Who was told that a message is stored, and then asks, shall get it.
      const late = channels.map((channel) => channel.caughtUp).filter((promise) => promise !== undefined);
      if (late.length > 0) await inTime(Promise.all(late));
      const from = this.#needsPast(names, start) ? await this.#settle(names, start) : start;
      return await this.#local.read(names, from, limit, limitBytes);
    } finally {
      for (const channel of channels) channel.release(false);
    }
  }

  async listInfo(names: readonly string[]): Promise<ListInfo | undefined> {
    await Promise.all(names.map((name) => this.#joining.joined(this.#channels.get(name))));
    return this.#local.listInfo(names);
  }

  subscribersHere(names: readonly string[]): number {
    return this.#local.subscribersHere(names) + this.#arrivals.count(names);
  }

  /** Messages go to Redis, and come here only if somebody subscribes. */
  newChannels(names: readonly string[], brought: 'publish' | 'subscribe'): number {
    return brought === 'publish' ? 0 : this.#local.newChannels(names);
  }

  sinks(name: string): Sink[] {
    // Those that wait for the channel have joined too, if after all others.
    const arriving = Array.from(this.#channels.get(name)?.arriving ?? []).reverse();
    return [...arriving, ...this.#local.sinks(name)];
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

  /** An announcement on a PUBSUB channel; true if it is one of this store's. */
  announced(pubsub: Buffer, announcement: Buffer): boolean {
    const channel = this.#byPubsub.get(pubsub.toString('latin1'));
    channel?.announced(announcement);
    return channel !== undefined;
  }

  /** A PUBSUB channel is listened to from now on. */
  listening(pubsub: Buffer): void {
    const channel = this.#byPubsub.get(pubsub.toString('latin1'));
    if (!channel) return;
    channel.listens();
    this.#read(channel);
  }

  /** The upstream is back, perhaps another server, perhaps without its data. */
  cameBack(): void {
    for (const channel of this.#channels.values()) {
      // It would have to be read once more when it is listened to again.
      if (!this.#link.listensTo(channel.keys.pubsub)) continue;
      channel.mayHaveMissed();
      this.#read(channel);
    }
  }

  /** What Redis must be told before the process ends, besides the counts: that this server has no subscribers any more. */
  farewells(): ShutdownCall[] {
    const calls = Array.from(this.#channels.values(), ({ registration }) => registration.farewell());
    return calls.filter((call) => call !== undefined);
  }

  async close(): Promise<void> {
    for (const channel of this.#channels.values()) channel.stop();
    this.#reading.clear();
    this.#past.stop();
    this.#counts.stop();
    this.#deadWorkers.stop();
    this.#joining.stop();
    await this.#local.close();
  }

  /** After `close`, when the process goes on: forgets what is here. */
  drop(): Promise<void> {
    return this.#local.drop();
  }

  /** Whether only Redis knows where someone begins who starts so. */
  #needsPast(names: readonly string[], start: Start): boolean {
    if (!('first' in start) || start.first === 0 || start.first === 1) return false;
    return this.#local.needsPast(names, start).includes(true);
  }

  /**
   * Asks Redis where someone begins who starts so.
   * @throws what RedisLink.run throws.
   */
  async #settle(names: readonly string[], start: Start): Promise<Seen> {
    const seen: MessageId[] = this.#local.begins(names, start);
    const first = 'first' in start ? start.first : 0;
    await Promise.all(
      this.#local.needsPast(names, start).map(async (needs, index) => {
        if (needs) seen[index] = await this.#past.begin(names[index] as string, first);
      }),
    );
    return { seen };
  }

  /** The subscribers of a channel that has none here may be those of a server that died. */
  #seen(name: string, keys: ChannelKeys, figures: ChannelInfo): ChannelInfo {
    if (figures.subscribers > 0 && !this.#channels.has(name)) this.#deadWorkers.visit(name, keys);
    return figures;
  }

  /** Has a channel read what it may have missed. */
  #read(channel: RemoteChannel): void {
    const isAwaited = !channel.isLoaded || channel.arriving.size > 0;
    this.#reading.add(channel, isAwaited ? 0 : channel.clients > 0 ? 1 : 2);
  }

  #use(name: string, subscribes: boolean): RemoteChannel {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = new RemoteChannel(name, this.#host);
      this.#channels.set(name, channel);
      this.#byPubsub.set(channel.keys.pubsub.toString('latin1'), channel);
    }
    channel.use(subscribes);
    return channel;
  }
}

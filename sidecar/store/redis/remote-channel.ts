/**
 * A channel in Redis that somebody here subscribes to, or did lately. Its messages are kept in the local store too,
 * from which subscribers are served: it reads what Redis has, then follows the announcements. Whenever it may have
 * missed one it reads on from its newest message before it follows again, so that nothing is lost or repeated.
 */
import type { Delay } from '../../../handoff/redis.ts';
import { scripts } from '../../../lua/scripts.generated.ts';
import { after } from '../../timers.ts';
import { compareIds, type MessageId } from '../message.ts';
import {
  type Announcement,
  AnnouncementError,
  parseAnnouncement,
  type RedisMessage,
} from './announcement.ts';
import { AnnouncementQueue } from './announcement-queue.ts';
import { type ChannelKeys, channelKeys } from './channel-keys.ts';
import type { ChannelMirror } from './channel-mirror.ts';
import { Delays } from './delay.ts';
import { RedisUnavailableError } from './link.ts';
import { readMessages } from './message-reader.ts';
import { PassingOn } from './passing-on.ts';
import { PromisedMessage } from './promised-message.ts';
import { Readiness } from './readiness.ts';
import type { Registration } from './registration.ts';
import type { RemoteHost } from './remote-host.ts';
import type { RemoteSubscription } from './remote-subscription.ts';
import { Renumbering } from './renumbering.ts';
import { parseMessage } from './replies.ts';
import { Standing } from './standing.ts';

/** When what failed is tried again, while Redis is there. */
const RETRY_DELAY: Delay = { minMs: 1000, jitter: 0.2, backoff: 1, maxMs: 30_000 };

export class RemoteChannel {
  readonly name: string;
  readonly keys: ChannelKeys;
  /** Clients that subscribe to it here. */
  clients = 0;
  /** Subscriptions that have it, and wait for it or for others of their channels. */
  readonly arriving = new Set<RemoteSubscription>();
  readonly #host: RemoteHost;
  readonly #mirror: ChannelMirror;
  readonly #standing: Standing;
  readonly #renumbering = new Renumbering();
  readonly #retries = new Delays(RETRY_DELAY);
  #users = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Its announcements arrive, or did before Redis went away. */
  #listens = false;
  /** It has read everything up to its newest message, and follows the announcements. */
  #follows = false;
  /** Whether it followed before: its subscribers are to get what no buffer keeps, too. */
  #followedBefore = false;
  #working = false;
  /** A message that was announced was not there any more. */
  #missesOne = false;
  #gone = false;
  /** What Redis does not store. */
  readonly #passingOn: PassingOn | undefined;
  /** What comes while the channel reads; when it is too much, the channel reads once more instead. */
  readonly #waiting = new AnnouncementQueue();
  readonly #awaitDeletion = new Set<() => void>();
  readonly #promised = new PromisedMessage((id) => this.#isOld(id));
  readonly #readiness = new Readiness();

  /** False when the channel is used no more: another one of its name may have the local store's. */
  readonly #isHere = () => !this.#gone;

  constructor(name: string, host: RemoteHost) {
    this.name = name;
    this.keys = channelKeys(host.namespace, name);
    this.#host = host;
    this.#mirror = host.mirror(name);
    if (!this.#mirror.stored) {
      this.#passingOn = new PassingOn(this.#mirror, {
        deleted: (channelId) => this.#deletedIf(channelId),
        fetch: ({ key }) => this.#fetch(key),
        fault: (error) => this.#failed(error),
      });
    }
    this.#standing = new Standing(host.link, this.keys, host.registration, {
      clients: () => this.clients,
      isHere: this.#isHere,
      deleted: () => this.#deleted(),
      lost: () => {
        this.#promised.forget();
        host.lost(this);
        void this.#work();
      },
      registered: () => host.registered(this),
      recovers: (loss) => host.fault(name, loss),
      fault: (error) => this.#failed(error),
    });
    host.link.listen(this.keys.pubsub);
  }

  /** Resolves when what Redis has of the channel is in the local store. */
  get loaded(): Promise<void> {
    return this.#readiness.loaded;
  }

  /** Resolves with `loaded`, or when that fails or takes too long. */
  get ready(): Promise<void> {
    return this.#readiness.ready;
  }

  /** True once `loaded` has resolved. */
  get isLoaded(): boolean {
    return this.#followedBefore;
  }

  /** Calls `heard` when its next deletion is announced, unless what it returns is called before. */
  onDeletion(heard: () => void): () => void {
    this.#awaitDeletion.add(heard);
    return () => void this.#awaitDeletion.delete(heard);
  }

  /** A publisher here was told that Redis has this message. */
  published(id: MessageId): void {
    this.#promised.promise(id);
  }

  /** Resolves when everything has come here of which `published` told; undefined if it has. */
  get caughtUp(): Promise<void> | undefined {
    return this.#promised.kept;
  }

  get registration(): Registration {
    return this.#standing.registration;
  }

  /** Somebody begins to use it: a client that subscribes, or one that only looks. */
  use(subscribes: boolean): void {
    this.#users += 1;
    if (subscribes) {
      this.clients += 1;
      this.#standing.subscribed();
    }
    clearTimeout(this.#idleTimer);
    // It is the first that subscribes, perhaps since the channel was deleted.
    if (subscribes && this.#followedBefore && !this.registration.registered) void this.readAgain();
  }

  /** Somebody uses it no more. */
  release(subscribes: boolean): void {
    this.#users -= 1;
    if (subscribes) this.clients -= 1;
    if (this.#users > 0) return;
    this.#idleTimer = after(this.#host.idleMs, () => void this.#leave());
  }

  /** Its announcements arrive from now on; what was announced before may have been missed. */
  listening(): void {
    this.listens();
    void this.readAgain();
  }

  /** As `listening`, but it reads when `readAgain` says so, or with the next announcement. */
  listens(): void {
    this.#listens = true;
    this.mayHaveMissed();
  }

  /** Redis was away, and what was announced meanwhile may have been missed, a deletion too. */
  cameBack(): void {
    this.mayHaveMissed();
    void this.readAgain();
  }

  /** As `cameBack`, but it reads when `readAgain` says so, or with the next announcement. */
  mayHaveMissed(): void {
    this.#standing.wasAway();
    this.#follows = false;
  }

  /**
   * Announcements may have been missed: it reads on from its newest message.
   * @returns what resolves when it has, or when that failed; undefined when it does not read now.
   */
  readAgain(): Promise<void> | undefined {
    if (!this.#listens) return undefined; // it reads when it does
    this.#follows = false;
    return this.#work();
  }

  /** An announcement on its PUBSUB channel. */
  announced(bytes: Buffer): void {
    if (this.#gone) return;
    let announcement: Announcement;
    try {
      announcement = parseAnnouncement(bytes);
    } catch (error) {
      if (!(error instanceof AnnouncementError)) throw error;
      this.#host.fault(this.name, error);
      return;
    }
    if (announcement.kind === 'subscriberInfo') {
      this.#host.asked(this, announcement.request);
      return;
    }
    if (this.#passingOn) {
      if (announcement.kind === 'message' && announcement.noServers && this.registration.registered) {
        void this.registration.confirm();
      }
      this.#passingOn.take(announcement, bytes.length);
      return;
    }
    if (this.#follows && !this.#working && this.#applied(announcement)) return;
    if (!this.#waiting.push(announcement, bytes.length)) {
      this.#follows = false;
      // That could not be read again.
      const deletion = this.#waiting.clear().findLast(({ kind }) => kind === 'delete');
      if (deletion) this.#applied(deletion);
    }
    void this.#work();
  }

  /** Nothing is delivered or sent from now on. */
  stop(): void {
    this.#gone = true;
    this.#readiness.markReady();
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#retryTimer);
    this.#passingOn?.stop();
    this.registration.stop();
  }

  /** Reads where it has to, and works off what waits, one after the other. */
  async #work(): Promise<void> {
    if (this.#working || this.#gone) return;
    this.#working = true;
    clearTimeout(this.#retryTimer);
    try {
      while (!this.#gone) {
        if (!this.#follows) {
          this.#follows = true; // unless something happens while it reads
          await this.#read();
          continue;
        }
        if (this.#standing.isDue) await this.#register();
        if (!this.#followedBefore) {
          this.#followedBefore = true;
          this.#readiness.markLoaded();
        }
        const next = this.#waiting.shift();
        if (!next) return;
        if (!this.#applied(next)) await this.#applyLater(next);
      }
    } catch (error) {
      this.#follows = false;
      this.#failed(error);
    } finally {
      this.#working = false;
    }
  }

  #failed(error: unknown): void {
    if (this.#gone) return;
    this.#readiness.markReady();
    // While Redis is away nothing else is to be expected; once it is back it reads again.
    if (!(error instanceof RedisUnavailableError)) this.#host.fault(this.name, error);
    if (this.#host.link.available) this.#retry();
  }

  #retry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = after(this.#retries.next(), () => void this.readAgain());
  }

  async #read(): Promise<void> {
    const registered = await this.#register();
    if (this.#mirror.stored) {
      const position = this.#position;
      await readMessages(this.#host.link, this.keys.head, position, this.#followedBefore, {
        resize: (maxMessages) => {
          this.#mirror.maxMessages = maxMessages;
        },
        take: (message, buffered) => this.#take(message, buffered),
        isWanted: this.#isHere,
      });
      if (this.#gone) return;
      // Where a message is gone and none came after it, Redis has lost the channel: it begins anew with what is announced next.
      if (!this.#missesOne || this.#position !== position) this.#renumbering.hasRead(this.#mirror.newest);
      this.#missesOne = false;
    }
    if (registered) this.#retries.reset();
  }

  /**
   * Has Redis know of this server. Subscribers can be served without: that Redis is full is no reason to keep from them
   * what can be read.
   * @returns false when that has to be tried again.
   * @throws RedisUnavailableError
   */
  async #register(): Promise<boolean> {
    try {
      await this.#standing.renew();
      return true;
    } catch (error) {
      if (error instanceof RedisUnavailableError) throw error;
      this.#failed(error);
      return false;
    }
  }

  async #take(message: RedisMessage, buffered: boolean): Promise<void> {
    if (this.#gone) return;
    const own = this.#renumbering.take(message, this.#mirror.newest);
    if (own) await this.#mirror.take(own, buffered, this.#isHere);
    this.#promised.check();
  }

  /** Applies an announcement at once; false for one that takes its time. */
  #applied(announcement: Announcement): boolean {
    if (announcement.kind === 'delete') {
      this.#deletedIf(announcement.channelId);
      return true;
    }
    if (announcement.kind === 'message') {
      const { message, maxMessages } = announcement;
      if (message.compressed || this.#missedBefore(message, maxMessages)) return false;
      if (maxMessages !== undefined) this.#mirror.maxMessages = maxMessages;
      const own = this.#renumbering.take(message, this.#mirror.newest);
      if (own) this.#mirror.takeNow(own);
      this.#promised.check();
      return true;
    }
    // Alerts that nobody sends, and Nchan does nothing about.
    return announcement.kind !== 'key';
  }

  #deletedIf(channelId: Buffer): void {
    if (channelId.equals(this.keys.id)) this.#deleted();
  }

  #deleted(): void {
    this.#standing.deleted();
    this.#promised.forget();
    this.#host.deleted(this);
    this.#mirror.delete();
    for (const heard of this.#awaitDeletion) heard();
    this.#awaitDeletion.clear();
  }

  async #applyLater(announcement: Announcement): Promise<void> {
    if (announcement.kind === 'key') {
      const { id, maxMessages } = announcement;
      if (this.#isOld(id) && maxMessages === undefined) return;
      const message = await this.#fetch(announcement.key);
      if (this.#gone) return;
      if (message) await this.#applyMessage(message, maxMessages);
      else {
        // Others may go as fast.
        this.#missesOne = true;
        this.#follows = false;
      }
    } else if (announcement.kind === 'message') {
      await this.#applyMessage(announcement.message, announcement.maxMessages);
    }
  }

  /** @returns undefined when it is gone. */
  async #fetch(key: Buffer): Promise<RedisMessage | undefined> {
    return parseMessage(
      await this.#host.link.run(scripts.get_message_from_key, [key], [], { repeatable: true }),
    );
  }

  async #applyMessage(message: RedisMessage, maxMessages: number | undefined): Promise<void> {
    // What has been trimmed meanwhile nobody can have any more, but this message is here.
    if (this.#missedBefore(message, maxMessages)) await this.#read();
    if (this.#gone) return;
    if (maxMessages !== undefined) this.#mirror.maxMessages = maxMessages;
    await this.#take(message, this.#mirror.maxMessages !== 0);
  }

  /** Id, in Redis, of the newest message that has come here. */
  get #position(): MessageId | undefined {
    return this.#renumbering.position(this.#mirror.newest);
  }

  #isOld(id: MessageId): boolean {
    const position = this.#position;
    return position !== undefined && compareIds(id, position) <= 0;
  }

  /** Whether there is a message before this one that has not come here. */
  #missedBefore(message: RedisMessage, maxMessages: number | undefined): boolean {
    const { newest } = this.#mirror;
    if (this.#renumbering.beginsAnew(message, maxMessages !== undefined, newest)) {
      this.#standing.beganAnew();
    }
    const { id, previous } = message;
    if (previous.time === 0 || this.#isOld(id)) return false;
    const position = this.#position;
    return position === undefined || compareIds(previous, position) > 0;
  }

  async #leave(): Promise<void> {
    this.stop();
    this.#host.link.unlisten(this.keys.pubsub);
    this.#mirror.forget();
    this.#host.left(this);
    try {
      await this.registration.end();
    } catch (error) {
      // Redis forgets it when its time is over.
      if (!(error instanceof RedisUnavailableError)) this.#host.fault(this.name, error);
    }
  }
}

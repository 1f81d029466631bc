/**
 * What Redis knows of this server at one channel: that it has subscribers, and that they belong to the channel that is
 * there now.
 */
import type { ChannelKeys } from './channel-keys.ts';
import { ChannelLife } from './channel-life.ts';
import { ChannelLostError, type RedisLink } from './link.ts';
import { Registration, type RegistrationSettings } from './registration.ts';

const LOST = 'Redis has lost what it knew of a channel with subscribers, and is told again';

export interface StandingEvents {
  /** Clients that subscribe to the channel here. */
  clients(): number;
  /** False when the channel is used no more here. */
  isHere(): boolean;
  /** The channel was deleted while nothing was heard of it. */
  deleted(): void;
  /** Redis has lost what it knew of the channel, and has to be told again. */
  lost(): void;
  /** Redis knows that there are subscribers here. */
  registered(): void;
  /** Redis had lost the channel, and not because it was deleted: it is told again now. */
  recovers(loss: ChannelLostError): void;
  /** Something went wrong that nobody waits for. */
  fault(error: unknown): void;
}

export class Standing {
  readonly registration: Registration;
  readonly #events: StandingEvents;
  readonly #life: ChannelLife;
  /** Somebody has subscribed since the last registration. */
  #subscribed = false;
  /** Redis may not know of this server any more. */
  #isDue = false;
  /** Redis has lost the channel, unless it was deleted, and nobody was told so. */
  #lossIsNews = false;
  /** The channel may have been deleted unheard. */
  #mayBeDeleted = false;
  /** Announcements may have been missed since it was last asked whether it was deleted. */
  #wasAway = false;

  constructor(link: RedisLink, keys: ChannelKeys, settings: RegistrationSettings, events: StandingEvents) {
    this.#events = events;
    this.#life = new ChannelLife(link, keys.head);
    this.registration = new Registration(link, keys, settings, {
      lost: () => {
        this.#lossIsNews = true;
        this.#lost();
      },
      fault: (error) => events.fault(error),
    });
  }

  /** Whether Redis has to be told again. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** A client subscribes. */
  subscribed(): void {
    this.#subscribed = true;
  }

  /** Announcements may have been missed, that of a deletion too. */
  wasAway(): void {
    this.#mayBeDeleted = true;
    this.#wasAway = true;
  }

  /** The channel begins anew in Redis. */
  beganAnew(): void {
    if (this.registration.registered) void this.registration.confirm();
    else this.#lost();
  }

  /** The channel was deleted, and its subscribers are ended. */
  deleted(): void {
    this.#lossIsNews = false;
    this.registration.forget();
    this.#life.forget();
  }

  /**
   * Registers this server if it has subscribers, unless they have to be ended: the channel was deleted while nothing was
   * heard.
   * @throws what RedisLink.run throws.
   */
  async renew(): Promise<void> {
    const events = this.#events;
    this.#isDue = false;
    if (this.#mayBeDeleted) {
      const away = this.#wasAway;
      const deleted = await this.#life.wasDeleted(away);
      this.#mayBeDeleted = false;
      if (away) this.#wasAway = false;
      if (!events.isHere()) return;
      if (deleted) {
        events.deleted();
        return;
      }
    }
    if (this.#lossIsNews) events.recovers(new ChannelLostError(LOST));
    this.#lossIsNews = false;
    // Who came and went meanwhile has made the channel, too.
    if (events.clients() === 0 && !this.#subscribed) return;
    await Promise.all([this.registration.renew(), this.#life.begin()]);
    if (!events.isHere()) return;
    this.#subscribed = false;
    // It was deleted meanwhile, and others have subscribed since.
    this.#isDue ||= events.clients() > 0 && !this.registration.registered;
    events.registered();
  }

  #lost(): void {
    this.#mayBeDeleted = true;
    this.#isDue = true;
    this.#events.lost();
  }
}

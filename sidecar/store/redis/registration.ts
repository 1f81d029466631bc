/**
 * This server's registration as one that has subscribers of a channel: it lets the channel live on in Redis, and tells
 * other servers how long to keep it (spec/redis-store.md §§5.2-5.5).
 */

import { randomBytes } from 'node:crypto';
import type { Delay, RedisLocationSettings, RedisUpstream } from '../../../handoff/redis.ts';
import { scripts } from '../../../lua/scripts.generated.ts';
import { after } from '../../timers.ts';
import type { ChannelKeys } from './channel-keys.ts';
import { Delays } from './delay.ts';
import type { RedisLink, ShutdownCall } from './link.ts';
import { parseInteger, parseRegistration } from './replies.ts';

export interface RegistrationSettings {
  /** Who registers, see registrationSettings; of one store, since each has its own subscribers. */
  readonly server: string;
  /** How long Redis is asked to keep the channel, in milliseconds, each time longer. */
  readonly keepalive: Delay;
  /** Milliseconds that this server may be late with saying that it is still there. */
  readonly marginMs: number;
  /** Seconds that a channel lives on without messages and servers. */
  readonly emptyTtlSeconds: number;
}

interface Events {
  /** Redis does not know of it any more. */
  lost(): void;
  fault(error: unknown): void;
}

/** Bytes of chance in a server's name: enough for no two in a Redis to be alike, and short, since each channel has it. */
const NAME_BYTES = 9;

/** How a store registers: by a name that no other one has, and as its settings say. */
export function registrationSettings(
  settings: Pick<RedisUpstream, 'idleChannelKeepalive' | 'idleChannelKeepaliveMarginMs'> &
    Pick<RedisLocationSettings, 'channelTimeout'>,
): RegistrationSettings {
  return {
    server: randomBytes(NAME_BYTES).toString('base64url'),
    keepalive: settings.idleChannelKeepalive,
    marginMs: settings.idleChannelKeepaliveMarginMs,
    emptyTtlSeconds: settings.channelTimeout,
  };
}

/** What the keepalive script replies when the server is not registered. */
const NOBODY = -1;

export class Registration {
  readonly #link: RedisLink;
  readonly #keys: ChannelKeys;
  readonly #settings: RegistrationSettings;
  readonly #events: Events;
  #subscriberId: number | undefined;
  /** Under way; resolves whether or not it worked. */
  #renewal: Promise<unknown> | undefined;
  #deletions = 0;
  /** It may be one of before the last deletion. */
  #doubtful = false;
  readonly #ttls: Delays;
  /** What Redis was asked last, in milliseconds. */
  #ttlMs = 0;
  #confirming = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(link: RedisLink, keys: ChannelKeys, settings: RegistrationSettings, events: Events) {
    this.#link = link;
    this.#keys = keys;
    this.#settings = settings;
    this.#ttls = new Delays(settings.keepalive);
    this.#events = events;
  }

  get registered(): boolean {
    return this.#subscriberId !== undefined && !this.#doubtful;
  }

  /** Registers, or makes sure that Redis has not lost the registration. Where it was deleted meanwhile, once more does. */
  renew(): Promise<void> {
    const renewal = this.#register();
    this.#renewal = renewal.catch(() => {});
    return renewal;
  }

  async #register(): Promise<void> {
    const deletions = this.#deletions;
    // One that is only made sure of shall not last longer with every lost connection.
    if (this.#subscriberId === undefined) this.#ttlMs = Math.round(this.#ttls.next());
    const reply = await this.#link.run(
      scripts.subscriber_register,
      [this.#keys.head],
      [
        this.#settings.server,
        this.#subscriberId ?? '-',
        this.#ttlMs,
        this.#settings.marginMs,
        Math.floor(Date.now() / 1000),
        this.#link.worker,
      ],
      { repeatable: true },
    );
    const { subscriberId, keepaliveMs } = parseRegistration(reply);
    this.#subscriberId = subscriberId;
    this.#doubtful = deletions !== this.#deletions;
    this.#keepAliveIn(keepaliveMs);
  }

  /** The channel was deleted, and the registration with it. */
  forget(): void {
    this.#deletions += 1;
    this.#subscriberId = undefined;
    this.#ttls.reset();
    clearTimeout(this.#timer);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Takes it back, also one that is under way. */
  async end(): Promise<void> {
    await this.#renewal;
    const farewell = this.farewell();
    this.#subscriberId = undefined;
    if (farewell) await this.#link.run(farewell.script, farewell.keys, farewell.args, { repeatable: true });
  }

  /** The script that takes it back; undefined when it is not registered. */
  farewell(): ShutdownCall | undefined {
    const id = this.#subscriberId;
    if (id === undefined) return undefined;
    return {
      script: scripts.subscriber_unregister,
      keys: [this.#keys.head],
      args: [this.#settings.server, id, this.#settings.emptyTtlSeconds],
      told: () => {
        if (this.#subscriberId === id) this.#subscriberId = undefined;
      },
    };
  }

  #keepAliveIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = after(ms, () => {
      this.#ttlMs = Math.round(this.#ttls.next());
      void this.confirm();
    });
  }

  /** Says that this server is still there; `lost` is called when Redis does not know of it. */
  async confirm(): Promise<void> {
    if (this.#confirming) return;
    this.#confirming = true;
    const deletions = this.#deletions;
    try {
      const reply = await this.#link.run(
        scripts.channel_keepalive,
        [this.#keys.head],
        [this.#settings.server, this.#ttlMs, this.#settings.marginMs],
        { repeatable: true },
      );
      const ms = parseInteger(reply);
      if (deletions !== this.#deletions || this.#stopped) return;
      if (ms === NOBODY) {
        this.forget();
        this.#events.lost();
      } else this.#keepAliveIn(ms);
    } catch (error) {
      this.#events.fault(error);
    } finally {
      this.#confirming = false;
    }
  }
}

/**
 * Tells Redis how many clients subscribe to each channel here. Changes are gathered for a moment, since clients come and
 * go in crowds; what is sent is the number itself, so that a lost reply does no harm (spec/redis-store.md §5.3).
 */
import { scripts } from '../../../lua/scripts.generated.ts';
import { after } from '../../timers.ts';
import { type RedisLink, RedisUnavailableError } from './link.ts';
import type { RemoteChannel } from './remote-channel.ts';

/** What is counted of a channel. */
type Counted = Pick<RemoteChannel, 'name' | 'keys' | 'clients'>;

/** Milliseconds after which a number that Redis did not take is sent again, while Redis is there. */
const RETRY_MS = 5000;

export class SubscriberCounts {
  readonly #link: RedisLink;
  readonly #intervalMs: number;
  readonly #fault: (channel: string, error: unknown) => void;
  /** Channels whose number may have to be sent. */
  readonly #changed = new Set<Counted>();
  /** Numbers that Redis may know, if not 0: what was sent last, NaN where nobody knows whether it arrived. */
  readonly #sent = new Map<Counted, number>();
  /** Channels of which Redis was told; of others it takes the number of servers for that of clients. */
  readonly #told = new WeakSet<Counted>();
  #timer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** @param intervalMs milliseconds over which changes are gathered; 0 sends each at once. */
  constructor(link: RedisLink, intervalMs: number, fault: (channel: string, error: unknown) => void) {
    this.#link = link;
    this.#intervalMs = intervalMs;
    this.#fault = fault;
  }

  /** A client came or went. */
  changed(channel: Counted): void {
    if (this.#stopped) return;
    this.#changed.add(channel);
    if (this.#intervalMs === 0) this.#send();
    else this.#timer ??= after(this.#intervalMs, () => this.#send());
  }

  /** Redis may have lost all numbers: they are sent again. */
  sendAgain(): void {
    for (const channel of this.#sent.keys()) {
      this.#sent.set(channel, Number.NaN);
      this.#changed.add(channel);
    }
    this.#send();
  }

  /** Redis has lost the number of a channel. */
  lost(channel: Counted): void {
    if (!this.#sent.has(channel)) return;
    this.#sent.set(channel, Number.NaN);
    this.changed(channel);
  }

  /** The channel was deleted, and its numbers with it. */
  deleted(channel: Counted): void {
    this.#sent.delete(channel);
    this.#told.delete(channel);
  }

  /** The channels that Redis must know to have no clients here any more. */
  get counted(): Iterable<Counted> {
    return this.#sent.keys();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retryTimer);
    this.#changed.clear();
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#link.available || this.#stopped) return; // sendAgain will be called
    for (const channel of this.#changed) {
      const isKnown = this.#told.has(channel) && channel.clients === (this.#sent.get(channel) ?? 0);
      if (!isKnown) void this.#sendOne(channel);
    }
    this.#changed.clear();
  }

  async #sendOne(channel: Counted): Promise<void> {
    const { clients } = channel;
    this.#sent.set(channel, clients);
    this.#told.add(channel);
    try {
      await this.#link.run(
        scripts.add_fakesub,
        [channel.keys.head],
        [`=${clients}`, Math.floor(Date.now() / 1000), this.#link.worker],
        { repeatable: true },
      );
      if (this.#sent.get(channel) === 0) this.#sent.delete(channel);
    } catch (error) {
      if (this.#stopped) return;
      this.#sent.set(channel, Number.NaN);
      this.#changed.add(channel);
      this.#retryTimer ??= after(RETRY_MS, () => {
        this.#retryTimer = undefined;
        this.#send();
      });
      if (!(error instanceof RedisUnavailableError)) this.#fault(channel.name, error);
    }
  }
}

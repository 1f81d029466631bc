/**
 * Tells Redis how many clients subscribe to each channel here, in all stores of an upstream together: for Redis they are
 * one worker. Changes are gathered for a moment, since clients come and go in crowds; what is sent is the number itself,
 * so that a lost reply does no harm (spec/redis-store.md §5.3).
 */
import { scripts } from '../../../lua/scripts.generated.ts';
import { after } from '../../timers.ts';
import { Limiter } from './limiter.ts';
import { type RedisLink, RedisUnavailableError, type ScriptArgument, type ShutdownCall } from './link.ts';
import type { RemoteChannel } from './remote-channel.ts';

/** What is counted of a channel of one store. */
type Counted = Pick<RemoteChannel, 'name' | 'keys' | 'clients'>;

/** Milliseconds after which a number that Redis did not take is sent again, while Redis is there. */
const RETRY_MS = 5000;

/** Numbers of which nobody waits for one that are sent and not answered yet, at most. */
const MAX_UNDER_WAY = 500;

/** A channel in Redis. */
interface Tally {
  readonly head: Buffer;
  /** The same channel in each store that has it: seldom more than one. */
  readonly channels: Counted[];
  /** What was sent last, NaN where nobody knows whether it arrived. */
  sent: number;
  /** Redis was told of it; else it takes the number of servers for that of clients. */
  told: boolean;
  /** Redis may have a number other than 0. */
  counted: boolean;
}

function clientsOf({ channels }: Tally): number {
  let clients = 0;
  for (const channel of channels) clients += channel.clients;
  return clients;
}

/** Strings for bytes, one character for each. */
function keyOf(head: Buffer): string {
  return head.toString('latin1');
}

export class SubscriberCounts {
  readonly #link: RedisLink;
  readonly #intervalMs: number;
  readonly #fault: (channel: string, error: unknown) => void;
  /** By their heads. */
  readonly #tallies = new Map<string, Tally>();
  /** Those whose number may have to be sent. */
  readonly #changed = new Set<Tally>();
  /** Those whose number is sent again, with all others. */
  readonly #again = new Limiter<Tally>({ max: MAX_UNDER_WAY, run: (tally) => this.#sendOne(tally) });
  /** Those whose number Redis did not take. */
  readonly #failed = new Set<Tally>();
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
    if (!this.#stopped) this.#gather(this.#obtain(channel));
  }

  /** Redis may have lost all numbers: they are sent again. */
  sendAgain(): void {
    if (this.#stopped) return;
    this.#failed.clear();
    for (const tally of this.#tallies.values()) {
      if (!tally.counted) continue;
      tally.sent = Number.NaN;
      this.#changed.delete(tally);
      this.#again.add(tally);
    }
    this.#send();
  }

  /** Redis has lost the number of a channel. */
  lost(channel: Counted): void {
    const tally = this.#tallies.get(keyOf(channel.keys.head));
    if (!tally?.counted || this.#stopped) return;
    tally.sent = Number.NaN;
    this.#gather(tally);
  }

  /** The channel was deleted, and its numbers with it. */
  deleted(channel: Counted): void {
    const tally = this.#tallies.get(keyOf(channel.keys.head));
    if (tally) Object.assign(tally, { sent: 0, told: false, counted: false });
  }

  /** A store has the channel no more. */
  left(channel: Counted): void {
    const tally = this.#tallies.get(keyOf(channel.keys.head));
    const at = tally ? tally.channels.indexOf(channel) : -1;
    if (!tally || at < 0) return;
    tally.channels.splice(at, 1);
    this.#forget(tally);
  }

  /** What Redis must be told before the process ends: that there are no clients here any more. */
  farewells(): ShutdownCall[] {
    const counted = [...this.#tallies.values()].filter((tally) => tally.counted);
    return counted.map((tally) => ({
      script: scripts.add_fakesub,
      keys: [tally.head],
      args: this.#say(0),
      told: () => {
        tally.counted = false;
      },
    }));
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retryTimer);
    this.#changed.clear();
    this.#again.clear();
  }

  #obtain(channel: Counted): Tally {
    const key = keyOf(channel.keys.head);
    let tally = this.#tallies.get(key);
    if (!tally) {
      tally = { head: channel.keys.head, channels: [], sent: 0, told: false, counted: false };
      this.#tallies.set(key, tally);
    }
    if (!tally.channels.includes(channel)) tally.channels.push(channel);
    return tally;
  }

  #isKnown(tally: Tally): boolean {
    return this.#tallies.get(keyOf(tally.head)) === tally;
  }

  #forget(tally: Tally): void {
    if (tally.channels.length > 0 || tally.counted || !this.#isKnown(tally)) return;
    this.#tallies.delete(keyOf(tally.head));
  }

  #gather(tally: Tally): void {
    this.#changed.add(tally);
    if (this.#intervalMs === 0) this.#send();
    else this.#timer ??= after(this.#intervalMs, () => this.#send());
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#link.available || this.#stopped) return; // sendAgain will be called
    // Whoever publishes next shall learn of them, so they do not wait for others.
    for (const tally of this.#changed) {
      this.#again.delete(tally);
      void this.#sendOne(tally);
    }
    this.#changed.clear();
  }

  #retry(): void {
    this.#retryTimer = undefined;
    if (this.#link.available) for (const tally of this.#failed) this.#again.add(tally);
    this.#failed.clear();
  }

  #say(clients: number): ScriptArgument[] {
    return [`=${clients}`, Math.floor(Date.now() / 1000), this.#link.worker];
  }

  /** @returns undefined when Redis knows the number. */
  #sendOne(tally: Tally): Promise<void> | undefined {
    const clients = clientsOf(tally);
    if (tally.told && clients === tally.sent) return undefined;
    Object.assign(tally, { sent: clients, told: true, counted: true });
    return this.#sent(tally, clients);
  }

  async #sent(tally: Tally, clients: number): Promise<void> {
    try {
      await this.#link.run(scripts.add_fakesub, [tally.head], this.#say(clients), { repeatable: true });
      if (tally.sent !== 0 || clients !== 0) return;
      tally.counted = false;
      this.#forget(tally);
    } catch (error) {
      if (this.#stopped || !this.#isKnown(tally)) return;
      Object.assign(tally, { sent: Number.NaN, counted: true });
      this.#failed.add(tally);
      this.#retryTimer ??= after(RETRY_MS, () => this.#retry());
      if (!(error instanceof RedisUnavailableError)) this.#fault(tally.channels[0]?.name ?? '', error);
    }
  }
}

/**
 * Takes away what servers that died have left in Redis: their clients' numbers, and their registrations. Who is alive listens on its own PUBSUB channel,
 * those of Nchan too. A worker that did not listen twice, SUSPICION_MS apart, and whose number did not change meanwhile,
 * is taken for dead: longer than Nchan waits before it connects again. Should it come back all the same, an njchan sends
 * its number again, while an Nchan counts too few until its clients have come anew.
 *
 * Each server looks at the channels that it has subscribers of, and at those that it publishes to: when it begins with
 * one, and then every LOOK_INTERVAL_MS. So numbers are right again at most LOOK_INTERVAL_MS and SUSPICION_MS after the
 * death, and SUSPICION_MS after the clients of the dead server came to another one.
 */
import { scripts } from '../../../lua/scripts.generated.ts';
import { every } from '../../timers.ts';
import type { ChannelKeys } from './channel-keys.ts';
import { type RedisLink, RedisUnavailableError } from './link.ts';

/** Milliseconds between two looks at a channel, and between the two looks that find a worker dead. */
export const LOOK_INTERVAL_MS = 60_000;
export const SUSPICION_MS = 20_000;

/**
 * Looks in one second: as many as it takes to look at each channel once in LOOK_INTERVAL_MS, but within these. With more
 * channels than the greater one has room for, 300,000, it takes longer.
 */
const LEAST_LOOKS_A_SECOND = 500;
const MOST_LOOKS_A_SECOND = 5_000;

/** Channels that are looked at because somebody publishes to them; further ones are not. */
const MAX_VISITED = 10_000;

interface Watched {
  readonly name: string;
  readonly keys: Pick<ChannelKeys, 'head'>;
}

interface Look {
  readonly dueMs: number;
  /** What the last look replied. */
  readonly suspects: string;
}

export class DeadWorkers {
  readonly #link: RedisLink;
  readonly #emptyTtlSeconds: number;
  readonly #fault: (channel: string, error: unknown) => void;
  readonly #now: () => number;
  /** Each in the order in which they are due: at once, soon, and some time. */
  readonly #first = new Map<Watched, Look>();
  readonly #second = new Map<Watched, Look>();
  readonly #next = new Map<Watched, Look>();
  /** Those with subscribers here. */
  readonly #watched = new Set<Watched>();
  /** Names of those that were published to, and when they may be looked at again. */
  readonly #visited = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  /**
   * @param emptyTtlSeconds how long a channel lives on without messages and servers.
   * @param now milliseconds of a clock that only grows.
   */
  constructor(
    link: RedisLink,
    emptyTtlSeconds: number,
    fault: (channel: string, error: unknown) => void,
    now = () => performance.now(),
  ) {
    this.#link = link;
    this.#emptyTtlSeconds = emptyTtlSeconds;
    this.#fault = fault;
    this.#now = now;
    this.#timer = every(1, () => this.#tick());
  }

  /** Looks at a channel from now on, until `leave`. */
  watch(channel: Watched): void {
    if (this.#watched.has(channel)) return;
    this.#watched.add(channel);
    this.#first.set(channel, { dueMs: 0, suspects: '' });
  }

  /** A channel is no longer used here. */
  leave(channel: Watched): void {
    this.#watched.delete(channel);
    for (const looks of [this.#first, this.#second, this.#next]) looks.delete(channel);
  }

  /** Somebody published here to a channel that nobody here subscribes to. */
  visit(name: string, keys: Watched['keys']): void {
    if (this.#visited.has(name) || this.#visited.size >= MAX_VISITED) return;
    this.#visited.set(name, this.#now() + LOOK_INTERVAL_MS);
    this.#first.set({ name, keys }, { dueMs: 0, suspects: '' });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = this.#now();
    for (const [name, dueMs] of this.#visited) {
      if (dueMs > now) break;
      this.#visited.delete(name);
    }
    if (!this.#link.available) return;
    const wanted = Math.ceil((this.#watched.size * 1000) / LOOK_INTERVAL_MS);
    let left = Math.min(Math.max(wanted, LEAST_LOOKS_A_SECOND), MOST_LOOKS_A_SECOND);
    for (const looks of [this.#second, this.#first, this.#next]) {
      for (const [channel, { dueMs, suspects }] of looks) {
        if (dueMs > now || left-- <= 0) break;
        looks.delete(channel);
        void this.#look(channel, suspects);
      }
    }
  }

  async #look(channel: Watched, suspects: string): Promise<void> {
    let found = '';
    try {
      const reply = await this.#link.run(
        scripts.forget_workers,
        [channel.keys.head],
        [suspects, this.#emptyTtlSeconds],
        {
          repeatable: true,
        },
      );
      found = String(reply);
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) this.#fault(channel.name, error);
    }
    const now = this.#now();
    const watched = this.#watched.has(channel);
    if (found !== '' && (watched || suspects === '')) {
      this.#second.set(channel, { dueMs: now + SUSPICION_MS, suspects: found });
    } else if (watched) this.#next.set(channel, { dueMs: now + LOOK_INTERVAL_MS, suspects: '' });
  }
}

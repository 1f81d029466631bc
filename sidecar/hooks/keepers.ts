/** The keepers of a process: one for each namespace of each upstream with subscribers that are to be told of. */
import type { KeptHooks } from '../../handoff/redis.ts';
import type { LocationSettings } from '../../handoff/settings.ts';
import { type Logger, logFault } from '../log.ts';
import { Recurrences } from '../recurrences.ts';
import type { RedisLink } from '../store/redis/link.ts';
import { Keeper } from './keeper.ts';
import type { Notifications } from './notifications.ts';
import { parseRecord } from './record.ts';

export class Keepers {
  readonly #instance: string;
  readonly #notifications: Notifications;
  readonly #log: Logger;
  readonly #strange = new Recurrences();
  readonly #links = new Map<string, RedisLink>();
  readonly #byPlace = new Map<string, { readonly upstream: string; readonly keeper: Keeper }>();
  /** Those of links that were left, too. */
  readonly #ownWorkers = new Set<string>();
  #config: KeptHooks = { sockets: '', redis: [] };

  /** @param instance as instanceName gives it */
  constructor(instance: string, notifications: Notifications, log: Logger) {
    this.#instance = instance;
    this.#notifications = notifications;
    this.#log = log;
  }

  /** Keeps subscribers in these places from now on. Places that a configuration has no more stay, for those there. */
  configure(config: KeptHooks | undefined): void {
    if (config) this.#config = config;
    for (const upstream of this.#links.keys()) this.#open(upstream);
  }

  /** There is a link to an upstream, in the place of an earlier one if there was any. */
  connected(upstream: string, link: RedisLink): void {
    this.#links.set(upstream, link);
    this.#ownWorkers.add(link.worker);
    for (const [place, one] of this.#byPlace) {
      if (one.upstream !== upstream) continue;
      one.keeper.close();
      this.#byPlace.delete(place);
    }
    this.#open(upstream);
  }

  /** A link can be used, for the first time or again. */
  available(link: RedisLink): void {
    for (const { upstream, keeper } of this.#byPlace.values()) {
      if (this.#links.get(upstream) === link) keeper.available();
    }
  }

  /** The one for a location's subscribers; undefined where they are not kept. */
  of({ redisUpstream, redisNamespace, hooksAfterCrash }: LocationSettings): Keeper | undefined {
    if (!hooksAfterCrash || redisUpstream === '') return undefined;
    return this.#byPlace.get(placeKey(redisUpstream, redisNamespace))?.keeper;
  }

  /** Waits until all that was told of is out of Redis. */
  async settle(): Promise<void> {
    await Promise.all(Array.from(this.#byPlace.values(), ({ keeper }) => keeper.settle()));
  }

  #open(name: string): void {
    const link = this.#links.get(name) as RedisLink;
    for (const { upstream, namespace } of this.#config.redis) {
      const place = placeKey(upstream, namespace);
      if (upstream !== name || this.#byPlace.has(place)) continue;
      const keeper = new Keeper({
        key: Buffer.from(`${namespace}{njchan:hooks:${this.#instance}}`),
        link,
        log: this.#log.child({ upstream }),
        ownWorkers: this.#ownWorkers,
        tell: (record) => this.#tell(record),
      });
      this.#byPlace.set(place, { upstream, keeper });
    }
  }

  async #tell(record: string): Promise<void> {
    const hook = parseRecord(record, this.#config.sockets);
    if (hook) {
      await this.#notifications.notify(hook);
      return;
    }
    const more = this.#strange.met('record');
    if (more !== undefined) {
      logFault(this.#log, 'NJ-HOOK-RECORD', `Redis has something that is no unsubscribe request${more}`);
    }
  }
}

function placeKey(upstream: string, namespace: string): string {
  return `${upstream}\n${namespace}`;
}

/** All that the sidecar asks through nginx. */
import type { Socket } from 'node:net';
import type { KeptHooks } from '../../handoff/redis.ts';
import type { Handoff } from '../handoff.ts';
import type { Logger } from '../log.ts';
import type { RedisLink } from '../store/redis/link.ts';
import { Keepers } from './keepers.ts';
import { Notifications } from './notifications.ts';
import { SubscriberHooks } from './subscriber.ts';
import { PublisherUpstream, type Verdict } from './upstream.ts';

export class Hooks {
  readonly #notifications: Notifications;
  readonly #upstream: PublisherUpstream;

  readonly #keepers: Keepers;

  /** @param instance names the sidecars that run one after the other in this place */
  constructor(log: Logger, instance = '') {
    this.#notifications = new Notifications(log);
    this.#upstream = new PublisherUpstream(log);
    this.#keepers = new Keepers(instance, this.#notifications, log);
  }

  /** Whose subscribers are to be told of after a crash. */
  configure(kept: KeptHooks | undefined): void {
    this.#keepers.configure(kept);
  }

  /** There is a link to a Redis upstream, in the place of an earlier one if there was any. */
  connected(upstream: string, link: RedisLink): void {
    this.#keepers.connected(upstream, link);
  }

  /** A link can be used, for the first time or again. */
  available(link: RedisLink): void {
    this.#keepers.available(link);
  }

  /** Those of a subscriber, undefined where its location has none. */
  ofSubscriber(handoff: Handoff): SubscriberHooks | undefined {
    const { hooks } = handoff;
    if (!hooks?.uris.subscribe_request && !hooks?.uris.unsubscribe_request) return undefined;
    const keeper = hooks.uris.unsubscribe_request ? this.#keepers.of(handoff.settings) : undefined;
    return new SubscriberHooks(this.#notifications, handoff, hooks, keeper);
  }

  /**
   * What becomes of a message; undefined where nobody is to be asked.
   * @param maxBytes that may be published in its place
   * @param publisher the connection that brought it
   */
  askAbout(
    handoff: Handoff,
    data: Buffer,
    maxBytes: number,
    publisher: Socket,
  ): Promise<Verdict> | undefined {
    const { hooks } = handoff;
    if (!hooks?.uris.publisher_upstream_request) return undefined;
    return this.#upstream.ask(handoff, hooks, data, maxBytes, publisher);
  }

  /** Waits until everybody was told, and Redis of that, at most so long. */
  async drain(deadlineMs: number): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, deadlineMs).unref());
    await this.#notifications.drain(deadlineMs);
    await Promise.race([this.#keepers.settle(), late]);
    this.#upstream.close();
  }
}

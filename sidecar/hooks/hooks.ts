/** All that the sidecar asks through nginx. */
import type { Handoff } from '../handoff.ts';
import type { Logger } from '../log.ts';
import { Notifications } from './notifications.ts';
import { SubscriberHooks } from './subscriber.ts';
import { PublisherUpstream, type Verdict } from './upstream.ts';

export class Hooks {
  readonly #notifications: Notifications;
  readonly #upstream: PublisherUpstream;

  constructor(log: Logger) {
    this.#notifications = new Notifications(log);
    this.#upstream = new PublisherUpstream(log);
  }

  /** Those of a subscriber, undefined where its location has none. */
  ofSubscriber(handoff: Handoff): SubscriberHooks | undefined {
    const { hooks } = handoff;
    if (!hooks?.uris.subscribe_request && !hooks?.uris.unsubscribe_request) return undefined;
    return new SubscriberHooks(this.#notifications, handoff, hooks);
  }

  /**
   * What becomes of a message; undefined where nobody is to be asked.
   * @param maxBytes that may be published in its place
   */
  askAbout(handoff: Handoff, data: Buffer, maxBytes: number): Promise<Verdict> | undefined {
    const { hooks } = handoff;
    if (!hooks?.uris.publisher_upstream_request) return undefined;
    return this.#upstream.ask(handoff, hooks, data, maxBytes);
  }

  /** Waits until everybody was told, at most so long. */
  async drain(deadlineMs: number): Promise<void> {
    await this.#notifications.drain(deadlineMs);
    this.#upstream.close();
  }
}

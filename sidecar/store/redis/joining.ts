/** Subscriptions that begin once their channels are here, and those who wait until they have. */
import { RedisUnavailableError } from './link.ts';
import type { RemoteChannel } from './remote-channel.ts';
import type { RemoteSubscription } from './remote-subscription.ts';

export class Joining {
  readonly #fault: (channel: string, error: unknown) => void;
  /** Subscriptions whose channels are still being read, with what resolves when they are, or it takes too long. */
  readonly #waiting = new Map<RemoteSubscription, Promise<unknown>>();

  /** @param fault takes why one could not begin, unless Redis is away. */
  constructor(fault: (channel: string, error: unknown) => void) {
    this.#fault = fault;
  }

  /**
   * Begins a subscription once its channels are there.
   * @param settle what it waits for then, if anything.
   */
  async begin(
    subscription: RemoteSubscription,
    channels: readonly RemoteChannel[],
    settle: () => Promise<void> | undefined,
  ): Promise<void> {
    this.#waiting.set(subscription, Promise.all(channels.map((channel) => channel.ready)));
    for (const channel of channels) channel.arriving.add(subscription);
    await Promise.all(channels.map((channel) => channel.loaded));
    try {
      const settled = settle();
      if (settled) {
        this.#waiting.set(
          subscription,
          settled.catch(() => {}),
        );
        await settled;
      }
      this.over(subscription, channels);
      subscription.begin();
    } catch (error) {
      this.over(subscription, channels);
      if (!(error instanceof RedisUnavailableError))
        this.#fault(channels.map(({ name }) => name).join(','), error);
      subscription.end('fault');
    }
  }

  /** It waits no more. */
  over(subscription: RemoteSubscription, channels: readonly RemoteChannel[]): void {
    this.#waiting.delete(subscription);
    for (const channel of channels) channel.arriving.delete(subscription);
  }

  /**
   * Who subscribed here before something happens to the channel here shall see it, unless that takes too long.
   * @returns undefined when there is nobody to wait for.
   */
  joined(channel: RemoteChannel | undefined): Promise<void> | undefined {
    return channel && (!channel.isLoaded || channel.arriving.size > 0) ? this.#allJoined(channel) : undefined;
  }

  /** Ends all that wait. */
  stop(): void {
    for (const subscription of this.#waiting.keys()) subscription.end('shutdown');
  }

  async #allJoined(channel: RemoteChannel): Promise<void> {
    if (!channel.isLoaded) await channel.ready;
    if (channel.arriving.size > 0) {
      await Promise.all(Array.from(channel.arriving, (subscription) => this.#waiting.get(subscription)));
    }
  }
}

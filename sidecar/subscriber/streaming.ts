/** A subscriber that gets message after message on one connection, whatever the connection speaks. */

import type { SubscriberTransport } from '../../handoff/settings.ts';
import type { MessageFormat } from '../fanout/format.ts';
import type { Handoff } from '../handoff.ts';
import { statistics } from '../statistics/statistics.ts';
import type { Delivery } from '../store/message.ts';
import type { EndReason, Sink, Store, Subscription } from '../store/store.ts';
import type { SubscriberDescription } from '../subscriber-info/description.ts';
import { every } from '../timers.ts';
import { atExpiry } from './expiry.ts';
import type { SubscriberObserver } from './observer.ts';
import { END_STATUS, type EndStatus, IdleTimer, startOf } from './subscriber.ts';
import type { Watched } from './watched.ts';

/** The connection of a streaming subscriber. */
export interface Wire {
  /** Writes encoded messages; returns the bytes that have not left yet. */
  write(bytes: Buffer): number;
  /** Says good-bye in the transport's own form and closes. */
  finish(status: EndStatus): void;
  /** Closes without a word. */
  destroy(): void;
}

export class StreamingSubscriber implements Sink {
  readonly format: MessageFormat;
  readonly #wire: Wire;
  readonly #idle: IdleTimer;
  #subscription: Subscription | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #forgetExpiry: () => void;
  /** While it is counted as a subscriber. */
  #counted: SubscriberTransport | undefined;
  readonly #observer: SubscriberObserver | undefined;
  readonly #description: SubscriberDescription | undefined;

  constructor(wire: Wire, format: MessageFormat, handoff: Handoff, watched: Watched = {}) {
    this.#observer = watched.observer;
    this.#description = watched.description;
    this.#wire = wire;
    this.format = format;
    this.#idle = new IdleTimer(handoff.settings.subscriberTimeout, () => this.#endWith(408));
    this.#forgetExpiry = atExpiry(handoff, () => this.#endWith(401));
  }

  /** Calls `action` every `seconds` until the subscription ends. */
  every(seconds: number, action: () => void): void {
    this.#timer = every(seconds, action);
  }

  start(store: Store, handoff: Handoff): void {
    this.#observer?.joined?.();
    this.#counted = handoff.transport as SubscriberTransport;
    statistics.subscribers[this.#counted] += 1;
    this.#subscription = store.subscribe(handoff.channels, startOf(handoff), this);
  }

  write(bytes: Buffer, last: Delivery, before: Delivery | undefined): number {
    this.#idle.touch();
    this.#observer?.delivered?.(last, before);
    return this.#wire.write(bytes);
  }

  upToDate(): void {
    this.#observer?.begun?.();
  }

  describe(): Buffer | undefined {
    return this.#description?.text();
  }

  end(reason: EndReason): void {
    this.#leave();
    const status = END_STATUS[reason];
    if (status) this.#wire.finish(status);
    else this.#wire.destroy();
  }

  /** The wire can take more. */
  drained(): void {
    this.#subscription?.resume();
  }

  /** The client is gone. */
  closed(): void {
    this.#leave();
    this.#subscription?.cancel();
  }

  #leave(): void {
    if (this.#counted) statistics.subscribers[this.#counted] -= 1;
    this.#counted = undefined;
    this.#idle.stop();
    this.#forgetExpiry();
    clearInterval(this.#timer);
    this.#observer?.left?.();
  }

  /** Ends the subscription from our side. */
  #endWith(status: EndStatus): void {
    this.#leave();
    this.#subscription?.cancel();
    this.#wire.finish(status);
  }
}

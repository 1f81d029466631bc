/** Who wants to know how a subscriber fares. */
import type { Delivery } from '../store/message.ts';

export interface SubscriberObserver {
  /** It is about to subscribe. */
  joined?(): void;
  /** It was given messages, the newest of which is `last`; `before` is the one in front of it, if it got several. */
  delivered?(last: Delivery, before: Delivery | undefined): void;
  /** It has got what was in the buffers. */
  begun?(): void;
  /** It is gone, whatever the reason. May be called more than once. */
  left?(): void;
}

class Observers implements SubscriberObserver {
  readonly #all: readonly SubscriberObserver[];

  constructor(all: readonly SubscriberObserver[]) {
    this.#all = all;
  }

  joined(): void {
    for (const one of this.#all) one.joined?.();
  }

  delivered(last: Delivery, before: Delivery | undefined): void {
    for (const one of this.#all) one.delivered?.(last, before);
  }

  begun(): void {
    for (const one of this.#all) one.begun?.();
  }

  left(): void {
    for (const one of this.#all) one.left?.();
  }
}

/** All of them as one; undefined when there are none. */
export function observedBy(
  ...observers: readonly (SubscriberObserver | undefined)[]
): SubscriberObserver | undefined {
  const all = observers.filter((observer) => observer !== undefined);
  return all.length > 1 ? new Observers(all) : all[0];
}

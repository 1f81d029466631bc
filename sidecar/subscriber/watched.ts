/** What is to be known of a subscriber while it is there. */
import type { ServerContext } from '../context.ts';
import type { Handoff } from '../handoff.ts';
import type { Store } from '../store/store.ts';
import { descriptionOf, type SubscriberDescription } from '../subscriber-info/description.ts';
import { observedBy, type SubscriberObserver } from './observer.ts';

export interface Watched {
  readonly observer?: SubscriberObserver | undefined;
  /** For whoever asks who subscribes. */
  readonly description?: SubscriberDescription | undefined;
}

const UNWATCHED: Watched = {};

/** @param streams for the hooks, which are not asked about polls */
export function watchedBy(context: ServerContext, handoff: Handoff, store: Store, streams: boolean): Watched {
  const description = descriptionOf(handoff);
  const observer = observedBy(
    streams ? context.hooks.ofSubscriber(handoff) : undefined,
    context.events.ofSubscriber(handoff, store),
    description?.observer,
  );
  return observer || description ? { observer, description } : UNWATCHED;
}

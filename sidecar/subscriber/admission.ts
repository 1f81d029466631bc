/** Whether the channels of a subscriber take another one (spec/http-protocol.md §9). */
import type { RefusalName } from '../../handoff/refusals.ts';
import { subscriptionRefusal } from '../group/limits.ts';
import type { Handoff } from '../handoff.ts';
import type { Store } from '../store/store.ts';

/**
 * Calls `subscribe` if the subscriber may join, in the same turn as the last check, so that two who come at once do not
 * both get the last place; else `refuse`. Where no channel has to be looked up that happens before this returns.
 * @throws what subscribe throws, and what the store says when it cannot look
 */
export function admitSubscriber(
  store: Store,
  handoff: Handoff,
  subscribe: () => void | Promise<void>,
  refuse: (refusal: RefusalName) => void,
): void | Promise<void> {
  const { existingChannelsOnly, maxChannelSubscribers } = handoff.settings;
  const join = () => {
    if (maxChannelSubscribers > 0 && store.subscribersHere(handoff.channels) >= maxChannelSubscribers) {
      return refuse('too_many_subscribers');
    }
    const refusal = subscriptionRefusal(store, handoff);
    return refusal ? refuse(refusal) : subscribe();
  };
  if (!existingChannelsOnly) return join();
  return allExist(store, handoff.channels).then((exist) =>
    exist ? join() : refuse('channel_does_not_exist'),
  );
}

async function allExist(store: Store, channels: readonly string[]): Promise<boolean> {
  const infos = await Promise.all(channels.map((channel) => store.info(channel)));
  return !infos.includes(undefined);
}

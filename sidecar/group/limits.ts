/** Whether the group of a request's channels takes what the request brings (spec/hooks.md §7). */
import type { Action } from '../../handoff/headers.ts';
import type { RefusalName } from '../../handoff/refusals.ts';
import type { Handoff } from '../handoff.ts';
import { type Group, groupOfChannel } from '../store/groups.ts';
import { keptBytes, type MessageDraft } from '../store/message.ts';
import type { Store } from '../store/store.ts';

/** A message that its group does not take. It is no fault, so nobody is told but its publisher. */
export class GroupLimitError extends Error {
  override readonly name = 'GroupLimitError';
  readonly refusal: RefusalName;

  constructor(refusal: RefusalName) {
    super(refusal);
    this.refusal = refusal;
  }
}

const CHANNEL_ACTIONS: readonly Action[] = ['publish', 'info', 'delete', 'subscribe'];

/** The limits that a request sets for the group of its channels hold from now on, for itself, too. */
export function setGroupLimits(store: Store, { action, channels, groupLimits, settings }: Handoff): void {
  const [first] = channels;
  if (groupLimits && CHANNEL_ACTIONS.includes(action) && settings.groupAccounting && first !== undefined) {
    store.groups.limit(groupOfChannel(first), groupLimits, false);
  }
}

/**
 * Asks in the turn in which the message is published. To several channels it goes only if there is room in all.
 * @throws GroupLimitError
 */
export function checkPublication(store: Store, { channels, settings }: Handoff, draft: MessageDraft): void {
  const group = settings.groupAccounting ? limitedGroup(store, channels) : undefined;
  if (!group) return;
  const { limits } = group;
  const count = channels.length;
  if (exceeds(group.messages + count, limits.messages)) throw new GroupLimitError('group_messages_reached');
  if (exceeds(group.messagesMemory + keptBytes(draft) * count, limits.messagesMemory)) {
    throw new GroupLimitError('group_memory_reached');
  }
  if (limits.channels > 0 && takesNone(group, store.newChannels(channels, 'publish'))) {
    throw new GroupLimitError('group_channels_reached');
  }
}

/** Asks in the turn in which the subscriber joins. */
export function subscriptionRefusal(store: Store, handoff: Handoff): RefusalName | undefined {
  const { channels, settings, transport } = handoff;
  const group = settings.groupAccounting ? limitedGroup(store, channels) : undefined;
  if (!group) return undefined;
  const { limits } = group;
  if (limits.subscribers > 0 && group.subscribers + group.arriving >= limits.subscribers) {
    return 'group_takes_no_subscriber';
  }
  // Interval-polls only look.
  if (limits.channels === 0 || transport === 'intervalpoll') return undefined;
  return takesNone(group, store.newChannels(channels, 'subscribe')) ? 'group_takes_no_channel' : undefined;
}

/** All channels of a request are of one group. */
function limitedGroup({ groups }: Store, [first]: readonly string[]): Group | undefined {
  const group = first === undefined ? undefined : groups.find(groupOfChannel(first));
  return group?.isLimited ? group : undefined;
}

function takesNone({ channels, limits }: Group, news: number): boolean {
  return news > 0 && exceeds(channels + news, limits.channels);
}

function exceeds(figure: number, limit: number): boolean {
  return limit > 0 && figure > limit;
}

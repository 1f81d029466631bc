import type { Handoff } from '../handoff.ts';
import type { MessageDraft } from '../store/message.ts';
import type { ChannelInfo, Store } from '../store/store.ts';

/** What `nchan_message_timeout 0` means (spec/surprises.md E4). */
const FOREVER_SECONDS = 365 * 24 * 3600;

/**
 * Publishes under the location's limits.
 * @throws StorageFullError from the store.
 */
export function publish(store: Store, handoff: Handoff, draft: MessageDraft): Promise<ChannelInfo> {
  return store.publish(handoff.channels[0] as string, draft, {
    length: handoff.messageBufferLength,
    timeoutSeconds: handoff.messageTimeout || FOREVER_SECONDS,
  });
}

/** Publishers are told 201 when somebody listens, else 202 (spec/surprises.md A4). */
export function publishStatus(info: ChannelInfo): number {
  return info.subscribers > 0 ? 201 : 202;
}

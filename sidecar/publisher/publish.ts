import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { RefusalName } from '../../handoff/refusals.ts';
import type { ServerContext } from '../context.ts';
import { checkPublication } from '../group/limits.ts';
import type { Handoff } from '../handoff.ts';
import { headerText } from '../header-text.ts';
import { statistics } from '../statistics/statistics.ts';
import { type Deflated, formatId, type MessageDraft } from '../store/message.ts';
import type { ChannelInfo, Store } from '../store/store.ts';
import { deflateMessage } from '../websocket/deflate.ts';
import { PublishOrder } from './publish-order.ts';

/** One for all stores: at worst a message waits for one to a channel of the same name. */
const order = new PublishOrder();

/** What `nchan_message_timeout 0` means (spec/surprises.md E4). */
const FOREVER_SECONDS = 365 * 24 * 3600;

/** The figures of what a request published to, or of a channel that it asked about. */
export interface PublisherInfo extends Omit<ChannelInfo, 'lastMessageId'> {
  /** `time:tag` for one channel; several have no id in common. */
  readonly lastMessageId: string;
}

/** The figures of one channel. */
export function infoOfOne(info: ChannelInfo): PublisherInfo {
  return { ...info, lastMessageId: info.passedOn ? '0' : formatId(info.lastMessageId) };
}

/** The figures of several channels as one: most messages, latest activity, all subscribers (spec/http-protocol.md §2.5). */
export function infoOfSeveral(infos: readonly (ChannelInfo | undefined)[]): PublisherInfo {
  let messages = 0;
  let subscribers = 0;
  let lastSeenSubscriber: number | undefined;
  for (const info of infos) {
    messages = Math.max(messages, info?.messages ?? 0);
    subscribers += info?.subscribers ?? 0;
    const seen = info?.lastSeenSubscriber;
    if (seen !== undefined) lastSeenSubscriber = Math.max(lastSeenSubscriber ?? seen, seen);
  }
  return { messages, subscribers, lastSeenSubscriber, lastMessageId: '0' };
}

/**
 * Publishes to every channel of the request under the location's limits.
 * @throws StorageFullError from the store, GroupLimitError.
 */
export async function publish(store: Store, handoff: Handoff, draft: MessageDraft): Promise<PublisherInfo> {
  const info = await publishToAll(store, handoff, draft);
  const transport = handoff.transport === 'websocket' ? 'websocket' : 'http';
  statistics.published[transport].add(1, draft.data.length);
  statistics.fanout.observe(info.subscribers);
  return info;
}

async function publishToAll(store: Store, handoff: Handoff, draft: MessageDraft): Promise<PublisherInfo> {
  const limits = {
    length: handoff.messageBufferLength,
    timeoutSeconds: handoff.messageTimeout || FOREVER_SECONDS,
  };
  const { channels, settings } = handoff;
  const deflated = settings.deflateMessage ? deflateMessage(draft.data, settings) : undefined;
  const complete = (copy: Deflated | undefined): MessageDraft =>
    copy ? { ...draft, deflated: copy } : draft;
  const [first] = channels;
  if (channels.length === 1 && first !== undefined) {
    return infoOfOne(
      await order.run(channels, deflated, (copy) => {
        const whole = complete(copy);
        checkPublication(store, handoff, whole);
        return store.publish(first, whole, limits);
      }),
    );
  }
  const infos = await order.run(channels, deflated, (copy) => {
    const whole = complete(copy);
    checkPublication(store, handoff, whole);
    return Promise.all(channels.map((channel) => store.publish(channel, whole, limits)));
  });
  return infoOfSeveral(infos);
}

/**
 * Asks the application of the location, if it has one, what becomes of a message.
 * @param maxBytes that may be published in its place
 * @param publisher the connection that brought it: once it is closed, nothing is published
 * @returns what is to be published; or nothing, or the refusal for its publisher
 */
export async function whatToPublish(
  context: ServerContext,
  handoff: Handoff,
  maxBytes: number,
  draft: MessageDraft,
  publisher: Socket,
): Promise<MessageDraft | 'nothing' | RefusalName> {
  const asked = context.hooks.askAbout(handoff, draft.data, maxBytes, publisher);
  if (!asked) return draft;
  const verdict = await asked;
  if ('refusal' in verdict) return verdict.refusal;
  if (verdict.publish === 'nothing') return 'nothing';
  if (verdict.publish === 'original') return draft;
  const { data, contentType } = verdict;
  if (contentType.length > MAX_CONTENT_TYPE_BYTES) return 'content_type_too_long';
  return { ...draft, data, contentType };
}

/** The event name of a message: the location's, else the one that the publisher's header names. */
export function eventOf(handoff: Handoff, headers: IncomingHttpHeaders): string {
  return (
    headerText(handoff.settings.eventsourceEvent) ||
    ((headers['x-eventsource-event'] as string | undefined) ?? '')
  );
}

/** Longer content types would not fit into nginx's buffer for the head of a long-poll answer, 4 KiB by default. */
const MAX_CONTENT_TYPE_BYTES = 1024;

/** True for a publisher whose Content-Type no polling subscriber could be given. */
export function contentTypeTooLong(headers: IncomingHttpHeaders): boolean {
  return (headers['content-type']?.length ?? 0) > MAX_CONTENT_TYPE_BYTES;
}

/** Publishers are told 201 when somebody listens, else 202 (spec/surprises.md A4). */
export function publishStatus(info: PublisherInfo): number {
  return info.subscribers > 0 ? 201 : 202;
}

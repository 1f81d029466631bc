/** A message and its id, as every store keeps them and every transport encodes them. */

/** Unix seconds and a counter within that second; ids of one channel are ordered by (time, tag). */
export interface MessageId {
  readonly time: number;
  readonly tag: number;
}

/** Before every message: the id from which a reader gets the oldest one kept. */
export const BEFORE_ALL: MessageId = { time: 0, tag: -1 };

/** A message's data compressed for WebSocket subscribers, independently of every other message (RFC 7692 §7.2.1). */
export interface Deflated {
  /** DEFLATE blocks without the empty one, `00 00 ff ff`, that follows each message unsent. */
  readonly data: Buffer;
  /** The window that inflating it takes, as log2 of bytes: 9 to 15. */
  readonly window: number;
}

/** What a publisher gives; the store adds the id. */
export interface MessageDraft {
  readonly data: Buffer;
  /** Only where the publisher's location asks for it, and only if it is smaller than the data. */
  readonly deflated?: Deflated | undefined;
  /** The publisher's Content-Type verbatim, or '' when it sent none. */
  readonly contentType: string;
  /** Name for an EventSource `event:` line, or ''. */
  readonly eventsourceEvent: string;
}

export interface Message extends MessageDraft {
  readonly id: MessageId;
  /**
   * When the message is gone, in milliseconds of this process's steady clock (Clock.steadyMs): a wall clock that is set
   * must neither keep it nor lose it. It means nothing elsewhere; a store that others share keeps a lifetime.
   */
  readonly expiresAtMs: number;
  /** False when it was published with a buffer length of 0: only present subscribers get it. */
  readonly buffered: boolean;
}

/** The id of a message as a subscriber gets it: the time, and a tag for each channel that it subscribes to. */
export interface SubscriptionId {
  readonly time: number;
  /** `1` for a single channel, `0,[1],-` for several (spec/message-ids.md §2). */
  readonly tags: string;
}

/** A message on its way to subscribers. */
export interface Delivery {
  readonly message: Message;
  readonly id: SubscriptionId;
  /** Place of the message's channel in the subscription's list. */
  readonly channel: number;
}

/** Bytes of a message's data in all the forms in which it is kept. */
export function dataBytes({ data, deflated }: MessageDraft): number {
  return data.length + (deflated ? deflated.data.length : 0);
}

/** Memory that a buffered message takes beside its data; measured, rounded up. */
const MESSAGE_OVERHEAD_BYTES = 384;

/** Bytes that a message takes while it is buffered. */
export function keptBytes(draft: MessageDraft): number {
  return dataBytes(draft) + MESSAGE_OVERHEAD_BYTES;
}

/** Negative, zero or positive as `a` is before, equal to or after `b`. */
export function compareIds(a: MessageId, b: MessageId): number {
  return a.time - b.time || a.tag - b.tag;
}

/** `time:tag` (spec/message-ids.md §2). */
export function formatId(id: MessageId): string {
  return `${id.time}:${id.tag}`;
}

/** `time:tags`, with which a subscriber can resume. */
export function formatSubscriptionId(id: SubscriptionId): string {
  return `${id.time}:${id.tags}`;
}

/** A message and its id, as every store keeps them and every transport encodes them. */

/** Unix seconds and a counter within that second; ids of one channel are ordered by (time, tag). */
export interface MessageId {
  readonly time: number;
  readonly tag: number;
}

/** Before every message: the id from which a reader gets the oldest one kept. */
export const BEFORE_ALL: MessageId = { time: 0, tag: -1 };

/** What a publisher gives; the store adds the id. */
export interface MessageDraft {
  readonly data: Buffer;
  /** The publisher's Content-Type verbatim, or '' when it sent none. */
  readonly contentType: string;
  /** Name for an EventSource `event:` line, or ''. */
  readonly eventsourceEvent: string;
}

export interface Message extends MessageDraft {
  readonly id: MessageId;
  /** Unix milliseconds after which the message is gone. */
  readonly expiresAtMs: number;
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

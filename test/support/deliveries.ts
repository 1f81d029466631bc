import type { Delivery, Message } from '../../sidecar/store/message.ts';

/** The id of messages whose test does not care; that of the examples in spec/http-protocol.md §5. */
const ID = { time: 1795246539, tag: 2 };

/** A message with this data, and whatever else a test wants of it. */
export function messageOf(data: string | Uint8Array, more: Partial<Message> = {}): Message {
  return {
    id: ID,
    data: Buffer.from(data as Uint8Array),
    contentType: '',
    eventsourceEvent: '',
    expiresAtMs: 0,
    buffered: true,
    ...more,
  };
}

/** The same on its way to a subscriber of its channel alone. */
export function deliveryOf(data: string | Uint8Array, more: Partial<Message> = {}): Delivery {
  const message = messageOf(data, more);
  return { message, id: { time: message.id.time, tags: String(message.id.tag) }, channel: 0 };
}

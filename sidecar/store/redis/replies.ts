/** What the scripts of lua/ reply, as the store's own types. Strings in replies are Buffers. */
import type { MessageId } from '../message.ts';
import type { ChannelInfo } from '../store.ts';
import type { RedisMessage } from './announcement.ts';

/** A script replied something that its head comment does not allow: the scripts in Redis are not ours. */
export class ReplyShapeError extends Error {
  override readonly name = 'ReplyShapeError';
}

function bytes(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new ReplyShapeError('a script replied no string where one belongs');
  return value;
}

function integer(value: unknown): number {
  const number = typeof value === 'number' ? value : Number(bytes(value).toString('latin1'));
  if (!Number.isSafeInteger(number))
    throw new ReplyShapeError('a script replied no number where one belongs');
  return number;
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new ReplyShapeError('a script replied no list where one belongs');
  return value;
}

/** `time:tag`; undefined for ''. */
function messageId(value: unknown): MessageId | undefined {
  const text = bytes(value).toString('latin1');
  if (text === '') return undefined;
  const colon = text.indexOf(':');
  const time = Number(text.slice(0, colon));
  const tag = Number(text.slice(colon + 1));
  if (colon < 0 || !Number.isSafeInteger(time) || !Number.isSafeInteger(tag)) {
    throw new ReplyShapeError('a script replied no message id where one belongs');
  }
  return { time, tag };
}

/** The figures that publish, find_channel and delete reply; undefined for nil. */
export function parseFigures(reply: unknown): ChannelInfo | undefined {
  if (reply === null) return undefined;
  const fields = list(reply);
  const seen = integer(fields[3]);
  return {
    lastMessageId: messageId(fields[0]) ?? { time: 0, tag: 0 },
    messages: integer(fields[1]),
    subscribers: integer(fields[2]),
    lastSeenSubscriber: seen < 0 ? undefined : seen,
  };
}

/** The figures that publish_nostore replies. */
export function parseNostoreFigures(reply: unknown): ChannelInfo {
  const [, subscribers, lastSeen] = list(reply);
  const seen = integer(lastSeen);
  return passedOn(integer(subscribers), seen < 0 ? undefined : seen);
}

/** The figures of a message that Redis has only passed on. */
export function passedOn(subscribers: number, lastSeenSubscriber?: number): ChannelInfo {
  return { passedOn: true, lastMessageId: { time: 0, tag: 0 }, messages: 0, subscribers, lastSeenSubscriber };
}

/** What get_message_from_key replies; undefined for nil. */
export function parseMessage(reply: unknown): RedisMessage | undefined {
  if (reply === null) return undefined;
  const [ttl, time, tag, previousTime, previousTag, data, contentType, event, compression] = list(reply);
  return {
    ttlSeconds: integer(ttl),
    id: { time: integer(time), tag: integer(tag) },
    previous: { time: integer(previousTime), tag: integer(previousTag) },
    data: bytes(data),
    contentType: bytes(contentType).toString('latin1'),
    eventsourceEvent: bytes(event).toString('latin1'),
    compressed: bytes(compression).toString('latin1') === '1',
  };
}

/** What get_messages replies. */
export interface ChannelMessages {
  readonly exists: boolean;
  /** Most messages that the channel keeps; undefined while none was published. */
  readonly maxMessages: number | undefined;
  /** Where to read on; undefined when that was all. */
  readonly readOn: MessageId | undefined;
  readonly messages: readonly { readonly message: RedisMessage; readonly buffered: boolean }[];
}

export function parseMessages(reply: unknown): ChannelMessages {
  const [exists, maxMessages, readOn, messages] = list(reply);
  const most = bytes(maxMessages).toString('latin1');
  return {
    exists: integer(exists) === 1,
    maxMessages: most === '' ? undefined : integer(maxMessages),
    readOn: messageId(readOn),
    messages: list(messages).map((fields) => ({
      message: parseMessage(fields) as RedisMessage,
      buffered: integer(list(fields)[9]) === 1,
    })),
  };
}

/** What nth_message replies; undefined for "". */
export const parsePosition = messageId;

/** What subscriber_register replies. */
export function parseRegistration(reply: unknown): { subscriberId: number; keepaliveMs: number } {
  const [subscriberId, , keepaliveMs] = list(reply);
  return { subscriberId: integer(subscriberId), keepaliveMs: integer(keepaliveMs) };
}

export { integer as parseInteger };

/** The msgpack arrays by which servers tell each other about a channel (spec/redis-store.md §4). */
import { decode } from '@msgpack/msgpack';
import type { MessageId } from '../message.ts';

/** A message as Redis has it: in an announcement, or as a script replies it. */
export interface RedisMessage {
  readonly id: MessageId;
  /** The message before it; 0:0 if there is none, and with unbuffered messages. */
  readonly previous: MessageId;
  /** Seconds that it lives on. */
  readonly ttlSeconds: number;
  readonly data: Buffer;
  readonly contentType: string;
  readonly eventsourceEvent: string;
  /** WebSocket subscribers get it compressed. */
  readonly compressed: boolean;
}

export type Announcement =
  | {
      readonly kind: 'message';
      readonly maxMessages: number | undefined;
      readonly message: RedisMessage;
      /** Redis knows of no server with subscribers; told only of what is not stored. */
      readonly noServers: boolean;
    }
  | {
      readonly kind: 'key';
      readonly maxMessages: number | undefined;
      readonly id: MessageId;
      readonly key: Buffer;
    }
  | { readonly kind: 'delete'; readonly channelId: Buffer }
  | { readonly kind: 'subscriberInfo'; readonly request: number }
  | { readonly kind: 'status'; readonly channelId: Buffer; readonly status: number };

/** Says what is wrong with an announcement; the sender is of another kind or version. */
export class AnnouncementError extends Error {
  override readonly name = 'AnnouncementError';
}

const PREFIX = 'max_msgs+';

/** The status of "unsub all" where it has none (spec/redis-store.md §4). */
const DEFAULT_STATUS = 409;

/**
 * Reads an announcement. Extra elements at the end are left alone, as they are by Nchan.
 * @throws AnnouncementError
 */
export function parseAnnouncement(bytes: Buffer): Announcement {
  let array: unknown;
  try {
    array = decode(bytes, { rawStrings: true });
  } catch (error) {
    throw new AnnouncementError(`not msgpack: ${(error as Error).message}`);
  }
  if (!Array.isArray(array)) throw new AnnouncementError('not an array');
  const elements = new Elements(array);
  const kind = elements.text('kind');
  const resized = kind.startsWith(PREFIX);
  const maxMessages = resized ? elements.integer('max_messages') : undefined;
  switch (resized ? kind.slice(PREFIX.length) : kind) {
    case 'msg':
      return {
        kind: 'message',
        maxMessages,
        message: readMessage(elements),
        noServers: elements.left > 0 && elements.integer('no_servers') === 1,
      };
    case 'msgkey':
      return { kind: 'key', maxMessages, id: readId(elements), key: elements.bytes('key') };
    case 'alert':
      return readAlert(elements);
    default:
      throw new AnnouncementError('of an unknown kind');
  }
}

function readAlert(elements: Elements): Announcement {
  switch (elements.text('alert')) {
    case 'delete channel':
      return { kind: 'delete', channelId: elements.bytes('id') };
    case 'subscriber info':
      return { kind: 'subscriberInfo', request: elements.integer('request') };
    case 'unsub all':
      return {
        kind: 'status',
        channelId: elements.bytes('id'),
        status: elements.left > 0 ? elements.integer('status') : DEFAULT_STATUS,
      };
    default:
      throw new AnnouncementError('an unknown alert');
  }
}

function readId(elements: Elements): MessageId {
  return { time: elements.integer('time'), tag: elements.integer('tag') };
}

function readMessage(elements: Elements): RedisMessage {
  const ttlSeconds = Math.max(elements.integer('ttl'), 1);
  return {
    ttlSeconds,
    id: readId(elements),
    previous: readId(elements),
    data: elements.bytes('data'),
    contentType: elements.text('content_type'),
    eventsourceEvent: elements.text('eventsource_event'),
    compressed: elements.left > 0 && elements.integer('compression') === 1,
  };
}

/** Takes an array's elements one by one. */
class Elements {
  readonly #array: readonly unknown[];
  #next = 0;

  constructor(array: readonly unknown[]) {
    this.#array = array;
  }

  get left(): number {
    return this.#array.length - this.#next;
  }

  bytes(name: string): Buffer {
    const value = this.#array[this.#next++];
    if (!(value instanceof Uint8Array)) throw new AnnouncementError(`${name} is not a string`);
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }

  /** One character a byte, as header values are kept. */
  text(name: string): string {
    return this.bytes(name).toString('latin1');
  }

  integer(name: string): number {
    const value = this.#array[this.#next++];
    if (!Number.isSafeInteger(value)) throw new AnnouncementError(`${name} is not a whole number`);
    return value as number;
  }
}

/**
 * The announcement of a message that is stored nowhere: no channel knows one before it.
 * @param draft its texts have one character a byte.
 */
export function formatUnstoredMessage(
  draft: Pick<RedisMessage, 'ttlSeconds' | 'data' | 'contentType' | 'eventsourceEvent' | 'compressed'>,
  time: number,
): Buffer {
  return Buffer.concat([
    Buffer.of(0x9a),
    packString(Buffer.from('msg')),
    packUint32(draft.ttlSeconds),
    packUint32(time),
    Buffer.of(0, 0, 0),
    packString(draft.data),
    packString(Buffer.from(draft.contentType, 'latin1')),
    packString(Buffer.from(draft.eventsourceEvent, 'latin1')),
    Buffer.of(draft.compressed ? 1 : 0),
  ]);
}

function packUint32(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0xce;
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

/** As `str`, which Nchan insists on; the library would write bytes as `bin`. */
function packString(value: Buffer): Buffer {
  if (value.length < 32) return Buffer.concat([Buffer.of(0xa0 | value.length), value]);
  const head = Buffer.alloc(5);
  head[0] = 0xdb;
  head.writeUInt32BE(value.length, 1);
  return Buffer.concat([head, value]);
}

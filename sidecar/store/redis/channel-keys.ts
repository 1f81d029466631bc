/**
 * Channel names and what they are called in Redis (spec/redis-store.md §1). A name's bytes stand in its keys between
 * braces, the part that decides in which slot of a cluster they are, so a `}` is written as byte 0x19; the gateway
 * refuses names that contain that byte.
 */
import { isPlainChannelName } from '../../../handoff/channel-name.ts';
import { BRACE_STAND_IN, TAG } from './keys.ts';

const CLOSING_BRACE = 0x7d;
const STAND_IN = BRACE_STAND_IN.charCodeAt(0);
const PUBSUB = Buffer.from(':pubsub');

/** The id of a channel as it stands in keys and alerts. `name` is percent-encoded. */
export function channelIdOf(name: string): Buffer {
  const bytes = Buffer.alloc(name.length);
  let length = 0;
  for (let i = 0; i < name.length; i++) {
    let byte = name.charCodeAt(i);
    if (byte === 0x25) {
      byte = Number.parseInt(name.slice(i + 1, i + 3), 16);
      i += 2;
    }
    bytes[length++] = byte === CLOSING_BRACE ? STAND_IN : byte;
  }
  return bytes.subarray(0, length);
}

/** The keys of one channel that its own server uses by name. */
export interface ChannelKeys {
  /** The id in alerts. */
  readonly id: Buffer;
  /** The hash at its head; every other key is this and a suffix. */
  readonly head: Buffer;
  /** The PUBSUB channel of its announcements. */
  readonly pubsub: Buffer;
}

/** The others are made when they are asked for: publishing takes none but the head. */
class Keys implements ChannelKeys {
  readonly head: Buffer;
  readonly #name: string;
  #pubsub: Buffer | undefined;

  constructor(namespace: string, name: string) {
    this.#name = name;
    this.head = isPlainChannelName(name)
      ? Buffer.from(`${namespace}${TAG}${name}}`)
      : Buffer.concat([Buffer.from(namespace + TAG), channelIdOf(name), Buffer.of(CLOSING_BRACE)]);
  }

  get id(): Buffer {
    return channelIdOf(this.#name);
  }

  get pubsub(): Buffer {
    this.#pubsub ??= Buffer.concat([this.head, PUBSUB]);
    return this.#pubsub;
  }
}

/** @param namespace '' or ending in a colon. */
export function channelKeys(namespace: string, name: string): ChannelKeys {
  return new Keys(namespace, name);
}

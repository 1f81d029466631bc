/** The names of a channel's keys in Redis: `ns{channel:ID}` and `ns{channel:ID}:suffix`, as Nchan has them. */

/** `}` would end the part of the key that Redis Cluster hashes, so it stands as this byte. No id may contain it. */
export const BRACE_STAND_IN = '\x19';

/** What begins the part that it hashes, which ends with a `}`. */
export const TAG = '{channel:';

/** A key of a channel, taken apart. */
export interface ChannelKey {
  /** As it stands in the key: with its colon, or empty. */
  readonly namespace: string;
  /** The channel's full name, group included. */
  readonly id: string;
  /** Empty for the head, else `messages`, `msg:TIME:TAG`, `pubsub`, …: what follows the colon. */
  readonly suffix: string;
}

/** The namespace as it stands in keys: with a colon at its end, unless it is empty. */
export function keyNamespace(configured: string): string {
  return configured === '' || configured.endsWith(':') ? configured : `${configured}:`;
}

/**
 * The key of a channel's head. The other keys are this one and a suffix.
 * @param namespace - as keyNamespace gives it
 */
export function channelHeadKey(namespace: string, id: string): string {
  return `${namespace}${TAG}${id.replaceAll('}', BRACE_STAND_IN)}}`;
}

/** The name of a channel, from how it stands in keys and in the arguments of Nchan's scripts. */
export function channelNameInRedis(text: string): string {
  return text.replaceAll(BRACE_STAND_IN, '}');
}

/**
 * Takes a key apart.
 * @param key - text or bytes as latin1; the parts are of the same kind
 * @returns undefined when it is no key of a channel
 */
export function parseChannelKey(key: string): ChannelKey | undefined {
  const tag = key.indexOf(TAG);
  const end = key.indexOf('}', tag);
  if (tag < 0 || end < 0) return undefined;
  const rest = key.slice(end + 1);
  if (rest !== '' && !rest.startsWith(':')) return undefined;
  return {
    namespace: key.slice(0, tag),
    id: channelNameInRedis(key.slice(tag + TAG.length, end)),
    suffix: rest.slice(1),
  };
}

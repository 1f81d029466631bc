/**
 * Channel names on their way from the gateway to the sidecar. A full name is `group/id` (spec/directives.md §2); ids
 * are arbitrary bytes, since nginx decodes `%0d%0a` in a location before a regex captures it. Percent-encoding keeps
 * them out of harm's way in headers, logs and, later, Redis keys.
 */

/** Channels that one request may name (spec/http-protocol.md §9). */
export const MAX_CHANNELS = 255;

/** Any character but those written as they are: RFC 3986's unreserved ones and the slash between group and id. */
const ESCAPED = /[^A-Za-z0-9\-._~/]/;
const HEX = '0123456789ABCDEF';

/** True for names that encodeChannelName leaves as they are: nearly all. */
export function isPlainChannelName(text: string): boolean {
  return !ESCAPED.test(text);
}

/** Percent-encodes every byte of a name but unreserved characters and `/`. `bytes` is the name's raw bytes. */
export function encodeChannelName(bytes: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    const char = String.fromCharCode(byte);
    text += ESCAPED.test(char) ? `%${HEX.charAt(byte >> 4)}${HEX.charAt(byte & 15)}` : char;
  }
  return text;
}

/**
 * True for text that encodeChannelName could have written: the sidecar keeps names in this form, since it is unique
 * for each name and safe to log.
 */
export function isEncodedChannelName(text: string): boolean {
  return /^(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*$(?!\n)/.test(text);
}

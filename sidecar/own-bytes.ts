/**
 * One buffer with the bytes of all parts, in memory of its own: what the network hands out are slices, each of which
 * would keep its whole network buffer alive as long as the message.
 */
export function ownBytes(parts: readonly Buffer[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = Buffer.allocUnsafeSlow(length);
  let offset = 0;
  for (const part of parts) offset += part.copy(bytes, offset);
  return bytes;
}

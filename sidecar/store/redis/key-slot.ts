/** Which slot of a Redis Cluster a key is in. */

export const SLOTS = 16_384;

/** CRC-16/XMODEM, which Redis Cluster takes, of each byte. */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  return crc;
});

const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** The slot of a key or a PUBSUB channel: of what stands between its first braces, if there is anything. */
export function keySlot(key: Uint8Array): number {
  let start = 0;
  let end = key.length;
  const opening = key.indexOf(OPENING_BRACE);
  if (opening >= 0) {
    const closing = key.indexOf(CLOSING_BRACE, opening + 1);
    if (closing > opening + 1) {
      start = opening + 1;
      end = closing;
    }
  }
  let crc = 0;
  for (let i = start; i < end; i++) crc = ((crc << 8) & 0xffff) ^ CRC16[(crc >> 8) ^ key[i]!]!;
  return crc % SLOTS;
}

/** The query of a subrequest, which nginx writes into the request line of a backend as it is. */

/** A query, or part of one, with the bytes percent-encoded that would end it. */
export function encodedQuery(bytes: Buffer | undefined): string {
  if (bytes === undefined) return '';
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    const isUnsafe = byte <= 0x20 || byte >= 0x7f || byte === 0x23;
    text += isUnsafe
      ? `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
      : String.fromCharCode(byte);
  }
  return text;
}

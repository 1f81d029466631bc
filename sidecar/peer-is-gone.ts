/** Codes of what reading from or writing to a connection fails with when the other side has closed it, as it may. */
export const PEER_IS_GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ECONNRESET']);

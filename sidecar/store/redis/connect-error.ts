/** Why there is no connection to Redis, in words for whoever runs njchan. */
import { describeAddress, type RedisAddress } from './url.ts';

/** No connection, or one that Redis allows too little on. The message names the address and never a password. */
export class RedisConnectError extends Error {}

/** Redis's refusals, by how they begin, and what they mean to a user. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^NOAUTH /, 'wants a password: put USER:PASSWORD@ (or :PASSWORD@) before the host in its URL'],
  [/^WRONGPASS |^ERR invalid password/, 'does not accept this user and password'],
  [/^NOPERM /, 'does not let this user in that far'],
];

/**
 * Puts a failure to connect into words.
 * @param cause - what the socket, the TLS layer or Redis said
 */
export function connectError(address: RedisAddress, cause: Error): RedisConnectError {
  const name = describeAddress(address);
  const meaning = REFUSALS.find(([pattern]) => pattern.test(cause.message))?.[1];
  // A host with several addresses fails with one error a try and no message of its own.
  const said = cause.message || (cause as NodeJS.ErrnoException).code || cause.name;
  if (meaning !== undefined) return new RedisConnectError(`Redis at ${name} ${meaning} (${said})`, { cause });
  if (cause.name === 'ReplyError')
    return new RedisConnectError(`Redis at ${name} refuses: ${said}`, { cause });
  return new RedisConnectError(`no connection to Redis at ${name}: ${said}`, { cause });
}

/** Failures of Redis as failures of the command. */
import { RedisConnectError } from '../sidecar/store/redis/connect-error.ts';
import { RedisUrlError } from '../sidecar/store/redis/url.ts';
import { CliError } from './exit-codes.ts';

/**
 * Says a failure of Redis or of its URL as the user shall see it; others stay as they are.
 * @param command - the command of njchan that failed
 */
export function redisFailure(command: string, error: unknown): unknown {
  if (error instanceof RedisUrlError) return new CliError('usage', `njchan ${command}: ${error.message}`);
  if (error instanceof RedisConnectError) return new CliError('redis', `njchan ${command}: ${error.message}`);
  return error;
}

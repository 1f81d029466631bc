import type { RefusalName } from '../handoff/refusals.ts';
import type { SidecarLimits } from './config.ts';
import type { Handoff } from './handoff.ts';
import type { Logger } from './log.ts';
import { Recurrences } from './recurrences.ts';
import { RedisUnavailableError } from './store/redis/link.ts';
import { StorageFullError } from './store/store.ts';
import type { Stores } from './store/stores.ts';

/** What everything that serves a request works with. */
export interface ServerContext {
  readonly stores: Stores;
  readonly log: Logger;
  /** Asked anew for every request, since a reload may change them. */
  readonly limits: () => SidecarLimits;
  /** What each hand-off must carry over TCP; undefined on a unix socket. */
  readonly secret: Buffer | undefined;
}

/** While Redis is away every request is refused for the same reason. */
const refusals = new Recurrences();

/** Logs a failure on our side, with the location where it happened, and names the refusal for it. */
export function reportFault(context: ServerContext, handoff: Handoff, error: unknown): RefusalName {
  const { location } = handoff.settings;
  if (error instanceof StorageFullError) {
    context.log.warn({ location }, `a message was refused: ${error.message}`);
    return 'storage_full';
  }
  if (error instanceof RedisUnavailableError) {
    const more = refusals.met(error.message);
    if (more !== undefined) context.log.warn({ location }, `a request was refused: ${error.message}${more}`);
    return handoff.action === 'publish' ? 'redis_unavailable_to_publish' : 'redis_unavailable';
  }
  context.log.error({ location, err: error }, 'a request failed');
  return 'internal_error';
}

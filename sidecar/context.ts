import type { RefusalName } from '../handoff/refusals.ts';
import { ScriptError } from '../lua/script-error.ts';
import type { SidecarLimits } from './config.ts';
import type { Events } from './events/events.ts';
import { GroupLimitError } from './group/limits.ts';
import type { Handoff } from './handoff.ts';
import type { Hooks } from './hooks/hooks.ts';
import { type Logger, logFault } from './log.ts';
import { Recurrences } from './recurrences.ts';
import type { Metrics } from './statistics/metrics.ts';
import { RedisForbiddenError, RedisFullError, RedisUnavailableError } from './store/redis/link.ts';
import { StorageFullError } from './store/store.ts';
import type { Stores } from './store/stores.ts';
import type { SubscriberInfo } from './subscriber-info/requests.ts';

/** What everything that serves a request works with. */
export interface ServerContext {
  readonly stores: Stores;
  readonly hooks: Hooks;
  readonly events: Events;
  readonly subscriberInfo: SubscriberInfo;
  readonly log: Logger;
  /** Asked anew for every request, since a reload may change them. */
  readonly limits: () => SidecarLimits;
  readonly metrics: Metrics;
  /** The process is about to end: it is not to be sent anybody. */
  readonly stopping: () => boolean;
  /** What each hand-off must carry over TCP; undefined on a unix socket. */
  readonly secret: Buffer | undefined;
}

/** What is wrong with Redis, with the memory or with this program each request may fail for. */
const recurrences = new Recurrences();

/** What a line says about the request that it is about: its location, and nginx's id for it, where that is known. */
export function aboutRequest({ settings: { location }, requestId }: Handoff): Record<string, string> {
  return requestId === '' ? { location } : { location, request: requestId };
}

/** Logs a failure, if it is on our side, with the location where it happened, and names the refusal for it. */
export function reportFault(context: ServerContext, handoff: Handoff, error: unknown): RefusalName {
  if (error instanceof GroupLimitError) return error.refusal;
  const about = aboutRequest(handoff);
  if (error instanceof StorageFullError) {
    const more = recurrences.met(error.name);
    if (more !== undefined)
      logFault(context.log, 'NJ-MEMORY-FULL', `a message was refused: ${error.message}${more}`, about);
    return 'storage_full';
  }
  const full = error instanceof RedisFullError;
  if (full || error instanceof RedisUnavailableError || error instanceof RedisForbiddenError) {
    const more = recurrences.met(full ? error.name : error.kind);
    if (more !== undefined) {
      const isForbidden = error instanceof RedisForbiddenError;
      const code = full ? 'NJ-REDIS-FULL' : isForbidden ? 'NJ-REDIS-FORBIDDEN' : 'NJ-REDIS-AWAY';
      logFault(context.log, code, `a request was refused: ${error.message}${more}`, about);
    }
    if (full) return 'redis_full';
    return handoff.action === 'publish' ? 'redis_unavailable_to_publish' : 'redis_unavailable';
  }
  const more = recurrences.met(error instanceof ScriptError ? error.kind : String(error));
  if (more !== undefined) {
    logFault(context.log, 'NJ-REQUEST-FAILED', `a request failed${more}`, { ...about, err: error });
  }
  return 'internal_error';
}

import type { RefusalName } from '../handoff/refusals.ts';
import type { SidecarLimits } from './config.ts';
import type { Handoff } from './handoff.ts';
import type { Logger } from './log.ts';
import { StorageFullError, type Store } from './store/store.ts';

/** What everything that serves a request works with. */
export interface ServerContext {
  readonly store: Store;
  readonly log: Logger;
  /** Asked anew for every request, since a reload may change them. */
  readonly limits: () => SidecarLimits;
  /** What each hand-off must carry over TCP; undefined on a unix socket. */
  readonly secret: Buffer | undefined;
}

/** Logs a failure on our side, with the location where it happened, and names the refusal for it. */
export function reportFault(context: ServerContext, handoff: Handoff, error: unknown): RefusalName {
  const { location } = handoff.settings;
  if (error instanceof StorageFullError) {
    context.log.warn({ location }, `a message was refused: ${error.message}`);
    return 'storage_full';
  }
  context.log.error({ location, err: error }, 'a request failed');
  return 'internal_error';
}

/**
 * Hooks whose answer nobody waits for: subscribe and unsubscribe requests. They are sent as there is room, and again
 * when nginx or its backend was not there.
 */

import { type Logger, logFault } from '../log.ts';
import type { LogCodeName } from '../log-codes.ts';
import { Recurrences } from '../recurrences.ts';
import { statistics } from '../statistics/statistics.ts';
import { after } from '../timers.ts';
import { HookClient, HookRefused } from './client.ts';
import type { HookRequest } from './request.ts';
import type { ShareLimits } from './shares.ts';

/** Under way at a time. Each takes two of nginx's connections. */
const LIMITS: ShareLimits = { guaranteed: 8, perTarget: 64, shared: 512 };

/** Notifications that may be kept until they are answered, and their bytes, roughly; further ones are dropped. */
export const MAX_NOTIFICATIONS = 100_000;
const MAX_BYTES = 128 * 1024 * 1024;
/** What one takes beside its headers. */
const OVERHEAD_BYTES = 512;

/** Statuses by which nginx says that its backend was not there, or the backend that it is not ready. */
const TRY_AGAIN: ReadonlySet<number> = new Set([502, 503, 504]);

/** Milliseconds before the second attempt, twice as long before each further one, and at most. */
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** The same while the process goes down: there is little time left. */
const DRAIN_DELAY_MS = 100;
/** How long after the first attempt there are others. */
export const GIVE_UP_MS = 5 * 60_000;

/** Bytes of the answer, which has none. */
const ANSWER_BYTES = 64 * 1024;

export class Notifications {
  readonly #client = new HookClient(LIMITS);
  readonly #log: Logger;
  readonly #failures = new Recurrences();
  #kept = 0;
  #bytes = 0;
  #draining = false;
  /** Called by those that wait for their next attempt, when it has to be now. */
  readonly #hurry = new Set<() => void>();
  #idle: (() => void) | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Resolves when it was answered, given up or dropped. */
  async notify(hook: HookRequest): Promise<void> {
    const bytes = sizeOf(hook);
    if (this.#kept >= MAX_NOTIFICATIONS || this.#bytes + bytes > MAX_BYTES) {
      statistics.hooks[hook.kind].dropped += 1;
      this.#tell('NJ-HOOK-DROPPED', hook, 'dropped, because too many wait');
      return;
    }
    this.#count(1, bytes);
    try {
      await this.#try(hook);
    } finally {
      this.#count(-1, -bytes);
      // What follows on this one, an unsubscribe request, is kept by then.
      setImmediate(() => this.#kept === 0 && this.#idle?.());
    }
  }

  /** Waits for those that are kept, at most so long; attempts come quickly now. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    for (const now of this.#hurry) now();
    if (this.#kept > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
        setTimeout(resolve, deadlineMs).unref();
      });
    }
    if (this.#kept > 0) {
      const message = `${this.#kept} subscribe and unsubscribe requests were not answered`;
      logFault(this.#log, 'NJ-HOOK-UNTOLD', message);
    }
    this.#client.close();
  }

  #count(notifications: number, bytes: number): void {
    this.#kept += notifications;
    this.#bytes += bytes;
    const { notifications: waiting } = statistics.hooksWaiting;
    waiting.count += notifications;
    waiting.bytes += bytes;
  }

  async #try(hook: HookRequest): Promise<void> {
    const endMs = performance.now() + GIVE_UP_MS;
    for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)) {
      const failure = await this.#attempt(hook);
      if (!failure) {
        statistics.hooks[hook.kind].answered += 1;
        return;
      }
      if (failure instanceof HookRefused || performance.now() + delayMs > endMs) {
        statistics.hooks[hook.kind].failed += 1;
        this.#tell('NJ-HOOK-FAILED', hook, `given up: ${failure.message}`);
        return;
      }
      // Before it is given up who looks for the fault would find nothing.
      if (delayMs === FIRST_DELAY_MS)
        this.#tell('NJ-HOOK-RETRIED', hook, `not answered, and is sent again: ${failure.message}`);
      await this.#pause(delayMs);
    }
  }

  /** What went wrong, unless it was answered. */
  async #attempt(hook: HookRequest): Promise<Error | undefined> {
    try {
      const { status } = await this.#client.send(hook, ANSWER_BYTES);
      return TRY_AGAIN.has(status) ? new Error(`status ${status}`) : undefined;
    } catch (error) {
      return error as Error;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        this.#hurry.delete(go);
        resolve();
      };
      const timer = after(this.#draining ? DRAIN_DELAY_MS : ms, go);
      if (!this.#draining) this.#hurry.add(go);
    });
  }

  #tell(code: LogCodeName, { kind, context, requestId = '' }: HookRequest, what: string): void {
    const more = this.#failures.met(`${kind} ${context.location} ${what}`);
    if (more === undefined) return;
    const { location } = context;
    const about = requestId === '' ? { location } : { location, request: requestId };
    logFault(this.#log, code, `a nchan_${kind} was ${what}${more}`, about);
  }
}

/** Bytes that one takes while it is kept, roughly and without its message. */
export function sizeOf({ context }: HookRequest): number {
  let bytes = OVERHEAD_BYTES + context.target.length + context.args.length;
  for (const text of context.headers) bytes += text.length;
  for (const [, text] of context.variables) bytes += text.length;
  return bytes;
}

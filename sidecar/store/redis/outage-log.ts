/** Tells of outages and of their end, without filling the log when one follows the other. */

import { type Logger, logFault } from '../../log.ts';
import type { LogCodeName } from '../../log-codes.ts';

/** Milliseconds between two lines about the same thing, and between two that say the same about the same outage. */
const QUIET_MS = 10_000;
const REPEAT_MS = 60_000;

interface Outage {
  /** When it began; undefined while all is well. */
  since: number | undefined;
  /** Of the last line, and what it said. */
  loggedAt: number;
  message: string;
  /** Its beginning was told, so its end will be. */
  told: boolean;
}

export class OutageLog {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #outages = new Map<string, Outage>();

  /** @param now milliseconds of a clock that only grows. */
  constructor(log: Logger, now = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /**
   * Something is out of order, or still is.
   * @param key of what it is.
   * @param message the line to write.
   */
  down(key: string, code: LogCodeName, message: string): void {
    const now = this.#now();
    const outage = this.#outages.get(key) ?? {
      since: undefined,
      loggedAt: Number.NEGATIVE_INFINITY,
      message: '',
      told: false,
    };
    this.#outages.set(key, outage);
    outage.since ??= now;
    const quietMs = outage.told && message === outage.message ? REPEAT_MS : QUIET_MS;
    if (now - outage.loggedAt < quietMs) return;
    logFault(this.#log, code, message);
    Object.assign(outage, { loggedAt: now, message, told: true });
  }

  /**
   * All is well again, or was all the time.
   * @param message the line to write; for how long it was not is added.
   */
  up(key: string, message: string): void {
    const outage = this.#outages.get(key);
    if (outage?.since === undefined) return;
    const seconds = (this.#now() - outage.since) / 1000;
    if (outage.told) this.#log.info(`${message} after ${seconds.toFixed(1)} s`);
    outage.since = undefined;
    outage.told = false;
  }

  /** There will be no more of it to tell. */
  forget(key: string): void {
    this.#outages.delete(key);
  }
}

/** Tells of outages and of their end, without filling the log when one follows the other. */

import { type Logger, logFault } from '../../log.ts';
import type { LogCodeName } from '../../log-codes.ts';

/** Milliseconds between two lines about the same thing, and between two that say the same about the same outage. */
const QUIET_MS = 10_000;
const REPEAT_MS = 60_000;

interface Outage {
  /** When it began; undefined while all is well. */
  since: number | undefined;
  /** What is out of order. */
  readonly parts: Set<string>;
  /** Of the last line. */
  loggedAt: number;
  /** What was told of each part last. */
  readonly messages: Map<string, string>;
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
   * @param part of it, where what goes wrong mostly does so with all parts at once: that is one outage, told by the
   *   first of them
   */
  down(key: string, code: LogCodeName, message: string, part = ''): void {
    const now = this.#now();
    const outage = this.#outages.get(key) ?? {
      since: undefined,
      parts: new Set(),
      loggedAt: Number.NEGATIVE_INFINITY,
      messages: new Map(),
      told: false,
    };
    this.#outages.set(key, outage);
    outage.since ??= now;
    outage.parts.add(part);
    const isKnown = outage.told && [...outage.messages.values()].includes(message);
    const quietMs = isKnown ? REPEAT_MS : QUIET_MS;
    if (now - outage.loggedAt < quietMs) return;
    logFault(this.#log, code, part === '' ? message : `${part}: ${message}`);
    outage.messages.set(part, message);
    Object.assign(outage, { loggedAt: now, told: true });
  }

  /**
   * All is well again, or was all the time.
   * @param message the line to write, once all parts are well; for how long they were not is added.
   */
  up(key: string, message: string, part = ''): void {
    const outage = this.#outages.get(key);
    if (outage?.since === undefined) return;
    outage.parts.delete(part);
    if (outage.parts.size > 0) return;
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

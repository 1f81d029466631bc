/** How long to wait before a process that died is started again. */
export class Backoff {
  static readonly FIRST_MS = 100;
  static readonly LONGEST_MS = 5_000;
  /** A process that lived this long was not broken from the start: the next wait is the first again. */
  static readonly HEALTHY_MS = 10_000;

  #nextMs = Backoff.FIRST_MS;

  /** @param livedMs - how long the process that just died had been running; @returns milliseconds to wait */
  delayAfter(livedMs: number): number {
    if (livedMs >= Backoff.HEALTHY_MS) this.#nextMs = Backoff.FIRST_MS;
    const delayMs = this.#nextMs;
    this.#nextMs = Math.min(delayMs * 2, Backoff.LONGEST_MS);
    return delayMs;
  }
}

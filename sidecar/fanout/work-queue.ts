/** Work that could take long is done in slices, so that it never holds up the rest of the process. */

/** Steps of sliced work that a store does in one turn of the event loop: some 2 ms at 4 µs a write to a subscriber. */
export const STEPS_PER_TURN = 512;

export interface SlicedWork {
  /**
   * Does some of the work.
   * @param steps what it may do at most; a step is about one write to a subscriber, or less.
   * @returns the steps it did; `steps` says that there may be more to do.
   */
  slice(steps: number): number;
}

/** Serves all work of a store one after the other, again and again, with one budget of steps for each turn. */
export class WorkQueue {
  readonly stepsPerTurn: number;
  readonly #waiting = new Set<SlicedWork>();
  #scheduled = false;

  constructor(stepsPerTurn = STEPS_PER_TURN) {
    this.stepsPerTurn = stepsPerTurn;
  }

  /** There is work to do, if it was not already waiting: its first slice is done after this turn. */
  add(work: SlicedWork): void {
    this.#waiting.add(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    let left = this.stepsPerTurn;
    for (const work of this.#waiting) {
      this.#waiting.delete(work);
      const done = work.slice(left);
      if (done >= left) this.#waiting.add(work);
      left -= Math.max(done, 1);
      if (left <= 0) break;
    }
    if (this.#waiting.size > 0) this.#schedule();
  };
}

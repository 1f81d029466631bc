/** How much of something a target may have, in its unit. */
export interface ShareLimits {
  /** So much each may have whatever the others have: targets that never answer leave it to one that does. */
  readonly guaranteed: number;
  /** So much one may have at most. */
  readonly perTarget: number;
  /** So much all may have together of what is not guaranteed. How many targets there are is up to the configuration. */
  readonly shared: number;
}

/** Counts what targets have of something that is scarce, so that none of them takes it from the others. */
export class Shares {
  readonly #limits: ShareLimits;
  readonly #taken = new Map<string, number>();
  #takenOfShared = 0;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** Whether a target may have so much more. One that has nothing may have anything, or it would never have it. */
  hasRoom(target: string, amount: number): boolean {
    const { guaranteed, perTarget, shared } = this.#limits;
    const before = this.#taken.get(target) ?? 0;
    const after = before + amount;
    if (before === 0 || after <= guaranteed) return true;
    return after <= perTarget && this.#takenOfShared + this.#above(after) - this.#above(before) <= shared;
  }

  /** Gives a target so much, or takes it back where it is negative. */
  count(target: string, amount: number): void {
    const before = this.#taken.get(target) ?? 0;
    const after = before + amount;
    this.#takenOfShared += this.#above(after) - this.#above(before);
    if (after > 0) this.#taken.set(target, after);
    else this.#taken.delete(target);
  }

  #above(taken: number): number {
    return Math.max(0, taken - this.#limits.guaranteed);
  }
}

/** What has to be undone, remembered while things are started. */

export type Undo = () => void | Promise<void>;

export class Undos {
  readonly #undos: Undo[] = [];

  /** Remembers one more. Bound, so that it can be handed on alone. */
  readonly add = (undo: Undo): void => {
    this.#undos.push(undo);
  };

  /**
   * Undoes everything, the latest first, also when some of it fails.
   * @throws AggregateError with what failed
   */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let undo = this.#undos.pop(); undo; undo = this.#undos.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'could not clean up');
  }
}

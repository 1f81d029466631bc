/** When a channel is ready for its subscribers. */
import { after } from '../../timers.ts';

/** Milliseconds after which nobody but its own subscribers waits for a channel any longer, if nothing has failed. */
const DEADLINE_MS = 15_000;

export class Readiness {
  /** Resolves when what Redis has of the channel is in the local store. */
  readonly loaded: Promise<void>;
  /** Resolves with `loaded`, or when that fails or takes too long. */
  readonly ready: Promise<void>;
  /** What Redis has of the channel is in the local store. */
  markLoaded!: () => void;
  /** It takes too long, or has failed. */
  markReady!: () => void;

  constructor() {
    this.loaded = new Promise((resolve) => {
      this.markLoaded = () => {
        resolve();
        this.markReady();
      };
    });
    this.ready = new Promise((resolve) => {
      const deadline = after(DEADLINE_MS, resolve);
      this.markReady = () => {
        clearTimeout(deadline);
        resolve();
      };
    });
  }
}

/** The signals of `njchan up`. */
import { closeSync, openSync } from 'node:fs';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * One Ctrl-C can arrive twice: from the terminal and, under `npm start`, from npm. No human presses it again this soon.
 */
const SAME_KEYPRESS_MS = 300;

/** True when the terminal can be opened; false without one, or after it was closed. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Turns signals into promises and calls, from its construction on. */
export class SignalInbox {
  readonly #startedOnTerminal = hasTerminal();
  #lastStop: { signal: NodeJS.Signals; at: number } | undefined;
  readonly #waiting: (() => void)[] = [];

  /** @param onReload - called on SIGHUP */
  constructor(onReload: () => void) {
    for (const signal of STOP_SIGNALS) process.on(signal, () => this.#stop(signal));
    process.on('SIGHUP', () => {
      // The kernel sends SIGHUP also when the terminal is closed, which means the opposite of a reload.
      if (this.#startedOnTerminal && !hasTerminal()) this.#stop('SIGHUP');
      else onReload();
    });
  }

  /** True when the user asked to stop. */
  get stopRequested(): boolean {
    return this.#lastStop !== undefined;
  }

  /** Resolves on the next request to stop. */
  nextStop(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #stop(signal: NodeJS.Signals): void {
    const at = Date.now();
    const last = this.#lastStop;
    if (last?.signal === signal && at - last.at < SAME_KEYPRESS_MS) return;
    this.#lastStop = { signal, at };
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Calls that wait until they can be sent, in their order. */
import { after } from '../../timers.ts';
import type { Call } from './call.ts';

export interface BacklogOptions {
  /** Milliseconds that a call may wait; 0 for ever. */
  readonly maxWaitMs: number;
  /** A call has waited long enough. */
  expired(call: Call): void;
}

export class Backlog {
  readonly #options: BacklogOptions;
  #calls: Call[] = [];
  /** Were sent before, and so belong before the others. */
  #again: Call[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#calls.length + this.#again.length;
  }

  /** Takes a call that is newer than all others. */
  add(call: Call): void {
    this.#calls.push(call);
    this.#wait(call);
  }

  /** Takes a call that has to be sent again. */
  addAgain(call: Call): void {
    this.#again.push(call);
    this.#wait(call);
  }

  /** Gives each call, in order, to `send`; those for which it returns false stay. */
  flush(send: (call: Call) => boolean): void {
    if (this.#again.length > 0) {
      this.#calls = [...this.#again, ...this.#calls].sort((a, b) => a.order - b.order);
      this.#again = [];
    }
    if (this.#calls.length > 0) this.#calls = this.#calls.filter((call) => !send(call));
  }

  /** Gives away all calls. */
  clear(): Call[] {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const calls = [...this.#again, ...this.#calls];
    this.#calls = [];
    this.#again = [];
    return calls;
  }

  #wait(call: Call): void {
    call.waitingSince ??= performance.now();
    if (this.#options.maxWaitMs > 0) this.#timer ??= after(this.#options.maxWaitMs, () => this.#expire());
  }

  #expire(): void {
    this.#timer = undefined;
    const { maxWaitMs, expired } = this.#options;
    const now = performance.now();
    const overdue: Call[] = [];
    let next = Number.POSITIVE_INFINITY;
    this.flush((call) => {
      const left = call.waitingSince! + maxWaitMs - now;
      if (left <= 0) overdue.push(call);
      else next = Math.min(next, left);
      return left <= 0;
    });
    if (next < Number.POSITIVE_INFINITY) this.#timer = after(next, () => this.#expire());
    for (const call of overdue) expired(call);
  }
}

/**
 * Ends what lasts when the token behind it does. Tokens go by the wall clock, which leaps, and may be good for longer
 * than any timer waits; so the clock is looked at once a second.
 */
import { SYSTEM_CLOCK } from '../clock.ts';
import { type SlicedWork, WorkQueue } from '../fanout/work-queue.ts';
import type { Handoff } from '../handoff.ts';
import { every } from '../timers.ts';

const LOOK_EVERY_SECONDS = 1;
/** What is filed together: a look passes over all of a later time at once. */
const SECONDS_TOGETHER = 60;

interface Entry {
  /** Unix seconds. */
  readonly expires: number;
  readonly end: () => void;
}

/** Many may expire in one second, such as all tokens that were made at midnight; they are ended in slices. */
export class Expiries implements SlicedWork {
  readonly #minutes = new Map<number, Set<Entry>>();
  readonly #due = new Set<Entry>();
  readonly #queue: WorkQueue;
  readonly #unixMs: () => number;
  #timer: NodeJS.Timeout | undefined;

  /** @param unixMs the wall clock */
  constructor(unixMs: () => number, queue = new WorkQueue()) {
    this.#unixMs = unixMs;
    this.#queue = queue;
  }

  /** Entries that have not ended. */
  get size(): number {
    let entries = this.#due.size;
    for (const minute of this.#minutes.values()) entries += minute.size;
    return entries;
  }

  /**
   * Calls `end` within a second or so of a time, by the wall clock as it is then.
   * @param expires Unix seconds
   * @returns forgets it
   */
  add(expires: number, end: () => void): () => void {
    const entry = { expires, end };
    const key = Math.floor(expires / SECONDS_TOGETHER);
    const minute = this.#minutes.get(key);
    if (minute) minute.add(entry);
    else this.#minutes.set(key, new Set([entry]));
    this.#timer ??= every(LOOK_EVERY_SECONDS, () => this.look());
    return () => this.#remove(entry);
  }

  /** Looks for what has expired. */
  look(): void {
    const now = this.#unixMs() / 1000;
    for (const [key, minute] of this.#minutes) {
      if (key * SECONDS_TOGETHER > now) continue;
      for (const entry of minute) {
        if (entry.expires > now) continue;
        this.#remove(entry);
        this.#due.add(entry);
      }
    }
    if (this.#due.size > 0) this.#queue.add(this);
  }

  slice(steps: number): number {
    let done = 0;
    for (const entry of this.#due) {
      if (done >= steps) break;
      this.#due.delete(entry);
      entry.end();
      done += 1;
    }
    return done;
  }

  #remove(entry: Entry): void {
    this.#due.delete(entry);
    const key = Math.floor(entry.expires / SECONDS_TOGETHER);
    const minute = this.#minutes.get(key);
    minute?.delete(entry);
    if (minute?.size === 0) this.#minutes.delete(key);
    if (this.#minutes.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const EXPIRIES = new Expiries(SYSTEM_CLOCK.unixMs);

function nothing(): void {}

/**
 * Calls `end` when the token of a request expires, if it has one.
 * @returns forgets it
 */
export function atExpiry({ expires }: Handoff, end: () => void): () => void {
  return expires === undefined ? nothing : EXPIRIES.add(expires, end);
}

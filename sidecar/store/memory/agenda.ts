import type { SlicedWork } from '../../fanout/work-queue.ts';

/** What an agenda holds: a channel. */
export interface Filed {
  /** Second under which it is filed, undefined when it is not; kept by the agenda. */
  dueSecond: number | undefined;
}

/**
 * When each channel next has something to do: a message expires, or it has been idle for long enough to be forgotten.
 * Filed by seconds, so that nobody looks through all channels. Its times are of Clock.steadyMs.
 */
export class Agenda<T extends Filed> implements SlicedWork {
  /** Second → channels to look at once it is over. */
  readonly #seconds = new Map<number, Set<T>>();
  readonly #attend: (channel: T) => void;
  /** The second being swept: all before it are done, and nothing is filed under it any more. */
  #swept: number;
  /** The seconds up to this one are over. */
  #until: number;

  /** @param attend called with each channel when it is due; it is then no longer filed. */
  constructor(nowMs: number, attend: (channel: T) => void) {
    this.#attend = attend;
    this.#swept = Math.floor(nowMs / 1000);
    this.#until = this.#swept;
  }

  /** Entries, at most one a channel. */
  get size(): number {
    let entries = 0;
    for (const due of this.#seconds.values()) entries += due.size;
    return entries;
  }

  /** Files a channel for a look at `atMs` or soon after, unless one is due sooner: that look files it again. */
  file(channel: T, atMs: number): void {
    const second = Math.max(Math.ceil(atMs / 1000), this.#swept + 1);
    if (channel.dueSecond !== undefined && channel.dueSecond <= second) return;
    this.#remove(channel);
    channel.dueSecond = second;
    const due = this.#seconds.get(second);
    if (due) due.add(channel);
    else this.#seconds.set(second, new Set([channel]));
  }

  /** What is filed up to now is due: `slice` attends to it. */
  dueUntil(nowMs: number): void {
    this.#until = Math.floor(nowMs / 1000);
  }

  slice(steps: number): number {
    let done = 0;
    for (;;) {
      for (const channel of this.#seconds.get(this.#swept) ?? []) {
        if (done >= steps) return done;
        this.#remove(channel);
        this.#attend(channel);
        done += 1;
      }
      if (this.#swept >= this.#until) return done;
      this.#swept += 1;
    }
  }

  #remove(channel: T): void {
    if (channel.dueSecond === undefined) return;
    const due = this.#seconds.get(channel.dueSecond);
    due?.delete(channel);
    if (due?.size === 0) this.#seconds.delete(channel.dueSecond);
    channel.dueSecond = undefined;
  }
}

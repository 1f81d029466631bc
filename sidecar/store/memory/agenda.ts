import type { MemoryChannel } from './channel.ts';

/**
 * When each channel next has something to do: a message expires, or it has been idle for long enough to be forgotten.
 * Filed by seconds, so that nobody looks through all channels. Its times are of Clock.steadyMs.
 */
export class Agenda {
  /** Second → channels to look at once it is over. */
  readonly #seconds = new Map<number, Set<MemoryChannel>>();
  /** The seconds up to this one are done. */
  #swept: number;

  constructor(nowMs: number) {
    this.#swept = Math.floor(nowMs / 1000);
  }

  /** Entries, at most one a channel. */
  get size(): number {
    let entries = 0;
    for (const due of this.#seconds.values()) entries += due.size;
    return entries;
  }

  /** Files a channel for a look at `atMs` or soon after, unless one is due sooner: that look files it again. */
  file(channel: MemoryChannel, atMs: number): void {
    const second = Math.max(Math.ceil(atMs / 1000), this.#swept + 1);
    if (channel.dueSecond !== undefined && channel.dueSecond <= second) return;
    this.#remove(channel);
    channel.dueSecond = second;
    const due = this.#seconds.get(second);
    if (due) due.add(channel);
    else this.#seconds.set(second, new Set([channel]));
  }

  /** Takes out every channel filed up to now and calls `attend` with it. */
  sweep(nowMs: number, attend: (channel: MemoryChannel) => void): void {
    const now = Math.floor(nowMs / 1000);
    while (this.#swept < now) {
      this.#swept += 1;
      const due = this.#seconds.get(this.#swept);
      if (!due) continue;
      this.#seconds.delete(this.#swept);
      for (const channel of due) {
        channel.dueSecond = undefined;
        attend(channel);
      }
    }
  }

  #remove(channel: MemoryChannel): void {
    if (channel.dueSecond === undefined) return;
    const due = this.#seconds.get(channel.dueSecond);
    due?.delete(channel);
    if (due?.size === 0) this.#seconds.delete(channel.dueSecond);
    channel.dueSecond = undefined;
  }
}

import type { Announcement } from './announcement.ts';

/** Announcements, and bytes of them, that may wait at a channel. */
export const MAX_WAITING = 1000;
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** Announcements of a channel that wait their turn. */
export class AnnouncementQueue {
  #announcements: Announcement[] = [];
  #sizes: number[] = [];
  #bytes = 0;

  get first(): Announcement | undefined {
    return this.#announcements[0];
  }

  /**
   * Adds one at the end.
   * @param bytes of the announcement.
   * @returns false when more wait than may: they have to be cleared.
   */
  push(announcement: Announcement, bytes: number): boolean {
    this.#announcements.push(announcement);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    return this.#announcements.length <= MAX_WAITING && this.#bytes <= MAX_WAITING_BYTES;
  }

  /** Takes the first one out. */
  shift(): Announcement | undefined {
    this.#bytes -= this.#sizes.shift() ?? 0;
    return this.#announcements.shift();
  }

  /** Takes all out, in their order. */
  clear(): Announcement[] {
    const all = this.#announcements;
    this.#announcements = [];
    this.#sizes = [];
    this.#bytes = 0;
    return all;
  }
}

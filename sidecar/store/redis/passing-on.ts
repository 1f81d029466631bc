/**
 * Announcements of a channel that Redis does not store. Nobody can read such a message again, so all are passed on, in
 * the order in which they came. Those that come while one is being compressed wait for it, within bounds; when more
 * comes, all of them go as they are, uncompressed.
 */
import type { Announcement, RedisMessage } from './announcement.ts';
import { AnnouncementQueue } from './announcement-queue.ts';
import type { ChannelMirror } from './channel-mirror.ts';

type KeyAnnouncement = Extract<Announcement, { kind: 'key' }>;

export interface PassingOnHost {
  /** The channel was deleted, if it is this one. */
  deleted(channelId: Buffer): void;
  /** Reads a message that is announced by its key, as servers do that store messages; undefined if it is gone. */
  fetch(announcement: KeyAnnouncement): Promise<RedisMessage | undefined>;
  fault(error: unknown): void;
}

export class PassingOn {
  readonly #mirror: ChannelMirror;
  readonly #host: PassingOnHost;
  /** The first one is under way. */
  readonly #waiting = new AnnouncementQueue();
  #working = false;

  constructor(mirror: ChannelMirror, host: PassingOnHost) {
    this.#mirror = mirror;
    this.#host = host;
  }

  /** @param bytes of the announcement. */
  take(announcement: Announcement, bytes: number): void {
    if (!this.#waiting.first && this.#passed(announcement)) return;
    if (this.#waiting.push(announcement, bytes)) void this.#work();
    else this.#passAll();
  }

  /** What waits is not passed on. */
  stop(): void {
    this.#waiting.clear();
  }

  /** Passes on what takes no time; false for the rest. */
  #passed(announcement: Announcement): boolean {
    if (announcement.kind === 'key') return false;
    if (announcement.kind === 'message') {
      if (announcement.message.compressed) return false;
      this.#mirror.takeNow(announcement.message);
    } else if (announcement.kind === 'delete') this.#host.deleted(announcement.channelId);
    return true;
  }

  #passAll(): void {
    for (const announcement of this.#waiting.clear()) {
      if (announcement.kind === 'message') this.#mirror.takeNow(announcement.message);
      else if (!this.#passed(announcement)) this.#host.fault(new Error('too much waits to read a message'));
    }
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let { first } = this.#waiting; first; first = this.#waiting.first) {
      const current = first;
      const isWanted = () => this.#waiting.first === current;
      try {
        if (!this.#passed(current)) await this.#pass(current, isWanted);
      } catch (error) {
        this.#host.fault(error);
      }
      if (isWanted()) this.#waiting.shift();
    }
    this.#working = false;
  }

  async #pass(announcement: Announcement, isWanted: () => boolean): Promise<void> {
    const message =
      announcement.kind === 'key'
        ? await this.#host.fetch(announcement)
        : announcement.kind === 'message' && announcement.message;
    if (message && isWanted()) await this.#mirror.take(message, true, isWanted);
  }
}

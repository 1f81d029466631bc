/** Hears everything that is PUBLISHed in a Redis, in all its databases. */
import type { Redis } from 'ioredis';
import type { RedisServer } from '../../support/redis.ts';
import { within } from '../../support/wait.ts';

/** Both are strings of bytes, see keyspace.ts. */
export interface Announcement {
  readonly channel: string;
  readonly message: string;
}

const MARK = 'end of what was announced';

export class Announcements {
  readonly #publisher: Redis;
  #heard: Announcement[] = [];
  #onMark: () => void = () => {};

  private constructor(publisher: Redis) {
    this.#publisher = publisher;
  }

  static async listen(server: RedisServer): Promise<Announcements> {
    const announcements = new Announcements(await server.connect());
    const subscriber = await server.connect();
    subscriber.on('pmessageBuffer', (_pattern: Buffer, channel: Buffer, message: Buffer) => {
      announcements.#hear({ channel: channel.toString('latin1'), message: message.toString('latin1') });
    });
    await subscriber.psubscribe('*');
    return announcements;
  }

  #hear(announcement: Announcement): void {
    if (announcement.channel === MARK) this.#onMark();
    else this.#heard.push(announcement);
  }

  /** What was announced since the last call, by commands that Redis had answered before this one. */
  async take(): Promise<Announcement[]> {
    const marked = new Promise<void>((resolve) => {
      this.#onMark = resolve;
    });
    await this.#publisher.publish(MARK, '');
    await within('what was announced', marked);
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }
}

import { formatTags, MAX_TAG, type ParsedMessageId } from '../../handoff/message-id.ts';
import { BEFORE_ALL, type MessageId, type SubscriptionId } from './message.ts';

/**
 * How far a subscription has come: for each channel of its list the id up to which it has seen everything. The ids that
 * its client gets say less: one time, and for each channel the tag of what was seen in that second, -1 if nothing was
 * (spec/message-ids.md §§2 and 7).
 */
export class Position {
  readonly #seen: MessageId[];
  /** Time of the message that was seen last; 0 before the first. */
  #time = 0;
  /** For each channel the tag of what was seen in that second. */
  readonly #tags: number[];

  private constructor(seen: MessageId[]) {
    this.#seen = seen;
    this.#tags = seen.map(() => -1);
  }

  /** The position of someone who has seen everything up to this id of each channel (undefined: nothing yet). */
  static after(ids: readonly (MessageId | undefined)[]): Position {
    return new Position(ids.map((id) => id ?? BEFORE_ALL));
  }

  /** The position that a client names; tags that it leaves out are as if nothing was seen from those channels. */
  static of({ time, tags }: ParsedMessageId, channels: number): Position {
    const before = time === 0 ? BEFORE_ALL : { time: time - 1, tag: MAX_TAG };
    return new Position(
      Array.from({ length: channels }, (_, i) => {
        const tag = Math.max(tags[i] ?? -1, -1);
        return tag >= 0 || channels === 1 ? { time, tag } : before;
      }),
    );
  }

  /** The last id of the channel at `index` that this position covers. */
  channelPosition(index: number): MessageId {
    return this.#seen[index] as MessageId;
  }

  /**
   * A message of the channel at `index` was seen. In a new second nothing is known of the others, except of those that
   * stand in it already: a subscriber that starts at the Nth message of each would else get, once it resumes, what
   * they have before their own Nth.
   */
  advance(index: number, id: MessageId): void {
    this.#seen[index] = id;
    if (id.time === this.#time) {
      this.#tags[index] = id.tag;
      return;
    }
    this.#time = id.time;
    this.#seen.forEach((seen, i) => {
      this.#tags[i] = seen.time === id.time ? seen.tag : -1;
    });
  }

  /** The id of the message that was seen last, which came from the channel at `index`. */
  id(index: number): SubscriptionId {
    return {
      time: this.#time,
      tags: formatTags({ time: this.#time, tags: this.#tags, active: index }),
    };
  }
}

import { formatTags, MAX_TAG, type ParsedMessageId } from '../../handoff/message-id.ts';
import { BEFORE_ALL, type MessageId, type SubscriptionId } from './message.ts';

/**
 * How far a subscription has come on each channel of its list: one time, and for each channel the tag of the last
 * message seen in that second, -1 if none was (spec/message-ids.md §§2 and 7).
 */
export class Position {
  #time: number;
  #tags: number[];

  private constructor(time: number, tags: number[]) {
    this.#time = time;
    this.#tags = tags;
  }

  /** The position of someone who has seen everything up to the newest id of each channel (undefined: none yet). */
  static after(ids: readonly (MessageId | undefined)[]): Position {
    const time = ids.reduce((latest, id) => Math.max(latest, id?.time ?? 0), 0);
    return new Position(
      time,
      ids.map((id) => (id && id.time === time ? id.tag : -1)),
    );
  }

  /** The position that a client names; tags that it leaves out are as if nothing was seen from those channels. */
  static of(id: ParsedMessageId, channels: number): Position {
    const tags = Array.from({ length: channels }, (_, i) => Math.max(id.tags[i] ?? -1, -1));
    return new Position(id.time, tags);
  }

  /** The last id of the channel at `index` that this position covers. */
  channelPosition(index: number): MessageId {
    const tag = this.#tags[index] as number;
    if (tag >= 0 || this.#tags.length === 1) return { time: this.#time, tag };
    return this.#time === 0 ? BEFORE_ALL : { time: this.#time - 1, tag: MAX_TAG };
  }

  /** A message of the channel at `index` was seen: in a new second nothing is known of the others. */
  advance(index: number, id: MessageId): void {
    if (id.time !== this.#time) {
      this.#time = id.time;
      this.#tags.fill(-1);
    }
    this.#tags[index] = id.tag;
  }

  /** The id of the message that was seen last, which came from the channel at `index`. */
  id(index: number): SubscriptionId {
    const tags = this.#tags;
    return {
      time: this.#time,
      tags: tags.length === 1 ? String(tags[0]) : formatTags({ time: this.#time, tags, active: index }),
    };
  }
}

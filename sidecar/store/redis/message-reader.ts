import { scripts } from '../../../lua/scripts.generated.ts';
import type { MessageId } from '../message.ts';
import type { RedisMessage } from './announcement.ts';
import type { RedisLink } from './link.ts';
import { type ChannelMessages, parseMessages } from './replies.ts';

/** Messages, expired ones among them, and bytes of them, read by one command. */
const READ_MESSAGES = 500;
const READ_BYTES = 1024 * 1024;

/** Takes what was read: the channel's buffer length, where it has one, then each message. */
export interface MessageTaker {
  resize(maxMessages: number): void;
  take(message: RedisMessage, buffered: boolean): Promise<void>;
  /** Asked before it is given more; by default it wants all. */
  isWanted?(): boolean;
}

/**
 * Reads all that Redis has of a channel after an id.
 * @param head key of the channel's head.
 * @param present whether to read also what no buffer keeps.
 * @throws what RedisLink.run throws.
 */
export async function readMessages(
  link: RedisLink,
  head: Buffer,
  after: MessageId | undefined,
  present: boolean,
  taker: MessageTaker,
): Promise<void> {
  let from: MessageId | undefined = after ?? { time: 0, tag: -1 };
  while (from) {
    const reply: ChannelMessages = parseMessages(
      await link.run(
        scripts.get_messages,
        [head],
        [from.time, from.tag, present ? '1' : '0', READ_MESSAGES, READ_BYTES],
        { repeatable: true },
      ),
    );
    if (taker.isWanted?.() === false) return;
    if (reply.maxMessages !== undefined) taker.resize(reply.maxMessages);
    for (const { message, buffered } of reply.messages) await taker.take(message, buffered);
    from = reply.readOn;
  }
}

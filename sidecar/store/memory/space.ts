/** What a memory store holds, and how much it may. */
import { keptBytes, type Message, type MessageDraft } from '../message.ts';

/** Memory that a channel takes beside its messages; measured, rounded up. Longer names than this count besides. */
const CHANNEL_OVERHEAD_BYTES = 768;
const USUAL_NAME_BYTES = 128;

/** What a channel takes for its name, percent-encoded, beyond the overhead. */
function extraBytes(name: string): number {
  return Math.max(name.length - USUAL_NAME_BYTES, 0);
}

export class Space {
  /** Bytes that channels and messages may take. What is here stays when it becomes less. */
  limitBytes: number;
  #channels = 0;
  #messages = 0;
  /** Of messages, and of what channels take beyond the overhead of each. */
  #bytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Of channels and messages. */
  get bytes(): number {
    return this.#bytes + this.#channels * CHANNEL_OVERHEAD_BYTES;
  }

  hasRoom(draft: MessageDraft): boolean {
    return this.bytes + keptBytes(draft) <= this.limitBytes;
  }

  /** Whether the message would fit if there were nothing else. */
  couldHold(draft: MessageDraft): boolean {
    return keptBytes(draft) <= this.limitBytes;
  }

  channelCame(name: string): void {
    this.#channels += 1;
    this.#bytes += extraBytes(name);
  }

  channelLeft(name: string): void {
    this.#channels -= 1;
    this.#bytes -= extraBytes(name);
  }

  /** @returns the bytes that the message takes. */
  messageKept(message: Message): number {
    const bytes = keptBytes(message);
    this.#bytes += bytes;
    this.#messages += 1;
    return bytes;
  }

  /** @returns the bytes that the message took. */
  messageDropped(message: Message): number {
    const bytes = keptBytes(message);
    this.#bytes -= bytes;
    this.#messages -= 1;
    return bytes;
  }
}

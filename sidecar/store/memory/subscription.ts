import type { Member } from '../../fanout/group.ts';
import { compareIds, type Message, type MessageId } from '../message.ts';
import { type EndReason, OVERFLOW_BYTES, PAUSE_BYTES, type Sink, type Subscription } from '../store.ts';
import type { MemoryChannel } from './channel.ts';

/** Encoded bytes given to a sink in one write while it reads the buffer. */
const CATCH_UP_CHUNK_BYTES = 32 * 1024;

/** Messages that a slow reader of the buffer may be owed beyond what the buffer keeps. */
const MAX_TAIL_MESSAGES = 1000;

/**
 * One subscriber of one channel. It first reads the buffer from its start, as fast as its client drains, then goes
 * live: the channel pushes messages to it through a fan-out group.
 */
export class MemorySubscription implements Subscription, Member {
  readonly sink: Sink;
  firstBatch = 0;
  readonly #channel: MemoryChannel;
  #position: MessageId;
  #state: 'catchingUp' | 'live' | 'ended' = 'catchingUp';
  /**
   * Messages published while it reads the buffer, from the first unbuffered one on: the buffer alone would not give
   * them in order.
   */
  #tail: Message[] = [];

  constructor(channel: MemoryChannel, sink: Sink, position: MessageId) {
    this.#channel = channel;
    this.sink = sink;
    this.#position = position;
  }

  /** Reads on from the buffer until it is exhausted or the client is slow. */
  resume(): void {
    while (this.#state === 'catchingUp') {
      const batch = this.#nextBatch();
      if (batch.length === 0) {
        this.#state = 'live';
        this.#channel.goLive(this);
        return;
      }
      const format = this.sink.format;
      const last = batch[batch.length - 1] as Message;
      this.#position = last.id;
      const parts = batch.map((message) => format.encode(message));
      if (format.once) this.#leave();
      const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      if (this.sink.write(bytes, last) > PAUSE_BYTES) return;
    }
  }

  /** The channel published while this subscription was reading the buffer. */
  published(message: Message, buffered: boolean): void {
    if (buffered && this.#tail.length === 0) return; // it will come to it in the buffer
    if (this.#tail.length === MAX_TAIL_MESSAGES) this.end('overflow');
    else this.#tail.push(message);
  }

  deliver(bytes: Buffer, last: Message): void {
    if (this.#state === 'ended') return;
    this.#position = last.id;
    if (this.sink.format.once) this.#leave();
    if (this.sink.write(bytes, last) > OVERFLOW_BYTES) this.end('overflow');
  }

  end(reason: EndReason): void {
    if (this.#state === 'ended') return;
    this.#leave();
    this.sink.end(reason);
  }

  cancel(): void {
    if (this.#state !== 'ended') this.#leave();
  }

  #leave(): void {
    this.#state = 'ended';
    this.#tail = [];
    this.#channel.leave(this, Date.now());
  }

  #nextBatch(): Message[] {
    const buffer = this.#channel.buffer;
    const limit = this.#tail[0];
    const batch: Message[] = [];
    let bytes = 0;
    for (let i = buffer.indexAfter(this.#position); bytes < CATCH_UP_CHUNK_BYTES; i++) {
      const message = buffer.at(i);
      if (!message || (limit && compareIds(message.id, limit.id) >= 0)) break;
      batch.push(message);
      if (this.sink.format.once) return batch;
      bytes += message.data.length;
    }
    if (batch.length > 0 || this.#tail.length === 0) return batch;
    const tail = this.#tail;
    this.#tail = [];
    return tail;
  }
}

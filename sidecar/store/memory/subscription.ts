import type { Member } from '../../fanout/group.ts';
import type { Delivery } from '../message.ts';
import {
  type EndReason,
  OVERFLOW_BYTES,
  PAUSE_BYTES,
  type Sink,
  type Start,
  type Subscription,
} from '../store.ts';
import { BufferReader } from './buffer-reader.ts';
import type { Feed } from './feed.ts';

/** Message bytes given to a sink in one write while it reads the buffers. */
const CATCH_UP_CHUNK_BYTES = 32 * 1024;

/** Messages that a slow reader of the buffers may be owed beyond what they keep. */
const MAX_TAIL_MESSAGES = 1000;

/**
 * One subscriber of one feed. It first reads the buffers from its start, as fast as its client drains, then goes live:
 * the feed pushes messages to it through a fan-out group.
 */
export class MemorySubscription implements Subscription, Member {
  readonly sink: Sink;
  firstBatch = 0;
  readonly #feed: Feed;
  /** Undefined once it is live. */
  #reader: BufferReader | undefined;
  #ended = false;
  /**
   * Messages published while it reads the buffers, from the first unbuffered one on: the buffers alone would not give
   * them in order.
   */
  #tail: { readonly index: number; readonly delivery: Delivery }[] = [];

  constructor(feed: Feed, sink: Sink, start: Start) {
    this.#feed = feed;
    this.sink = sink;
    this.#reader = new BufferReader(feed.channels, start);
  }

  /** Reads on from the buffers until they are exhausted or the client is slow. */
  resume(): void {
    while (this.#reader && !this.#ended) {
      const batch = this.#nextBatch(this.#reader);
      const last = batch[batch.length - 1];
      if (!last) {
        this.#reader = undefined;
        this.#feed.goLive(this);
        return;
      }
      const { format } = this.sink;
      const parts = batch.map((delivery) => format.encode(delivery));
      if (format.once) this.#leave();
      const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      if (this.sink.write(bytes, last) > PAUSE_BYTES) return;
    }
  }

  /** The channel at `index` published while this subscription was reading the buffers. */
  published(index: number, delivery: Delivery, buffered: boolean): void {
    if (buffered && this.#tail.length === 0) return; // it will come to it in the buffer
    if (this.#tail.length === MAX_TAIL_MESSAGES) {
      this.end('overflow');
      return;
    }
    this.#reader?.stopBefore(index, delivery.message.id);
    this.#tail.push({ index, delivery });
  }

  deliver(bytes: Buffer, last: Delivery): void {
    if (this.#ended) return;
    if (this.sink.format.once) this.#leave();
    if (this.sink.write(bytes, last) > OVERFLOW_BYTES) this.end('overflow');
  }

  end(reason: EndReason): void {
    if (this.#ended) return;
    this.#leave();
    this.sink.end(reason);
  }

  cancel(): void {
    if (!this.#ended) this.#leave();
  }

  #leave(): void {
    this.#ended = true;
    this.#tail = [];
    this.#feed.leave(this);
  }

  #nextBatch(reader: BufferReader): Delivery[] {
    const batch: Delivery[] = [];
    let bytes = 0;
    while (bytes < CATCH_UP_CHUNK_BYTES) {
      const delivery = reader.next();
      if (!delivery) break;
      batch.push(delivery);
      if (this.sink.format.once) return batch;
      bytes += delivery.message.data.length;
    }
    if (batch.length > 0) return batch;
    const tail = this.sink.format.once ? this.#tail.slice(0, 1) : this.#tail;
    this.#tail = [];
    reader.skip(tail);
    return tail.map(({ delivery }) => delivery);
  }
}

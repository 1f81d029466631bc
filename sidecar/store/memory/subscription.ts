import { type ParsedMessageId, parseMessageId } from '../../../handoff/message-id.ts';
import type { Member } from '../../fanout/group.ts';
import { type Delivery, formatSubscriptionId } from '../message.ts';
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

/** Messages read from the buffers before other work gets its turn: about a millisecond. */
const SLICE_MESSAGES = 1000;

/** What a delivery takes in memory beside its message's data, rounded up. */
const DELIVERY_OVERHEAD_BYTES = 384;

function owedBytes({ message }: Delivery): number {
  return message.data.length + DELIVERY_OVERHEAD_BYTES;
}

/**
 * One subscriber of one feed. It first reads the buffers from its start, as fast as its client drains, then goes live:
 * the feed pushes messages to it through a fan-out group. A client that falls behind goes back to reading the buffers.
 */
export class MemorySubscription implements Subscription, Member {
  readonly sink: Sink;
  firstBatch = 0;
  readonly #feed: Feed;
  /** Undefined while it is live. */
  #reader: BufferReader | undefined;
  #ended = false;
  /** A further slice of the buffers is to be read in a later turn. */
  #scheduled = false;
  /**
   * Messages published while it reads the buffers, from the first unbuffered one on: the buffers alone would not give
   * them in order.
   */
  #tail: Delivery[] = [];
  #tailBytes = 0;

  constructor(feed: Feed, sink: Sink, start: Start) {
    this.#feed = feed;
    this.sink = sink;
    this.#reader = new BufferReader(feed.channels, start);
  }

  /** Reads on from the buffers until they are exhausted or the client is slow. */
  resume(): void {
    if (!this.#scheduled) this.#readSlice();
  }

  /** The feed published while this subscription was reading the buffers. */
  published(delivery: Delivery): void {
    if (delivery.message.buffered && this.#tail.length === 0) return; // it will come to it in the buffer
    this.#tailBytes += owedBytes(delivery);
    if (this.#tail.length > 0 && this.#tailBytes > OVERFLOW_BYTES) {
      this.end('overflow');
      return;
    }
    this.#reader?.stopBefore(delivery);
    this.#tail.push(delivery);
  }

  deliver(bytes: Buffer, last: Delivery): void {
    if (this.#ended) return;
    if (this.sink.format.once) this.#leave();
    if (this.sink.write(bytes, last) > PAUSE_BYTES && !this.#ended) this.#fallBehind(last);
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

  #fallBehind(last: Delivery): void {
    const position = parseMessageId(formatSubscriptionId(last.id)) as ParsedMessageId;
    this.#reader = new BufferReader(this.#feed.channels, { after: position });
    for (const delivery of this.#feed.goBack(this, last)) this.published(delivery);
  }

  #readSlice(): void {
    let budget = SLICE_MESSAGES;
    while (this.#reader && !this.#ended) {
      if (budget <= 0) {
        this.#scheduled = true;
        setImmediate(() => {
          this.#scheduled = false;
          this.#readSlice();
        });
        return;
      }
      const batch = this.#nextBatch(this.#reader);
      budget -= batch.length;
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

  #nextBatch(reader: BufferReader): Delivery[] {
    const batch: Delivery[] = [];
    let bytes = 0;
    reader.refresh();
    let next = reader.next();
    while (next) {
      batch.push(next);
      bytes += owedBytes(next);
      if (this.sink.format.once || bytes >= CATCH_UP_CHUNK_BYTES) return batch;
      next = reader.next();
    }
    return batch.length > 0 ? batch : this.#nextOfTail(reader);
  }

  /** The beginning of the tail; once all of it is taken, reading goes on after it. */
  #nextOfTail(reader: BufferReader): Delivery[] {
    const batch: Delivery[] = [];
    let bytes = 0;
    for (const delivery of this.#tail) {
      batch.push(delivery);
      bytes += owedBytes(delivery);
      if (this.sink.format.once || bytes >= CATCH_UP_CHUNK_BYTES) break;
    }
    this.#tail = this.#tail.slice(batch.length);
    this.#tailBytes -= bytes;
    reader.skip(batch);
    for (const left of this.#tail) reader.stopBefore(left);
    return batch;
  }
}

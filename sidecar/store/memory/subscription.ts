import { type ParsedMessageId, parseMessageId } from '../../../handoff/message-id.ts';
import type { Member } from '../../fanout/group.ts';
import { statistics } from '../../statistics/statistics.ts';
import { type Delivery, formatSubscriptionId } from '../message.ts';
import {
  type EndReason,
  OVERFLOW_BYTES,
  PAUSE_BYTES,
  type Sink,
  type Start,
  type Subscription,
} from '../store.ts';
import { BufferReader, type Seen } from './buffer-reader.ts';
import { CatchUpBatch } from './catch-up-batch.ts';
import type { Feed } from './feed.ts';
import { inLaterTurn } from './turns.ts';

/**
 * What reading the buffers takes is counted in looks at a channel. Before other work gets its turn there are so many of
 * them: about a millisecond.
 */
const SLICE_LOOKS = 48 * 1024;

/**
 * Bytes of buffered messages that are kept for a subscriber while it reads what is not here. Short buffers may lose them
 * until it comes to them; what is more than this it gets if they have not, like any slow subscriber.
 */
const SPARED_BYTES = 64 * 1024;

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
  #toldUpToDate = false;
  /** A further slice of the buffers is to be read in a later turn. */
  #scheduled = false;
  /** While it waits for messages that are not here; takes the question back. */
  #stopAsking: (() => void) | undefined;
  /** It has asked for messages that are not here, and has not come to the end since. */
  #readsPast = false;
  /**
   * Messages published while it reads the buffers, from the first unbuffered one on: the buffers alone would not give
   * them in order. While it reads what is not here, they are all messages.
   */
  #tail: Delivery[] = [];
  #tailBytes = 0;
  /** The tail has unbuffered messages: there is no other place from which it could get them. */
  #isOwed = false;

  constructor(feed: Feed, sink: Sink, start: Start | Seen) {
    this.#feed = feed;
    this.sink = sink;
    this.#reader = new BufferReader(feed.channels, start);
  }

  /**
   * Begins to read the buffers.
   * @throws what the sink or its format throws.
   */
  begin(): void {
    this.#readSlice();
  }

  /** Reads on from the buffers until they are exhausted or the client is slow. */
  resume(): void {
    if (!this.#scheduled && !this.#stopAsking) this.#readOn();
  }

  /** The feed published while this subscription was reading the buffers. */
  published(delivery: Delivery): void {
    const { buffered } = delivery.message;
    if (buffered && this.#tail.length === 0 && !this.#readsPast) return; // it will come to it in the buffer
    this.#tailBytes += owedBytes(delivery);
    this.#isOwed ||= !buffered;
    if (this.#tail.length > 0 && this.#tailBytes > (this.#isOwed ? OVERFLOW_BYTES : SPARED_BYTES)) {
      if (this.#isOwed) this.end('overflow');
      else this.#dropTail();
      return;
    }
    this.#reader?.stopBefore(delivery);
    this.#tail.push(delivery);
  }

  deliver(bytes: Buffer, last: Delivery, before: Delivery | undefined): void {
    if (this.#ended) return;
    if (this.sink.format.once) this.#leave();
    if (this.sink.write(bytes, last, before) > PAUSE_BYTES && !this.#ended) this.#fallBehind(last);
  }

  end(reason: EndReason): void {
    if (this.#ended) return;
    if (reason === 'overflow') statistics.slow.closed += 1;
    this.#leave();
    this.sink.end(reason);
  }

  cancel(): void {
    if (!this.#ended) this.#leave();
  }

  #leave(): void {
    this.#ended = true;
    this.#dropTail();
    this.#stopAsking?.();
    this.#feed.leave(this);
  }

  #dropTail(): void {
    this.#tail = [];
    this.#tailBytes = 0;
    this.#isOwed = false;
    this.#reader?.readToEnd();
  }

  #tellUpToDate(): void {
    if (this.#toldUpToDate || this.#ended) return;
    this.#toldUpToDate = true;
    this.sink.upToDate?.();
  }

  #fallBehind(last: Delivery): void {
    statistics.slow.returned += 1;
    const position = parseMessageId(formatSubscriptionId(last.id)) as ParsedMessageId;
    this.#reader = new BufferReader(this.#feed.channels, { after: position });
    for (const delivery of this.#feed.goBack(this, last)) this.published(delivery);
  }

  /** Nobody waits for this: what is thrown ends the subscriber, and no other. */
  #readOn(): void {
    try {
      this.#readSlice();
    } catch (error) {
      this.#feed.fault(error);
      this.#feed.expel(this);
    }
  }

  #readSlice(): void {
    let looks = SLICE_LOOKS;
    while (this.#reader && !this.#ended) {
      if (looks <= 0) {
        this.#scheduled = true;
        inLaterTurn(() => {
          this.#scheduled = false;
          this.#readOn();
        });
        return;
      }
      const { deliveries, looks: taken } = this.#nextBatch(this.#reader);
      looks -= taken;
      const last = deliveries[deliveries.length - 1];
      if (!last && this.#reader.isLacking) {
        this.#ask(this.#reader);
        return;
      }
      if (!last) {
        this.#reader = undefined;
        this.#readsPast = false;
        this.#feed.goLive(this);
        this.#tellUpToDate();
        return;
      }
      const { format } = this.sink;
      const parts = deliveries.map((delivery) => format.encode(delivery));
      if (format.once) this.#leave();
      const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      format.traffic?.add(deliveries.length, bytes.length);
      if (this.sink.write(bytes, last, deliveries[deliveries.length - 2]) > PAUSE_BYTES) return;
    }
  }

  /** Reads on when there is a page of what is not here. Nothing of the page is kept, however slow the client is. */
  #ask(reader: BufferReader): void {
    this.#readsPast = true;
    this.#stopAsking = this.#feed.ask(reader.lacks(), (page) => {
      this.#stopAsking = undefined;
      reader.readPage(page, () => this.#readOn());
    });
  }

  /** What is next in the buffers, or when they are exhausted, of the tail; empty when nothing is left. */
  #nextBatch(reader: BufferReader): CatchUpBatch {
    const batch = new CatchUpBatch(this.#feed.channels.length, this.sink.format.once);
    reader.refresh();
    while (!batch.full) {
      const next = reader.next();
      if (!next) break;
      batch.add(next);
    }
    if (batch.deliveries.length === 0 && !reader.isLacking) this.#takeTail(batch, reader);
    return batch;
  }

  /** Takes the beginning of the tail; once all of it is taken, reading goes on after it. */
  #takeTail(batch: CatchUpBatch, reader: BufferReader): void {
    for (const delivery of this.#tail) {
      if (batch.full) break;
      batch.add(delivery);
      this.#tailBytes -= owedBytes(delivery);
    }
    this.#tail = this.#tail.slice(batch.deliveries.length);
    reader.skip(batch.deliveries);
    for (const left of this.#tail) reader.stopBefore(left);
    if (this.#tail.length === 0) this.#isOwed = false;
  }
}

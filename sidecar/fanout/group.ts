/**
 * The subscribers of one channel list that share a format, and what is on its way to them. Messages that arrive in one
 * turn of the event loop are joined into one write per subscriber; a large group is served in slices with other work
 * in between, so that a burst to many subscribers never holds up the rest.
 */
import { statistics } from '../statistics/statistics.ts';
import type { Delivery } from '../store/message.ts';
import type { MessageFormat } from './format.ts';
import type { SlicedWork, WorkQueue } from './work-queue.ts';

/** A subscriber that is up to date and waits for the next message. */
export interface Member {
  /** Number of the first batch that it is still to get; kept by the group. */
  firstBatch: number;
  /** Takes the encoded messages of a batch; `last` is the newest of them, `before` the one in front of it. */
  deliver(bytes: Buffer, last: Delivery, before: Delivery | undefined): void;
}

/** What a group belongs to: it hears of faults, which are nobody's business but that of the member concerned. */
export interface GroupOwner<M extends Member> {
  /** Encoding a message or delivering it to a member threw this. */
  fault(error: unknown): void;
  /** The member could not be given a message, so it must not get the ones after it. */
  expel(member: M): void;
}

interface Batch {
  readonly number: number;
  /** When its first message came, in milliseconds of performance.now. */
  readonly sinceMs: number;
  /** Empty when the message could not be encoded. */
  readonly parts: Buffer[];
  readonly deliveries: Delivery[];
  /** The joined parts, once the first member gets them. */
  bytes: Buffer | undefined;
}

export class FanoutGroup<M extends Member = Member> implements SlicedWork {
  readonly format: MessageFormat;
  readonly #queue: WorkQueue;
  readonly #owner: GroupOwner<M>;
  readonly #members = new Set<M>();
  /** Batches not yet given to every member, oldest first; messages join the last one while it is open. */
  readonly #batches: Batch[] = [];
  #open = false;
  #nextBatch = 0;
  /** Where the oldest batch's delivery stopped, when it takes more than one slice. */
  #cursor: Iterator<M> | undefined;

  constructor(format: MessageFormat, queue: WorkQueue, owner: GroupOwner<M>) {
    this.format = format;
    this.#queue = queue;
    this.#owner = owner;
  }

  get size(): number {
    return this.#members.size;
  }

  /** True when it holds neither members nor undelivered messages. */
  get idle(): boolean {
    return this.#members.size === 0 && this.#batches.length === 0;
  }

  /** Adds a member that has seen every message pushed so far; it gets the ones pushed from now on. */
  add(member: M): void {
    this.#open = false;
    member.firstBatch = this.#nextBatch;
    this.#members.add(member);
  }

  remove(member: M): void {
    this.#members.delete(member);
  }

  /** What is on its way to a member that got everything up to and with `last`. */
  owed(member: M, last: Delivery): Delivery[] {
    const meant = this.#batches.filter(({ number }) => number >= member.firstBatch);
    const deliveries = meant.flatMap((batch) => batch.deliveries);
    return deliveries.slice(deliveries.indexOf(last) + 1);
  }

  /** Queues a message for all present members. */
  push(delivery: Delivery): void {
    if (this.#members.size === 0) return;
    const encoded = this.#encode(delivery);
    const open = encoded && this.#open ? this.#batches[this.#batches.length - 1] : undefined;
    if (encoded && open) {
      open.parts.push(encoded);
      open.deliveries.push(delivery);
    } else {
      this.#batches.push({
        number: this.#nextBatch++,
        sinceMs: performance.now(),
        parts: encoded ? [encoded] : [],
        deliveries: [delivery],
        bytes: undefined,
      });
      // Members of a once-only format leave with their first message, so nothing may be joined to it.
      this.#open = encoded !== undefined && !this.format.once;
    }
    this.#queue.add(this);
  }

  /** Gives a member what is on its way to it, in this turn, and lets it go: it is about to be ended. */
  finish(member: M): void {
    this.#open = false;
    for (const batch of this.#batches) {
      if (!this.#members.has(member)) return; // it left, or fell behind
      if (member.firstBatch <= batch.number) this.#count(batch, this.#serve(member, batch));
    }
    this.#members.delete(member);
  }

  /** Delivers to at most `steps` members. */
  slice(steps: number): number {
    let done = 0;
    for (let batch = this.#batches[0]; batch; batch = this.#batches[0]) {
      if (!this.#cursor) {
        if (this.#batches.length === 1) this.#open = false;
        this.#cursor = this.#members.values();
      }
      let served = 0;
      for (let next = this.#cursor.next(); !next.done; next = this.#cursor.next()) {
        if (next.value.firstBatch > batch.number) continue;
        served += this.#serve(next.value, batch);
        done += 1;
        if (done >= steps) {
          this.#count(batch, served);
          return done;
        }
      }
      this.#count(batch, served);
      this.#cursor = undefined;
      this.#batches.shift();
      statistics.deliverySeconds.observe((performance.now() - batch.sinceMs) / 1000);
    }
    return done;
  }

  #encode(delivery: Delivery): Buffer | undefined {
    try {
      return this.format.encode(delivery);
    } catch (error) {
      this.#owner.fault(error);
      return undefined;
    }
  }

  /** Counts what members were given, all at once: once for each would be felt. */
  #count({ bytes, deliveries }: Batch, served: number): void {
    if (served > 0 && bytes) this.format.traffic?.add(served * deliveries.length, served * bytes.length);
  }

  /** @returns how many were given the batch: 1, or 0 when that failed. */
  #serve(member: M, batch: Batch): 0 | 1 {
    member.firstBatch = batch.number + 1;
    if (this.format.once) this.#members.delete(member);
    const { parts, deliveries } = batch;
    if (parts.length === 0) {
      this.#owner.expel(member);
      return 0;
    }
    batch.bytes ??= parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    try {
      const at = deliveries.length - 1;
      member.deliver(batch.bytes, deliveries[at] as Delivery, deliveries[at - 1]);
      return 1;
    } catch (error) {
      this.#owner.fault(error);
      this.#owner.expel(member);
      return 0;
    }
  }
}

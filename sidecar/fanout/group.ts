/**
 * The subscribers of one channel that share a format, and what is on its way to them. Messages that arrive in one turn
 * of the event loop are joined into one write per subscriber; a large group is served in slices with other work in
 * between, so that a burst to many subscribers never holds up the rest.
 */
import type { Delivery } from '../store/message.ts';
import type { MessageFormat } from './format.ts';

/** A subscriber that is up to date and waits for the next message. */
export interface Member {
  /** Number of the first batch that is meant for it; set by the group. */
  firstBatch: number;
  /** Takes the encoded messages of a batch; `last` is the newest of them. */
  deliver(bytes: Buffer, last: Delivery): void;
}

interface Batch {
  readonly number: number;
  readonly parts: Buffer[];
  readonly deliveries: Delivery[];
}

/** Subscribers written to before other work gets its turn: some 2 ms at 4 µs a write. */
export const SLICE_MEMBERS = 512;

export class FanoutGroup {
  readonly format: MessageFormat;
  readonly #members = new Set<Member>();
  /** Batches not yet given to every member, oldest first; messages join the last one while it is open. */
  readonly #batches: Batch[] = [];
  #open = false;
  #nextBatch = 0;
  #scheduled = false;
  /** Where the oldest batch's delivery stopped, when it takes more than one slice. */
  #cursor: Iterator<Member> | undefined;
  #cursorBytes: Buffer | undefined;

  constructor(format: MessageFormat) {
    this.format = format;
  }

  get size(): number {
    return this.#members.size;
  }

  /** True when it holds neither members nor undelivered messages. */
  get idle(): boolean {
    return this.#members.size === 0 && this.#batches.length === 0;
  }

  /** Adds a member that has seen every message pushed so far; it gets the ones pushed from now on. */
  add(member: Member): void {
    this.#open = false;
    member.firstBatch = this.#nextBatch;
    this.#members.add(member);
  }

  remove(member: Member): void {
    this.#members.delete(member);
  }

  /** What is on its way to a member that got everything up to and with `last`. */
  owed(member: Member, last: Delivery): Delivery[] {
    const meant = this.#batches.filter(({ number }) => number >= member.firstBatch);
    const deliveries = meant.flatMap((batch) => batch.deliveries);
    return deliveries.slice(deliveries.indexOf(last) + 1);
  }

  /** Queues a message for all present members. */
  push(delivery: Delivery): void {
    if (this.#members.size === 0) return;
    const encoded = this.format.encode(delivery);
    const open = this.#open ? this.#batches[this.#batches.length - 1] : undefined;
    if (open) {
      open.parts.push(encoded);
      open.deliveries.push(delivery);
    } else {
      this.#batches.push({ number: this.#nextBatch++, parts: [encoded], deliveries: [delivery] });
      // Members of a once-only format leave with their first message, so nothing may be joined to it.
      this.#open = !this.format.once;
    }
    this.#schedule();
  }

  /** Delivers everything now, in this turn: for members that are about to be ended. */
  flush(): void {
    while (this.#batches.length > 0) this.#deliver(Number.POSITIVE_INFINITY);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#deliver(SLICE_MEMBERS)) this.#schedule();
    });
  }

  /** Delivers to at most `budget` members; false when some are left. */
  #deliver(budget: number): boolean {
    while (this.#batches.length > 0) {
      const batch = this.#batches[0] as Batch;
      if (!this.#cursor) {
        if (this.#batches.length === 1) this.#open = false;
        this.#cursor = this.#members.values();
        this.#cursorBytes =
          batch.parts.length === 1 ? (batch.parts[0] as Buffer) : Buffer.concat(batch.parts);
      }
      for (;;) {
        const next = this.#cursor.next();
        if (next.done) break;
        const member = next.value;
        if (member.firstBatch > batch.number) continue;
        if (this.format.once) this.#members.delete(member);
        member.deliver(
          this.#cursorBytes as Buffer,
          batch.deliveries[batch.deliveries.length - 1] as Delivery,
        );
        budget -= 1;
        if (budget <= 0) return false;
      }
      this.#cursor = undefined;
      this.#cursorBytes = undefined;
      this.#batches.shift();
    }
    return true;
  }
}

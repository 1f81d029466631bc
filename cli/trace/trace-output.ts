/** Writes a trace as fast as whoever reads it takes it. */
import type { Writable } from 'node:stream';
import type { TraceLine } from './tracer.ts';

/**
 * So much may wait for the reader, in bytes. Reading from Redis slower instead would make Redis keep what waits, without
 * any bound.
 */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;

/** Leaves out lines while the reader is too slow, and says how many. */
export class TraceOutput {
  readonly #stream: Writable;
  #leftOut = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  write({ text, inner }: TraceLine): void {
    const full = this.#stream.writableLength > MAX_PENDING_BYTES;
    // A script's commands without their script would seem to be those of the script before.
    if (full || (inner && this.#leftOut > 0)) {
      this.#leftOut++;
      return;
    }
    this.end();
    this.#stream.write(text);
  }

  /** Says what was left out, if anything was. */
  end(): void {
    if (this.#leftOut === 0 || !this.#stream.writable) return;
    this.#stream.write(`… ${this.#leftOut} commands left out: whoever reads this is too slow\n`);
    this.#leftOut = 0;
  }
}

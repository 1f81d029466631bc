/** A line on a terminal that says how far a long command is. Nothing elsewhere. */

/** Milliseconds between two states of the line. */
const INTERVAL_MS = 100;

/** Goes to the beginning of the line and clears it (ECMA-48). */
const CLEAR = '\r\x1b[2K';

export class Progress {
  readonly #stream: NodeJS.WriteStream;
  #shownAt = 0;
  #visible = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Shows the text instead of the one before, unless that is very new. */
  show(text: string): void {
    if (!this.#stream.isTTY || Date.now() - this.#shownAt < INTERVAL_MS) return;
    this.#shownAt = Date.now();
    this.#visible = true;
    this.#stream.write(`${CLEAR}${text}`);
  }

  /** Removes the line, before something else is written. */
  clear(): void {
    if (!this.#visible) return;
    this.#visible = false;
    this.#stream.write(CLEAR);
  }
}

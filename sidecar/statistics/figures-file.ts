/** The file from which nginx takes the values of `$nchan_stub_status_…`: it cannot wait for the sidecar where it logs. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { StubFigures } from '../../handoff/nchan-variables.ts';
import { type Logger, logFault } from '../log.ts';
import { Recurrences } from '../recurrences.ts';
import { every } from '../timers.ts';

/** How old the figures get. */
const WRITE_EVERY_SECONDS = 1;
/** They are read by nginx's workers, who run as we do. */
const MODE = 0o600;

export class FiguresFile {
  readonly #log: Logger;
  readonly #read: () => StubFigures;
  readonly #failures = new Recurrences();
  #file: string | undefined;
  #text = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger, read: () => StubFigures) {
    this.#log = log;
    this.#read = read;
  }

  /** Writes the file from now on; undefined writes none. */
  configure(file: string | undefined): void {
    if (file === this.#file) return;
    this.close();
    this.#file = file;
    if (file === undefined) return;
    this.#write();
    this.#timer = every(WRITE_EVERY_SECONDS, () => this.#write());
  }

  /** Writes no more, and removes the file: the figures of nobody are 0. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
    this.#file = undefined;
    this.#text = '';
  }

  /** Replaces the file in one step, if there is something new. */
  #write(): void {
    const text = JSON.stringify(this.#read());
    const file = this.#file as string;
    // Another njchan up, for whose nginx we serve on, begins with an empty directory.
    if (text === this.#text && existsSync(file)) return;
    try {
      writeFileSync(`${file}.next`, text, { mode: MODE });
      renameSync(`${file}.next`, file);
      this.#text = text;
    } catch (error) {
      const more = this.#failures.met('write');
      if (more === undefined) return;
      const { message } = error as Error;
      logFault(this.#log, 'NJ-FIGURES-FILE', `the figures for nginx were not written: ${message}${more}`);
    }
  }
}

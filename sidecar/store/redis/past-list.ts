/**
 * Who waits for the past of one list of channels. However many they are, one page is read at a time, and everybody for
 * whom it has something reads it: subscribers that come back all at once read the same messages.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { reaches } from '../memory/buffer-reader.ts';
import type { Lack, Page } from '../memory/past.ts';
import { inLaterTurn } from '../memory/turns.ts';

interface Reader {
  readonly lacks: readonly Lack[];
  readonly take: (page: Page) => void;
}

export interface PastListHost {
  /** Reads a page of the list for these lacks. */
  read(names: readonly string[], lacks: readonly Lack[]): Promise<Page>;
  /** That failed. */
  failed(list: PastList, error: unknown): void;
  /** Everybody had the page who can use it; some may wait for another one. */
  served(list: PastList): void;
}

export class PastList {
  readonly names: readonly string[];
  readonly #host: PastListHost;
  readonly #readers = new Set<Reader>();
  #serving = false;

  /** A page is being read, or handed on; the host hears when that is done. */
  get serving(): boolean {
    return this.#serving;
  }

  constructor(names: readonly string[], host: PastListHost) {
    this.names = names;
    this.#host = host;
  }

  /** Nobody waits, and nothing is being read. */
  get idle(): boolean {
    return this.#readers.size === 0 && !this.#serving;
  }

  /** @returns what takes it out. */
  add(reader: Reader): () => void {
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }

  /**
   * Reads the page for which somebody has waited longest, and gives it to everybody for whom it is good, one in each
   * turn. It is in memory until then, so whoever limits how many lists do this at a time limits what they take.
   * @returns undefined when nobody waits.
   */
  serve(): Promise<void> | undefined {
    return this.#readers.size > 0 ? this.#serve() : undefined;
  }

  async #serve(): Promise<void> {
    this.#serving = true;
    try {
      await nextTurn(); // others may be about to ask for the same
      // Those that come from now on may lack what is not in this page.
      const readers = [...this.#readers];
      const [first] = readers;
      const page: Page = first ? await this.#host.read(this.names, first.lacks) : new Map();
      for (const reader of readers) {
        if (this.#readers.has(reader) && suits(page, reader.lacks)) await this.#give(page, reader);
      }
    } catch (error) {
      this.#host.failed(this, error);
      return;
    } finally {
      this.#serving = false;
    }
    this.#host.served(this);
  }

  /** Resolves when the reader has read the page. */
  #give(page: Page, reader: Reader): Promise<void> {
    return new Promise((resolve) =>
      inLaterTurn(() => {
        if (this.#readers.delete(reader)) reader.take(page);
        resolve();
      }),
    );
  }
}

/** Whether a page has something for each lack. */
function suits(page: Page, lacks: readonly Lack[]): boolean {
  return lacks.every(({ place, after }) => {
    const part = page.get(place);
    return part !== undefined && reaches(part, after);
  });
}

/**
 * Tells who subscribes to a channel: a message about each subscriber, on a channel that only who asked listens to
 * (spec/hooks.md §5). A channel may have very many, so they are told of in slices, with other work in between.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Logger, logFault } from '../log.ts';
import { Recurrences } from '../recurrences.ts';
import type { Store } from '../store/store.ts';

/** Subscribers that are told of in one turn, and at a time where the store takes its time. */
const SLICE = 128;

/** Requests that may wait to be answered: further ones are not. */
export const MAX_WAITING_REQUESTS = 64;

/** Requests that are remembered, so that one that comes twice is answered once: it is sent both ways in a cluster. */
const MAX_REMEMBERED = 256;

/** Who asks reads at once, mostly; these are kept for one that is slow. */
const MAX_KEPT = 10_000;
const KEPT_SECONDS = 10;

interface Request {
  readonly store: Store;
  readonly channel: string;
  readonly number: number;
}

/** The channel for the answers to a request. */
export function answerChannel(request: number): string {
  return `meta/sr${request}`;
}

export class InfoAnswers {
  readonly #log: Logger;
  readonly #recurrences = new Recurrences();
  readonly #waiting: Request[] = [];
  readonly #remembered = new WeakMap<Store, Set<string>>();
  #isAnswering = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Tells of the subscribers that a channel has here, once those who asked before were answered. */
  add(store: Store, channel: string, number: number): void {
    if (this.#isKnown(store, `${number} ${channel}`)) return;
    if (this.#waiting.length >= MAX_WAITING_REQUESTS) {
      this.#tell('too many have asked for subscribers; one of them gets no answer');
      return;
    }
    this.#waiting.push({ store, channel, number });
    if (!this.#isAnswering) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    this.#isAnswering = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        await answer(next);
      } catch (error) {
        this.#tell(`subscribers could not be told of: ${(error as Error).message}`);
      }
    }
    this.#isAnswering = false;
  }

  #isKnown(store: Store, request: string): boolean {
    let remembered = this.#remembered.get(store);
    if (!remembered) {
      remembered = new Set();
      this.#remembered.set(store, remembered);
    }
    if (remembered.has(request)) return true;
    remembered.add(request);
    const [oldest] = remembered;
    if (remembered.size > MAX_REMEMBERED) remembered.delete(oldest as string);
    return false;
  }

  #tell(what: string): void {
    const more = this.#recurrences.met(what);
    if (more !== undefined) logFault(this.#log, 'NJ-INFO-FAILED', `${what}${more}`);
  }
}

async function answer({ store, channel, number }: Request): Promise<void> {
  const sinks = store.sinks(channel);
  const limits = { length: Math.min(Math.max(sinks.length, 1), MAX_KEPT), timeoutSeconds: KEPT_SECONDS };
  const answers = answerChannel(number);
  for (let from = 0; from < sinks.length; from += SLICE) {
    // In this process nobody listens who has left; elsewhere that is not known for sure.
    if (!store.fellows && store.subscribersHere([answers]) === 0) return;
    const told = sinks.slice(from, from + SLICE).map((sink) => {
      const data = sink.describe?.();
      return (
        data && store.publish(answers, { data, contentType: 'text/plain', eventsourceEvent: '' }, limits)
      );
    });
    await Promise.all(told);
    await nextTurn();
  }
}

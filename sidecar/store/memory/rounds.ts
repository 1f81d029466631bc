/**
 * What a channel does to every list that it is in: with a list a user, a channel that all users share is in very many.
 * A round goes from one to the next, some in each turn of the event loop. Rounds follow each other in the order in which
 * they began, and a list that something else happens to takes part in all pending ones first: nobody can tell that
 * it did not happen everywhere at once.
 */
import type { SlicedWork, WorkQueue } from '../../fanout/work-queue.ts';
import type { Message } from '../message.ts';
import type { EndReason } from '../store.ts';
import type { Feed } from './feed.ts';

/** Feeds, each with its channel's places in its list. */
export type FeedPlaces = ReadonlyMap<Feed, readonly number[]>;

/** A channel that is in no more lists hands a message on at once; about 2 µs a list. */
const FEW_FEEDS = 16;

type RoundEvent = { readonly message: Message } | { readonly end: EndReason };

interface Round {
  readonly number: number;
  readonly feeds: FeedPlaces;
  readonly event: RoundEvent;
  readonly rest: Iterator<Feed>;
  /** The feed whose subscribers are being told that they ended. */
  current: Feed | undefined;
  readonly finished: () => void;
}

export class Rounds implements SlicedWork {
  readonly #queue: WorkQueue;
  /** Those not yet over, the oldest first. */
  readonly #pending: Round[] = [];
  /**
   * Feeds of which somebody reads the buffers. They take part in a round as it begins, because their readers look into
   * the channels between turns. They are few: a reader lasts only if its client is slow or has very much to read.
   */
  readonly #read = new Set<Feed>();
  #last = 0;

  constructor(queue: WorkQueue) {
    this.#queue = queue;
  }

  /** Number of the round that began last. */
  get last(): number {
    return this.#last;
  }

  /** Somebody begins to read the buffers of this feed's channels. */
  reads(feed: Feed): void {
    this.#read.add(feed);
  }

  readsNoMore(feed: Feed): void {
    this.#read.delete(feed);
  }

  /**
   * Hands a message on to all feeds of its channel.
   * @returns a promise for when all have it, nothing when they already do.
   */
  publish(feeds: FeedPlaces, message: Message): Promise<void> | undefined {
    if (feeds.size > FEW_FEEDS) return this.#begin(feeds, { message });
    this.settleFew(feeds);
    for (const [feed, places] of feeds) for (const place of places) feed.published(place, message);
    return undefined;
  }

  /**
   * Ends the subscribers of all these feeds.
   * @param feeds not changed any more.
   * @returns when all were told.
   */
  async end(feeds: FeedPlaces, reason: EndReason): Promise<void> {
    const told = this.#begin(feeds, { end: reason });
    if (feeds.size <= FEW_FEEDS) {
      this.settleFew(feeds);
      if (this.#pending.length === 1) this.slice(this.#queue.stepsPerTurn);
    }
    await told;
  }

  /** The feed takes part in every round that began before now. */
  settle(feed: Feed): void {
    if (feed.lastRound === this.#last) return;
    for (const { number, feeds, event } of this.#pending) {
      const places = number > feed.lastRound ? feeds.get(feed) : undefined;
      if (!places) continue;
      feed.lastRound = number; // first, since a sink that is ended may call the store
      if ('end' in event) feed.close(event.end);
      else for (const place of places) feed.published(place, event.message);
    }
    feed.lastRound = this.#last;
  }

  /** The same for all these feeds, if they are few. */
  settleFew(feeds: FeedPlaces): void {
    if (this.#pending.length === 0 || feeds.size > FEW_FEEDS) return;
    for (const feed of feeds.keys()) this.settle(feed);
  }

  slice(steps: number): number {
    let done = 0;
    while (done < steps) {
      const round = this.#pending[0];
      if (!round) break;
      done += 1;
      round.current ??= round.rest.next().value;
      if (!round.current) {
        this.#pending.shift();
        round.finished();
        continue;
      }
      this.settle(round.current);
      if ('end' in round.event) {
        done += round.current.tell(steps - done);
        if (round.current.subscribers > 0) return steps;
      }
      round.current = undefined;
    }
    return done;
  }

  #begin(feeds: FeedPlaces, event: RoundEvent): Promise<void> {
    const over = new Promise<void>((finished) => {
      const rest = feeds.keys();
      this.#pending.push({ number: ++this.#last, feeds, event, rest, current: undefined, finished });
    });
    for (const feed of this.#read) this.settle(feed);
    this.#queue.add(this);
    return over;
  }
}

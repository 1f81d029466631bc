/** Deletes the channels of a group, which may be very many, in slices. */
import type { SlicedWork, WorkQueue } from '../fanout/work-queue.ts';
import { groupOfChannel } from './groups.ts';
import type { Store } from './store.ts';

/** Deletions under way at a time: in memory each ends its subscribers, in Redis each is a call. */
const MAX_UNDER_WAY = 128;

/** Names that are looked at in the time of a step. */
const LOOKS_PER_STEP = 16;

/** What deleting a channel takes, and how many messages are dropped in the time of a step; in steps of sliced work. */
const STEPS_PER_CHANNEL = 2;
const MESSAGES_PER_STEP = 16;

class GroupDeletion implements SlicedWork {
  readonly #store: Store;
  readonly #group: string;
  readonly #prefix: string;
  readonly #stepsEach: number;
  readonly #queue: WorkQueue;
  readonly #names: Iterator<string>;
  /** Names still to be looked at. Those of channels that come while this goes on are the last, and stay out. */
  #left: number;
  #underWay = 0;
  #fault: { readonly error: unknown } | undefined;
  readonly done: Promise<void>;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(store: Store, group: string, messagesEach: number, queue: WorkQueue) {
    this.#store = store;
    this.#group = group;
    this.#prefix = `${group}/`;
    this.#stepsEach = STEPS_PER_CHANNEL + Math.floor(messagesEach / MESSAGES_PER_STEP);
    this.#queue = queue;
    this.#names = store.channels.keys();
    this.#left = store.channels.size;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    queue.add(this);
  }

  slice(steps: number): number {
    let done = 0;
    while (done < steps) {
      if (this.#underWay >= MAX_UNDER_WAY) return Math.floor(done); // the next that ends goes on
      const name = this.#left > 0 && !this.#fault ? this.#names.next() : { done: true as const };
      this.#left -= 1;
      if (name.done) {
        this.#left = 0;
        this.#finish();
        return Math.floor(done);
      }
      done += 1 / LOOKS_PER_STEP;
      if (!this.#isOfGroup(name.value)) continue;
      done += this.#stepsEach + this.#store.subscribersHere([name.value]);
      this.#delete(name.value);
    }
    return steps;
  }

  /** Also where a client names the group: `g/b` is none, and does not mean the channels of `g` that begin with `b/`. */
  #isOfGroup(channel: string): boolean {
    return channel.startsWith(this.#prefix) && groupOfChannel(channel) === this.#group;
  }

  #delete(name: string): void {
    this.#underWay += 1;
    this.#store
      .delete(name)
      .catch((error: unknown) => {
        this.#fault ??= { error };
      })
      .finally(() => {
        this.#underWay -= 1;
        this.#queue.add(this);
      });
  }

  #finish(): void {
    if (this.#underWay > 0) return; // the last that ends comes back here
    if (this.#fault) this.#reject(this.#fault.error);
    else this.#resolve();
  }
}

/**
 * Deletes every channel of a group that a store has.
 * @param messagesEach of a channel, on average
 * @returns when all are deleted; rejects with the first fault, after which no further one is begun
 */
export function deleteGroup(
  store: Store,
  group: string,
  messagesEach: number,
  queue: WorkQueue,
): Promise<void> {
  return new GroupDeletion(store, group, messagesEach, queue).done;
}

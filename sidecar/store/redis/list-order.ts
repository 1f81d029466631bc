/**
 * Keeps the channels of a list in the order of time. A list's message ids have one time for all of its channels
 * (spec/message-ids.md §7), so that who resumes by one counts as having seen all that was before. A channel that has yet
 * to bring messages of the past, because it reads, fetches or compresses them, therefore keeps back the later messages of
 * the channels that it is in lists with.
 */
import { after } from '../../timers.ts';

/**
 * Milliseconds for which a channel without any progress keeps others back: longer than a cluster takes, by default, until
 * a replica has the place of a master that died. Then they go on: what is out of order for who resumes in that moment is
 * less of a loss than messages that do not come.
 */
const MAX_HOLD_MS = 20_000;

interface Behind {
  /** It brings no message of an earlier one, in Unix seconds. */
  second: number;
  /** When it last made progress, in milliseconds of performance.now. */
  progressMs: number;
  /** Told of the next progress. */
  waiting: (() => void)[];
}

interface List<C> {
  readonly channels: ReadonlySet<C>;
  subscriptions: number;
}

export class ListOrder<C extends object> {
  /** By the names of their channels, joined by commas, which names do not contain. */
  readonly #lists = new Map<string, List<C>>();
  readonly #listsOf = new Map<C, Set<List<C>>>();
  readonly #behind = new Map<C, Behind>();

  /** Somebody is served with all of these, from now on until `leave`. */
  join(key: string, channels: readonly C[]): void {
    if (channels.length === 1) return;
    let list = this.#lists.get(key);
    if (!list) {
      list = { channels: new Set(channels), subscriptions: 0 };
      this.#lists.set(key, list);
      for (const channel of list.channels) {
        const lists = this.#listsOf.get(channel);
        if (lists) lists.add(list);
        else this.#listsOf.set(channel, new Set([list]));
      }
    }
    list.subscriptions += 1;
  }

  leave(key: string): void {
    const list = this.#lists.get(key);
    if (!list || --list.subscriptions > 0) return;
    this.#lists.delete(key);
    for (const channel of list.channels) {
      const lists = this.#listsOf.get(channel);
      lists?.delete(list);
      if (lists?.size === 0) this.#listsOf.delete(channel);
    }
  }

  /** The channel may bring messages of this second and of later ones, though perhaps not at once. */
  behind(channel: C, second: number): void {
    const behind = this.#behind.get(channel);
    const progressMs = performance.now();
    if (!behind) {
      this.#behind.set(channel, { second, progressMs, waiting: [] });
      return;
    }
    behind.progressMs = progressMs;
    if (second <= behind.second) return;
    behind.second = second;
    wake(behind);
  }

  /** The channel has brought everything, or others shall not wait for it. */
  caughtUp(channel: C): void {
    const behind = this.#behind.get(channel);
    if (!behind) return;
    this.#behind.delete(channel);
    wake(behind);
  }

  /** Whether something before this second may still come from channels in lists with this one. */
  mustWait(channel: C, second: number): boolean {
    return this.#firstBefore(channel, second) !== undefined;
  }

  /** Resolves when the next message of the channel, of this second, has its turn; undefined if it has it now. */
  turn(channel: C, second: number): Promise<void> | undefined {
    if (this.#behind.has(channel)) this.behind(channel, second);
    const first = this.#firstBefore(channel, second);
    return first && this.#after(channel, second, first);
  }

  /** Resolves when none of these is behind any more; undefined if none is. */
  together(channels: readonly C[]): Promise<void> | undefined {
    if (
      this.#behind.size === 0 ||
      !channels.some((channel) => this.#keepsBack(channel, Number.POSITIVE_INFINITY))
    )
      return undefined;
    return this.#passed(channels, Number.POSITIVE_INFINITY);
  }

  async #after(channel: C, second: number, first: C): Promise<void> {
    await this.#passed([first], second);
    await this.#passed(this.#companions(channel), second);
  }

  async #passed(channels: Iterable<C>, second: number): Promise<void> {
    for (const channel of channels) {
      for (let behind = this.#keepsBack(channel, second); behind; behind = this.#keepsBack(channel, second)) {
        await progressOf(behind);
      }
    }
  }

  #firstBefore(channel: C, second: number): C | undefined {
    if (this.#behind.size === 0 || !this.#listsOf.has(channel)) return undefined;
    for (const other of this.#companions(channel)) if (this.#keepsBack(other, second)) return other;
    return undefined;
  }

  /** Those that are in lists with a channel and may be behind, some of them more than once. */
  *#companions(channel: C): Iterable<C> {
    const lists = this.#listsOf.get(channel);
    if (!lists) return;
    if (this.#behind.size < lists.size) {
      for (const other of this.#behind.keys())
        if (other !== channel && this.#shareList(lists, other)) yield other;
      return;
    }
    for (const list of lists) for (const other of list.channels) if (other !== channel) yield other;
  }

  #shareList(lists: ReadonlySet<List<C>>, other: C): boolean {
    const others = this.#listsOf.get(other);
    if (!others) return false;
    const [few, many] = others.size < lists.size ? [others, lists] : [lists, others];
    for (const list of few) if (many.has(list)) return true;
    return false;
  }

  #keepsBack(other: C, second: number): Behind | undefined {
    const behind = this.#behind.get(other);
    if (!behind || behind.second >= second) return undefined;
    return performance.now() - behind.progressMs < MAX_HOLD_MS ? behind : undefined;
  }
}

function wake(behind: Behind): void {
  for (const told of behind.waiting.splice(0)) told();
}

/** Resolves at the next progress, or when it has made none for too long. */
function progressOf(behind: Behind): Promise<void> {
  return new Promise((resolve) => {
    const timer = after(behind.progressMs + MAX_HOLD_MS - performance.now(), resolve);
    behind.waiting.push(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

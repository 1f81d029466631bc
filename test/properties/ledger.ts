/** What was published, and when: one clock for publishers and subscribers, since all of them are in this process. */
import { compareIds, type MessageId } from '../../sidecar/store/message.ts';
import { within } from '../support/wait.ts';

/** Two moments of one process compare by `tick`; `ms`, Unix milliseconds, is for what expires. */
export interface Moment {
  readonly tick: number;
  readonly ms: number;
}

/** What a publisher says of a message. */
export interface Draft {
  readonly channel: string;
  /** The buffer length of its location: the channel keeps no more than this many messages from now on. */
  readonly length: number;
  readonly timeoutSeconds: number;
}

/** A message whose publisher has its answer. */
export interface Publication extends Draft {
  /** Different from that of every other message. */
  readonly body: string;
  readonly begun: Moment;
  readonly answered: Moment;
  readonly id: MessageId;
}

/** A message on its way to the server. */
export type Pending = Omit<Publication, 'answered' | 'id'>;

export class Ledger {
  #tick = 0;
  #begun = 0;
  readonly #publications: Publication[] = [];
  readonly #waiting: { count: number; resolve: () => void }[] = [];

  /** A moment after every earlier one. */
  now(): Moment {
    this.#tick += 1;
    return { tick: this.#tick, ms: Date.now() };
  }

  /**
   * A message is about to be sent.
   * @param padding - characters that make it longer
   */
  begin(draft: Draft, padding = 0): Pending {
    const body = `${draft.channel}:${this.#begun++}${'.'.repeat(padding)}`;
    return { ...draft, body, begun: this.now() };
  }

  /**
   * The publisher has its answer.
   * @param figures - of the channel, as text
   * @throws Error when they name no message id
   */
  answer(pending: Pending, figures: string): void {
    const [, time, tag] = /last message id: (\d+):(\d+)/.exec(figures) ?? [];
    if (tag === undefined) throw new Error(`publishing ${label(pending.body)} was answered "${figures}"`);
    const id = { time: Number(time), tag: Number(tag) };
    this.#publications.push({ ...pending, answered: this.now(), id });
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.count <= this.#publications.length) waiting.resolve();
      else this.#waiting.push(waiting);
    }
  }

  /** Resolves when `count` more messages are answered, or all that are on their way. */
  answers(count: number): Promise<void> {
    const target = Math.min(this.#publications.length + count, this.#begun);
    if (this.#publications.length >= target) return Promise.resolve();
    const answered = new Promise<void>((resolve) => this.#waiting.push({ count: target, resolve }));
    return within(`the answers to ${target} messages`, answered);
  }

  /** The messages of a channel in the order of their ids. */
  of(channel: string): Publication[] {
    const own = this.#publications.filter((publication) => publication.channel === channel);
    return own.sort((a, b) => compareIds(a.id, b.id));
  }
}

/** A body without its padding, for people. */
export function label(body: string): string {
  return body.replace(/\.+$/, '');
}

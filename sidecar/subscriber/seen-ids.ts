import type { Handoff } from '../handoff.ts';
import { startId } from '../hooks/variables.ts';
import { type Delivery, formatSubscriptionId, type SubscriptionId } from '../store/message.ts';

/** What `$nchan_message_id` and `$nchan_prev_message_id` are for a subscriber (spec/hooks.md §10). */
export class SeenIds {
  readonly #start: Handoff['messageId'];
  #last: SubscriptionId | undefined;
  #previous: SubscriptionId | undefined;

  constructor({ messageId }: Pick<Handoff, 'messageId'>) {
    this.#start = messageId;
  }

  /** Of the last message that it was given; '' before the first. */
  get messageId(): string {
    return this.#last ? formatSubscriptionId(this.#last) : '';
  }

  /** Of the one before, or that it began after. */
  get previousId(): string {
    return this.#previous ? formatSubscriptionId(this.#previous) : startId(this.#start);
  }

  /** Called with every delivery, so it writes no text, and keeps no message. */
  delivered(last: Delivery, before: Delivery | undefined): void {
    this.#previous = before?.id ?? this.#last;
    this.#last = last.id;
  }
}

/** Requests for information about subscribers: whoever asks listens to a channel of its own for the answers. */
import { randomInt } from 'node:crypto';
import type { Handoff } from '../handoff.ts';
import type { Logger } from '../log.ts';
import type { Store } from '../store/store.ts';
import type { SubscriberObserver } from '../subscriber/observer.ts';
import { answerChannel, InfoAnswers } from './answers.ts';

/** How a request is served: as a subscriber, which asks once it is there. */
export interface InfoRequest {
  readonly handoff: Handoff;
  readonly observer: SubscriberObserver;
}

export class SubscriberInfo {
  readonly answers: InfoAnswers;
  /** Not from the start again: a backup in Redis may have answers from before. */
  #last = randomInt(2 ** 31);

  constructor(log: Logger) {
    this.answers = new InfoAnswers(log);
  }

  /**
   * Prepares a request.
   * @param failed takes why nobody could be asked, after it has begun
   * @throws RedisUnavailableError
   */
  async request(handoff: Handoff, store: Store, failed: (error: unknown) => void): Promise<InfoRequest> {
    const number = await this.#number(store);
    const ask = async (): Promise<void> => {
      for (const channel of new Set(handoff.channels)) {
        if (store.fellows) await store.fellows.ask(channel, number);
        else this.answers.add(store, channel, number);
      }
    };
    return {
      handoff: {
        ...handoff,
        channels: [answerChannel(number)],
        messageId: undefined,
        // Nobody publishes over its WebSocket.
        readOnly: true,
      },
      observer: { begun: () => void ask().catch(failed) },
    };
  }

  #number(store: Store): number | Promise<number> {
    if (store.fellows) return store.fellows.nextRequest();
    this.#last += 1;
    return this.#last;
  }
}

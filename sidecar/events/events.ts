/** Channel events: messages about what publishers and subscribers do (spec/hooks.md §6, docs/events.md). */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeChannelName } from '../../handoff/channel-name.ts';
import type { Handoff } from '../handoff.ts';
import { type Logger, logFault } from '../log.ts';
import { Recurrences } from '../recurrences.ts';
import { statistics } from '../statistics/statistics.ts';
import type { Store } from '../store/store.ts';
import { EventQueue } from './event-queue.ts';
import { RequestEvents } from './request-events.ts';
import { SubscriberEvents } from './subscriber-events.ts';

/** The group of the channels that get them. */
const GROUP = 'meta/';

export class Events {
  readonly #log: Logger;
  readonly #recurrences = new Recurrences();
  readonly #queues = new WeakMap<Store, EventQueue>();
  /** Those that have something to do, by their stores. */
  readonly #busy = new Set<Store>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Those of a request.
   * @returns undefined where its location has none
   */
  of(handoff: Handoff, store: Store): RequestEvents | undefined {
    if (!handoff.settings.eventChannel || handoff.settings.subscriberInfo) return undefined;
    return new RequestEvents(handoff, handoff.settings.eventChannel, (id, data) =>
      this.#add(store, handoff, id, data),
    );
  }

  /** Those of a subscriber. About subscribers of events there are none. */
  ofSubscriber(handoff: Handoff, store: Store): SubscriberEvents | undefined {
    if (handoff.channels[0]?.startsWith(GROUP)) return undefined;
    const events = this.of(handoff, store);
    return events && new SubscriberEvents(events, handoff);
  }

  /** Waits until all are published, at most so long. */
  async drain(deadlineMs: number): Promise<void> {
    const end = performance.now() + deadlineMs;
    // Some are only added after this turn.
    do await sleep(1);
    while (this.#busy.size > 0 && performance.now() < end);
  }

  #add(
    store: Store,
    { settings: { location, maxChannelIdLength } }: Handoff,
    id: string,
    data: Buffer,
  ): void {
    if (id.length > maxChannelIdLength) {
      this.#lose(location, 'the id of its channel is longer than nchan_max_channel_id_length');
      return;
    }
    let queue = this.#queues.get(store);
    if (!queue) {
      queue = new EventQueue(
        store,
        (why, where) => this.#lose(where, why),
        () => void this.#busy.delete(store),
      );
      this.#queues.set(store, queue);
    }
    this.#busy.add(store);
    queue.add(GROUP + encodeChannelName(Buffer.from(id, 'latin1')), data, location);
  }

  #lose(location: string, why: string): void {
    statistics.events.lost += 1;
    const more = this.#recurrences.met('lost');
    if (more !== undefined) {
      logFault(this.#log, 'NJ-EVENT-LOST', `a channel event was lost: ${why}${more}`, { location });
    }
  }
}

/** The events of one subscriber: that it came, and that it left. */
import type { Handoff } from '../handoff.ts';
import type { Delivery } from '../store/message.ts';
import type { SubscriberObserver } from '../subscriber/observer.ts';
import { SeenIds } from '../subscriber/seen-ids.ts';
import type { RequestEvents } from './request-events.ts';

export class SubscriberEvents implements SubscriberObserver {
  readonly #events: RequestEvents;
  readonly #transport: string;
  readonly #ids: SeenIds;
  #left = false;

  constructor(events: RequestEvents, handoff: Handoff) {
    this.#events = events;
    this.#transport = handoff.transport;
    this.#ids = new SeenIds(handoff);
  }

  joined(): void {
    this.#emit('subscriber_enqueue');
  }

  delivered(last: Delivery, before: Delivery | undefined): void {
    this.#ids.delivered(last, before);
  }

  left(): void {
    if (this.#left) return;
    this.#left = true;
    // Nchan takes a WebSocket out of its queue once that is closed: after the deletion that closed it.
    if (this.#transport === 'websocket') setImmediate(() => this.#emit('subscriber_dequeue'));
    else this.#emit('subscriber_dequeue');
  }

  #emit(event: 'subscriber_enqueue' | 'subscriber_dequeue'): void {
    this.#events.emit(event, {
      nchan_subscriber_type: this.#transport,
      nchan_message_id: this.#ids.messageId,
      nchan_prev_message_id: this.#ids.previousId,
    });
  }
}

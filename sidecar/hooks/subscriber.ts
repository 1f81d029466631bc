/** The hooks of one subscriber: one request when it has begun, and one when it has left, in this order. */
import type { Handoff } from '../handoff.ts';
import { type Delivery, formatSubscriptionId } from '../store/message.ts';
import type { HookContext } from './context.ts';
import type { Keeper } from './keeper.ts';
import type { Notifications } from './notifications.ts';
import { formatRecord } from './record.ts';
import type { HookVariables } from './request.ts';
import { channelVariables, MESSAGE_ID, startId } from './variables.ts';

export class SubscriberHooks {
  readonly #notifications: Notifications;
  readonly #handoff: Handoff;
  readonly #context: HookContext;
  /** The ids of the last message that it was given, and of the one before. */
  #lastId = '';
  #previousId: string;
  readonly #keeper: Keeper | undefined;
  /** Takes it out of Redis. */
  #told: (() => void) | undefined;
  #begun: Promise<void> | undefined;
  #left = false;

  /** @param keeper keeps it for the time after a crash, if it is to be told of when it leaves */
  constructor(notifications: Notifications, handoff: Handoff, context: HookContext, keeper?: Keeper) {
    this.#keeper = keeper;
    this.#notifications = notifications;
    this.#handoff = handoff;
    this.#context = context;
    this.#previousId = startId(handoff.messageId);
  }

  /** It was given messages, the newest of which is `last`. */
  delivered(last: Delivery, before: Delivery | undefined): void {
    if (before) this.#previousId = formatSubscriptionId(before.id);
    else if (this.#lastId !== '') this.#previousId = this.#lastId;
    this.#lastId = formatSubscriptionId(last.id);
  }

  /** It has got what was in the buffers. */
  begun(): void {
    if (this.#begun) return;
    this.#begun = this.#notify('subscribe_request');
    this.#told = this.#keeper?.keep(() => this.#record());
  }

  /** It is gone, whatever the reason. */
  left(): void {
    if (this.#left) return;
    this.#left = true;
    this.begun();
    void this.#begun?.then(() => this.#notify('unsubscribe_request')).then(() => this.#told?.());
  }

  #notify(kind: 'subscribe_request' | 'unsubscribe_request'): Promise<void> {
    const context = this.#context;
    if (context.uris[kind] === undefined) return Promise.resolve();
    const variables = {
      ...this.#variables(this.#previousId),
      ...(this.#lastId === '' ? {} : { [MESSAGE_ID]: this.#lastId }),
    };
    const { requestId } = this.#handoff;
    return this.#notifications.notify({ context, kind, variables, method: 'GET', requestId });
  }

  #variables(previousId: string): HookVariables {
    return {
      ...channelVariables(this.#handoff),
      nchan_subscriber_type: this.#handoff.transport,
      nchan_prev_message_id: previousId,
    };
  }

  /** Nobody knows afterwards what it was given. */
  #record(): string {
    return formatRecord(this.#context, this.#variables(startId(this.#handoff.messageId)));
  }
}

/** What subscribers of all transports have in common: where they start, and how long they wait. */
import { SYSTEM_CLOCK } from '../clock.ts';
import type { Handoff } from '../handoff.ts';
import type { EndReason, Start } from '../store/store.ts';
import { after } from '../timers.ts';

/** The status with which a subscription ends, in whatever form its transport has for it. */
export type EndStatus = 401 | 408 | 410;

/** What a client is told for each reason of the store; nothing where it does not read, or where we could not write to it. */
export const END_STATUS: Record<EndReason, 410 | undefined> = {
  deleted: 410,
  shutdown: 410,
  overflow: undefined,
  fault: undefined,
};

/** Where this subscriber starts: at the id it sent, else where its location says. */
export function startOf(handoff: Handoff): Start {
  return handoff.messageId ? { after: handoff.messageId } : { first: handoff.settings.firstMessage };
}

/** Ends a subscriber that received nothing for nchan_subscriber_timeout seconds. */
export class IdleTimer {
  readonly #timeoutMs: number;
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | undefined;
  #activeMs = SYSTEM_CLOCK.steadyMs();

  /** @param timeoutSeconds 0 waits for ever. */
  constructor(timeoutSeconds: number, expired: () => void) {
    this.#timeoutMs = timeoutSeconds * 1000;
    this.#expired = expired;
    if (timeoutSeconds > 0) this.#arm(this.#timeoutMs);
  }

  /** Something was received: only a time stamp, since this is called with every delivery. */
  touch(): void {
    if (this.#timer) this.#activeMs = SYSTEM_CLOCK.steadyMs();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(ms: number): void {
    this.#timer = after(ms, () => {
      const left = this.#activeMs + this.#timeoutMs - SYSTEM_CLOCK.steadyMs();
      if (left > 0) this.#arm(left);
      else this.#expired();
    });
  }
}

import type { MessageFormat } from '../../fanout/format.ts';
import type { Delivery } from '../message.ts';
import type { EndReason, Sink, Subscription } from '../store.ts';

/**
 * A subscription that begins once its channels are in the local store. It stands between that and the sink, to notice
 * that it is over: it was cancelled or ended, or had the only message that its format takes.
 */
export class RemoteSubscription implements Subscription, Sink {
  readonly format: MessageFormat;
  readonly #sink: Sink;
  readonly #subscribe: (sink: Sink) => Subscription;
  readonly #over: () => void;
  #inner: Subscription | undefined;
  #isOver = false;

  /**
   * @param subscribe subscribes to the local store.
   * @param over called once, when the subscription is over.
   */
  constructor(sink: Sink, subscribe: (sink: Sink) => Subscription, over: () => void) {
    this.format = sink.format;
    this.#sink = sink;
    this.#subscribe = subscribe;
    this.#over = over;
  }

  /** The channels are there. */
  begin(): void {
    if (this.#isOver) return;
    this.#inner = this.#subscribe(this);
    if (this.#isOver) this.#inner.cancel();
  }

  resume(): void {
    this.#inner?.resume();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#finish();
    this.#inner?.cancel();
  }

  upToDate(): void {
    this.#sink.upToDate?.();
  }

  describe(): Buffer | undefined {
    return this.#sink.describe?.();
  }

  write(bytes: Buffer, last: Delivery, before: Delivery | undefined): number {
    if (this.format.once) this.#finish();
    return this.#sink.write(bytes, last, before);
  }

  end(reason: EndReason): void {
    if (this.#isOver) return;
    this.#finish();
    this.#sink.end(reason);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over();
  }
}

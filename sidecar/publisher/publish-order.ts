/**
 * Keeps the order of publishing while messages are prepared in the background: a message that takes long must not be
 * overtaken by a later one to the same channel. Other channels do not wait.
 */
export class PublishOrder {
  /** Channels on which somebody waits, and when the last of them will have gone to the store. */
  readonly #tails = new Map<string, Promise<void>>();

  /**
   * Calls `task` when `prepared` is there and every earlier task of these channels was called.
   * @returns what `task` does, or the rejection of `prepared`.
   */
  run<T, R>(
    channels: readonly string[],
    prepared: T | Promise<T>,
    task: (value: T) => Promise<R>,
  ): Promise<R> {
    if (this.#tails.size === 0 && !(prepared instanceof Promise)) return task(prepared);
    const before = channels.map((channel) => this.#tails.get(channel));
    if (!(prepared instanceof Promise) && before.every((tail) => tail === undefined)) return task(prepared);

    // In an object, because a promise would not resolve before the task's own.
    const called = Promise.allSettled([prepared, ...before]).then(([own]) => {
      if (own.status === 'rejected') throw own.reason;
      return { result: task(own.value) };
    });
    const tail: Promise<void> = called.then(
      () => this.#forget(channels, tail),
      () => this.#forget(channels, tail),
    );
    for (const channel of channels) this.#tails.set(channel, tail);
    return called.then(({ result }) => result);
  }

  #forget(channels: readonly string[], tail: Promise<void>): void {
    for (const channel of channels) if (this.#tails.get(channel) === tail) this.#tails.delete(channel);
  }
}

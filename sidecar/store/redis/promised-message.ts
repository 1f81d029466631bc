import { compareIds, type MessageId } from '../message.ts';

/**
 * The newest message that somebody here knows Redis to have, whether or not it has come here: who was told of it, and
 * then asks, shall get it.
 */
export class PromisedMessage {
  readonly #hasCome: (id: MessageId) => boolean;
  #id: MessageId | undefined;
  #waiting: (() => void)[] = [];

  /** @param hasCome whether everything up to an id is here. */
  constructor(hasCome: (id: MessageId) => boolean) {
    this.#hasCome = hasCome;
  }

  /** Somebody was told that Redis has this message. */
  promise(id: MessageId): void {
    if (!this.#id || compareIds(id, this.#id) > 0) this.#id = id;
  }

  /** Resolves when everything has come of which somebody was told, or never will; undefined if it has. */
  get kept(): Promise<void> | undefined {
    if (!this.#id || this.#hasCome(this.#id)) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A message has come: perhaps the one. */
  check(): void {
    if (this.#waiting.length > 0 && this.#id && this.#hasCome(this.#id)) this.forget();
  }

  /** It was deleted, or lost: nobody shall wait for it. */
  forget(): void {
    this.#id = undefined;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

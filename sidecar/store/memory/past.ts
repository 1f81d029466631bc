/**
 * What a copy of another store had no room for, its past, is there to be read: by subscribers that begin or resume
 * before the oldest message that is here, and by those that are slow. What is left of a channel here are always its
 * newest messages, so whoever has read its past up to there goes on in its buffer.
 */
import type { Message, MessageId } from '../message.ts';

/** A channel of a list of which a reader wants messages that are not here. */
export interface Lack {
  /** Place of the channel in the list. */
  readonly place: number;
  /** Id up to which the reader has all that is left of the channel. */
  readonly after: MessageId;
  /** Newest message that is not here. */
  readonly upTo: MessageId;
}

/** All that the other store has of a channel between two ids. */
export interface PagePart {
  readonly after: MessageId;
  readonly upTo: MessageId;
  /** The oldest first; those that expired or were trimmed are left out. */
  readonly messages: readonly Message[];
}

/** Parts by the places of their channels. */
export type Page = ReadonlyMap<number, PagePart>;

export interface Past {
  /**
   * Asks for what a reader of this list lacks.
   * @param take called once, in a later turn, with a page that has something for each lack; until it returns the page
   *   may be used. It must not throw.
   * @returns what takes the question back.
   */
  ask(names: readonly string[], lacks: readonly Lack[], take: (page: Page) => void): () => void;
  /**
   * The same for someone who cannot wait for long; resolves when `take` has returned.
   * @throws when it takes too long.
   */
  read(names: readonly string[], lacks: readonly Lack[], take: (page: Page) => void): Promise<void>;
}

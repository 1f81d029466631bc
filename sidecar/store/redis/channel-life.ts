/**
 * The life of a channel in Redis that this server's subscribers belong to. A deletion ends it, whoever heard of that; a
 * Redis that lost its data does not. See lua/channel_life.lua.
 */
import { randomBytes } from 'node:crypto';
import { scripts } from '../../../lua/scripts.generated.ts';
import type { RedisLink } from './link.ts';

/** Of a life's name, which no two servers may choose alike for one channel. */
const NAME_BYTES = 9;

/** In place of a name. */
const NONE = '-';

export class ChannelLife {
  readonly #link: RedisLink;
  readonly #head: Buffer;
  #name: string | undefined;
  #deletions = 0;

  /** @param head key of the channel's head. */
  constructor(link: RedisLink, head: Buffer) {
    this.#link = link;
    this.#head = head;
  }

  /**
   * Subscribers belong to the channel that is there now; where Redis has lost theirs, that goes on.
   * @throws what RedisLink.run throws.
   */
  async begin(): Promise<void> {
    const deletions = this.#deletions;
    const name = await this.#ask(NONE, this.#name ?? randomBytes(NAME_BYTES).toString('base64url'), false);
    // Without a channel there is nothing to belong to; there will be when the server registers again.
    if (name && deletions === this.#deletions) this.#name = name;
  }

  /**
   * Whether the channel was deleted, and this server may not have heard of it.
   * @param away announcements may have been missed, those of Nchan's deletions among them, of which Redis knows less.
   * @throws what RedisLink.run throws.
   */
  async wasDeleted(away: boolean): Promise<boolean> {
    if (this.#name === undefined) return false;
    const deletions = this.#deletions;
    const name = await this.#ask(this.#name, this.#name, away);
    if (deletions !== this.#deletions) return false;
    if (name) this.#name = name;
    return name === '';
  }

  /** It was deleted, and is known to be. */
  forget(): void {
    this.#name = undefined;
    this.#deletions += 1;
  }

  /** @returns undefined when there is no such channel. */
  async #ask(known: string, fresh: string, away: boolean): Promise<string | undefined> {
    const reply = await this.#link.run(scripts.channel_life, [this.#head], [known, fresh, away ? '1' : '0'], {
      repeatable: true,
    });
    return reply === null ? undefined : String(reply);
  }
}

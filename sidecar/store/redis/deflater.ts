/** Redis says of a message that WebSocket subscribers get it compressed, but has no compressed form: servers make it. */
import { DEFAULT_SETTINGS } from '../../../handoff/settings.ts';
import { type DeflateSettings, deflateMessage } from '../../websocket/deflate.ts';
import { type Deflated, dataBytes, type MessageDraft } from '../message.ts';
import type { RedisMessage } from './announcement.ts';

/** Own messages, and bytes of them, that are remembered until Redis announces them. */
const MAX_OWN = 100;
const MAX_OWN_BYTES = 4 * 1024 * 1024;

export class Deflater {
  /** Those of the locations: they are set for all of them at once, in the http block. */
  settings: DeflateSettings = DEFAULT_SETTINGS;
  /** Published here lately, compressed, and on their way through Redis; the oldest first. */
  readonly #own: MessageDraft[] = [];
  #ownBytes = 0;

  /** A message is published here: if it is compressed already, it need not be once more. */
  published(draft: MessageDraft): void {
    if (!draft.deflated) return;
    this.#own.push(draft);
    this.#ownBytes += dataBytes(draft);
    while (this.#own.length > MAX_OWN || this.#ownBytes > MAX_OWN_BYTES) this.#forget(0);
  }

  /**
   * The compressed form of a message of Redis.
   * @returns undefined when it shall not be compressed, or would not be smaller.
   */
  async deflate({ compressed, data }: RedisMessage): Promise<Deflated | undefined> {
    if (!compressed) return undefined;
    const place = this.#own.findIndex((own) => own.data.equals(data));
    if (place < 0) return deflateMessage(data, this.settings);
    const { deflated } = this.#own[place] as MessageDraft;
    this.#forget(place);
    return deflated;
  }

  #forget(place: number): void {
    for (const draft of this.#own.splice(place, 1)) this.#ownBytes -= dataBytes(draft);
  }
}

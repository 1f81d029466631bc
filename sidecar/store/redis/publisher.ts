/** Publishes to Redis, as the storage mode has it. */
import { ScriptError } from '../../../lua/script-error.ts';
import { scripts } from '../../../lua/scripts.generated.ts';
import type { MessageDraft } from '../message.ts';
import type { BufferLimits, ChannelInfo } from '../store.ts';
import { formatUnstoredMessage } from './announcement.ts';
import type { ChannelKeys } from './channel-keys.ts';
import { RedisFullError, type RedisLink } from './link.ts';
import { publishArguments, storeArguments } from './publish-arguments.ts';
import type { RedisStoreSettings } from './redis-store.ts';
import { parseFigures, parseNostoreFigures, passedOn } from './replies.ts';

export class RedisPublisher {
  readonly #link: RedisLink;
  readonly #settings: RedisStoreSettings;

  constructor(link: RedisLink, settings: RedisStoreSettings) {
    this.#link = link;
    this.#settings = settings;
  }

  /** As the scripts have it. */
  get accurate(): '0' | '1' {
    return this.#settings.accurateSubscriberCount ? '1' : '0';
  }

  /**
   * @returns what Redis knows of the channel then.
   * @throws what RedisLink.run throws, and RedisFullError.
   */
  publish(keys: ChannelKeys, draft: MessageDraft, limits: BufferLimits): Promise<ChannelInfo> {
    const { redisStorageMode, redisNostoreFastpublish } = this.#settings;
    if (redisStorageMode !== 'nostore') return this.#store(keys, draft, limits);
    const time = Math.floor(Date.now() / 1000);
    return redisNostoreFastpublish
      ? this.#announce(keys, draft, limits, time)
      : this.#passOn(keys, draft, limits, time);
  }

  async #store({ head }: ChannelKeys, draft: MessageDraft, limits: BufferLimits): Promise<ChannelInfo> {
    const args = storeArguments(draft, limits, this.#link, this.#settings.publishCutoffBytes, this.accurate);
    try {
      const reply = await this.#link.run(scripts.publish, [head], args, { repeatable: false });
      return parseFigures(reply) as ChannelInfo;
    } catch (error) {
      throw isFull(error) ? new RedisFullError(`Redis is full: ${error.message}`, { cause: error }) : error;
    }
  }

  async #passOn(
    { head }: ChannelKeys,
    draft: MessageDraft,
    { timeoutSeconds }: BufferLimits,
    time: number,
  ): Promise<ChannelInfo> {
    const args = [...publishArguments(draft, timeoutSeconds), time, this.#link.publishCommand, this.accurate];
    return parseNostoreFigures(
      await this.#link.run(scripts.publish_nostore, [head], args, { repeatable: false }),
    );
  }

  /** Without asking for figures. */
  async #announce(
    { pubsub }: ChannelKeys,
    draft: MessageDraft,
    { timeoutSeconds }: BufferLimits,
    time: number,
  ): Promise<ChannelInfo> {
    const compressed = draft.deflated !== undefined;
    const message = formatUnstoredMessage({ ...draft, ttlSeconds: timeoutSeconds, compressed }, time);
    return passedOn(await this.#link.publish(pubsub, message));
  }
}

/** Redis had no room for what a script was to write, and nothing of it was done. */
function isFull(error: unknown): error is ScriptError {
  return error instanceof ScriptError && error.code === 'OOM';
}

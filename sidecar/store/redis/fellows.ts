/** Asks the servers that share a Redis about their subscribers, those of Nchan among them (spec/redis-store.md §5.8). */
import { scripts } from '../../../lua/scripts.generated.ts';
import type { Fellows } from '../store.ts';
import { channelKeys } from './channel-keys.ts';
import type { RedisLink } from './link.ts';
import { parseInteger } from './replies.ts';

/** All servers share it, whatever their namespace. */
const COUNTER = Buffer.from('nchan:unique_request_id');

export class RedisFellows implements Fellows {
  readonly #link: RedisLink;
  readonly #namespace: string;

  constructor(link: RedisLink, namespace: string) {
    this.#link = link;
    this.#namespace = namespace;
  }

  async nextRequest(): Promise<number> {
    // Nobody minds a number that nobody has.
    return parseInteger(
      await this.#link.run(scripts.get_subscriber_info_id, [COUNTER], [], { repeatable: true }),
    );
  }

  async ask(channel: string, request: number): Promise<void> {
    const { head } = channelKeys(this.#namespace, channel);
    const args = [request, this.#link.publishCommand];
    await this.#link.run(scripts.request_subscriber_info, [head], args, { repeatable: true });
  }
}

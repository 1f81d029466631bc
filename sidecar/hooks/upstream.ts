/** Asks an application what becomes of a message: nchan_publisher_upstream_request (spec/hooks.md §3). */
import type { RefusalName } from '../../handoff/refusals.ts';
import type { Handoff } from '../handoff.ts';
import type { Logger } from '../log.ts';
import { Recurrences } from '../recurrences.ts';
import { type HookAnswer, HookClient, type HookLimits } from './client.ts';
import type { HookContext } from './context.ts';
import type { HookRequest, HookVariables } from './request.ts';
import { channelVariables, startId } from './variables.ts';

/** Under way at a time. Publishers wait for the answer, so there may be more of these. */
const LIMITS: HookLimits = { perTarget: 256, total: 1024 };

/** What is to be done with a message. */
export type Verdict =
  | { readonly publish: 'original' }
  | { readonly publish: 'answer'; readonly data: Buffer; readonly contentType: string }
  | { readonly publish: 'nothing' }
  | { readonly refusal: RefusalName };

const ORIGINAL: Verdict = { publish: 'original' };
const NOTHING: Verdict = { publish: 'nothing' };
const REFUSED: Verdict = { refusal: 'publisher_upstream_refused' };
const FAILED: Verdict = { refusal: 'publisher_upstream_failed' };

const replaced = ({ body, contentType }: HookAnswer): Verdict => ({
  publish: 'answer',
  data: body,
  contentType,
});

/** What each status means; any other refuses. */
const VERDICTS: Readonly<Record<number, (answer: HookAnswer) => Verdict>> = {
  200: replaced,
  201: replaced,
  202: replaced,
  204: () => NOTHING,
  304: () => ORIGINAL,
};

export class PublisherUpstream {
  readonly #client = new HookClient(LIMITS);
  readonly #log: Logger;
  readonly #failures = new Recurrences();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Asks about a message of a request that has this hook.
   * @param maxBytes that the answer may have
   */
  async ask(handoff: Handoff, context: HookContext, data: Buffer, maxBytes: number): Promise<Verdict> {
    // On a location that is a subscriber too, this is no publisher's request.
    const type = handoff.action === 'publish' ? handoff.transport : '';
    const asSubscriber: HookVariables =
      handoff.transport === 'websocket'
        ? { nchan_subscriber_type: 'websocket', nchan_prev_message_id: startId(handoff.messageId) }
        : {};
    const hook: HookRequest = {
      context,
      kind: 'publisher_upstream_request',
      variables: { ...channelVariables(handoff), nchan_publisher_type: type, ...asSubscriber },
      method: handoff.transport === 'websocket' && data.length === 0 ? 'GET' : 'POST',
      message: data,
    };
    try {
      const answer = await this.#client.send(hook, maxBytes);
      if (!answer.failed) return VERDICTS[answer.status]?.(answer) ?? REFUSED;
      this.#tell(context, `nginx answered ${answer.status} in the place of its backend`);
    } catch (error) {
      this.#tell(context, (error as Error).message);
    }
    return FAILED;
  }

  #tell({ location }: HookContext, why: string): void {
    const more = this.#failures.met(`${location} ${why}`);
    if (more !== undefined)
      this.#log.warn({ location }, `a nchan_publisher_upstream_request failed: ${why}${more}`);
  }

  close(): void {
    this.#client.close();
  }
}

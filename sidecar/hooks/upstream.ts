/** Asks an application what becomes of a message: nchan_publisher_upstream_request (spec/hooks.md §3). */
import type { Socket } from 'node:net';
import type { RefusalName } from '../../handoff/refusals.ts';
import type { Handoff } from '../handoff.ts';
import { type Logger, logFault } from '../log.ts';
import { Recurrences } from '../recurrences.ts';
import { statistics } from '../statistics/statistics.ts';
import { type HookAnswer, HookClient, targetOf } from './client.ts';
import type { HookContext } from './context.ts';
import { sizeOf } from './notifications.ts';
import type { HookRequest, HookVariables } from './request.ts';
import { type ShareLimits, Shares } from './shares.ts';
import { channelVariables, startId } from './variables.ts';

/** Under way at a time. Publishers wait for the answer, so there may be more of these. */
const LIMITS: ShareLimits = { guaranteed: 32, perTarget: 256, shared: 1024 };

/** Messages that are kept until they are answered, those that wait for their turn among them, and their bytes. */
const KEPT_MESSAGES: ShareLimits = { guaranteed: 128, perTarget: 1024, shared: 4096 };
const MIB = 1024 * 1024;
const KEPT_BYTES: ShareLimits = { guaranteed: 4 * MIB, perTarget: 64 * MIB, shared: 256 * MIB };

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
const BUSY: Verdict = { refusal: 'publisher_upstream_busy' };

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
  readonly #messages = new Shares(KEPT_MESSAGES);
  readonly #bytes = new Shares(KEPT_BYTES);

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Asks about a message of a request that has this hook.
   * @param maxBytes that the answer may have
   * @param publisher the connection that brought it: once it is closed, the message is not published
   */
  async ask(
    handoff: Handoff,
    context: HookContext,
    data: Buffer,
    maxBytes: number,
    publisher: Socket,
  ): Promise<Verdict> {
    if (publisher.destroyed) return NOTHING;
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
      requestId: handoff.requestId,
    };
    const target = targetOf(hook);
    const bytes = sizeOf(hook) + data.length;
    if (!this.#messages.hasRoom(target, 1) || !this.#bytes.hasRoom(target, bytes)) {
      statistics.hooks.publisher_upstream_request.dropped += 1;
      this.#tell(hook, 'too many messages wait for its answers');
      return BUSY;
    }
    this.#count(target, 1, bytes);
    return new Promise((resolve) => {
      const left = new AbortController();
      const leave = (): void => {
        left.abort();
        resolve(NOTHING);
      };
      publisher.once('close', leave);
      void this.#send(hook, maxBytes, left.signal).then((verdict) => {
        publisher.off('close', leave);
        this.#count(target, -1, -bytes);
        resolve(verdict);
      });
    });
  }

  /** @param left the publisher, to whom the verdict means nothing then */
  async #send(hook: HookRequest, maxBytes: number, left: AbortSignal): Promise<Verdict> {
    try {
      const answer = await this.#client.send(hook, maxBytes, left);
      if (!answer.failed) {
        statistics.hooks.publisher_upstream_request.answered += 1;
        return VERDICTS[answer.status]?.(answer) ?? REFUSED;
      }
      this.#tell(hook, `nginx answered ${answer.status} in the place of its backend`);
    } catch (error) {
      if (left.aborted) return FAILED;
      this.#tell(hook, (error as Error).message);
    }
    statistics.hooks.publisher_upstream_request.failed += 1;
    return FAILED;
  }

  #count(target: string, messages: number, bytes: number): void {
    this.#messages.count(target, messages);
    this.#bytes.count(target, bytes);
    const { messages: waiting } = statistics.hooksWaiting;
    waiting.count += messages;
    waiting.bytes += bytes;
  }

  #tell({ context: { location }, requestId = '' }: HookRequest, why: string): void {
    const more = this.#failures.met(`${location} ${why}`);
    if (more === undefined) return;
    const about = requestId === '' ? { location } : { location, request: requestId };
    const message = `a nchan_publisher_upstream_request failed: ${why}${more}`;
    logFault(this.#log, 'NJ-HOOK-PUBLISH', message, about);
  }

  close(): void {
    this.#client.close();
  }
}

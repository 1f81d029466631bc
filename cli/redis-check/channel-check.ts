/** Runs the script rsck on a channel, slice after slice. */
import type { Script } from '../../lua/hsss/script.ts';
import { ScriptError, scriptError, scriptsBySha1 } from '../../lua/script-error.ts';
import type { RedisClient } from '../../sidecar/store/redis/client.ts';
import type { Kind } from './finding.ts';

/** Messages that the script looks at in one call, the most that it takes. Redis does nothing else meanwhile. */
const SLICE_MESSAGES = 1_000;

/** Problems after which the rest of a channel is not looked at. */
const MAX_PROBLEMS = 1_000;

/** What the script may say. */
const KINDS: ReadonlySet<string> = new Set<Kind>(['damaged', 'harmless', 'foreign']);

/** Sentences as byte strings, each once: publishing moves messages to slices that come later. */
export type Problems = Map<Kind, Set<string>>;

interface Slice {
  /** Index of the next slice, or -1. */
  readonly next: number;
  readonly problems: readonly (readonly [Kind, string])[];
}

function readReply(reply: unknown): Slice | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [next, ...rest] = reply as unknown[];
  if (typeof next !== 'number') return undefined;
  const problems: [Kind, string][] = [];
  for (const problem of rest) {
    if (!Array.isArray(problem) || !problem.every((part) => Buffer.isBuffer(part))) return undefined;
    const [kind = '', sentence = ''] = problem.map((part) => part.toString('latin1'));
    if (!KINDS.has(kind)) return undefined;
    problems.push([kind as Kind, sentence]);
  }
  return { next, problems };
}

export class ChannelCheck {
  readonly #redis: RedisClient;
  readonly #rsck: Script;

  constructor(redis: RedisClient, rsck: Script) {
    this.#redis = redis;
    this.#rsck = rsck;
  }

  /** Puts the script into Redis. */
  async load(): Promise<void> {
    const { name, sha1, source } = this.#rsck;
    const loaded = await this.#redis.script('LOAD', source);
    if (loaded !== sha1) throw new Error(`Redis calls ${name}.lua ${loaded} where we have ${sha1}`);
  }

  /**
   * Checks a channel. Only one script is under way at a time, so that Redis serves others between slices.
   * @param head - key of the channel's head
   * @param signal - ends the check before the next slice
   * @throws what the client library throws, except for failures of the script, which are problems
   */
  async problemsOf(head: Buffer, signal: AbortSignal): Promise<Problems> {
    const found: Problems = new Map();
    const add = (kind: Kind, problem: string) =>
      found.set(kind, (found.get(kind) ?? new Set<string>()).add(problem));
    let first = 0;
    while (first >= 0 && !signal.aborted) {
      const { next, problems } = await this.#slice(head, first);
      for (const [kind, problem] of problems) add(kind, problem);
      first = next;
      if (first >= 0 && (found.get('damaged')?.size ?? 0) >= MAX_PROBLEMS) {
        add('damaged', `there may be more: messages after the first ${first} were not looked at`);
        break;
      }
    }
    return found;
  }

  async #slice(head: Buffer, first: number): Promise<Slice> {
    const { name, sha1 } = this.#rsck;
    let reply: unknown;
    try {
      reply = await this.#call(head, first);
    } catch (error) {
      const named = scriptError(error as Error, scriptsBySha1([this.#rsck]), sha1);
      if (!(named instanceof ScriptError)) throw error;
      const message = Buffer.from(named.message).toString('latin1');
      return { next: -1, problems: [['damaged', `it cannot be checked: ${message}`]] };
    }
    const slice = readReply(reply);
    if (!slice) throw new Error(`${name}.lua did not answer with a list of problems`);
    return slice;
  }

  async #call(head: Buffer, first: number): Promise<unknown> {
    const call = () =>
      this.#redis.callBuffer('EVALSHA', this.#rsck.sha1, '1', head, String(first), String(SLICE_MESSAGES));
    try {
      return await call();
    } catch (error) {
      // Somebody flushed the scripts.
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      await this.load();
      return await call();
    }
  }
}

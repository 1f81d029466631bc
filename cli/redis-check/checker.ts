/** Walks all channels of a Redis server and looks for inconsistencies. Changes nothing. */
import type { Script } from '../../lua/hsss/script.ts';
import { ScriptError, scriptError, scriptsBySha1 } from '../../lua/script-error.ts';
import type { RedisClient } from '../../sidecar/store/redis/client.ts';
import { type ChannelKey, channelHeadKey, parseChannelKey } from '../../sidecar/store/redis/keys.ts';
import { adviceForChannel, adviceForKey, type Counts, type Finding, NO_KEY } from './finding.ts';
import { orphanProblem } from './orphans.ts';

/** Keys that Redis looks at in one SCAN. It does nothing else meanwhile. */
const SCAN_COUNT = 500;

/** Commands that are sent at once: Redis may do them all before it serves somebody else. */
const COMMANDS_AT_ONCE = 100;

/** Scripts that are sent at once. Each reads a whole channel. */
const SCRIPTS_AT_ONCE = 10;

/** A key and what it is the key of; byte strings. */
interface Found extends ChannelKey {
  readonly key: string;
}

function toBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** SCAN's pattern for the keys of channels, in one namespace or in all; a byte string. */
function patternFor(namespace: string | undefined): string {
  return `${namespace === undefined ? '*' : namespace.replace(/[\\*?[\]]/g, '\\$&')}{channel:*`;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

export class Checker {
  readonly #redis: RedisClient;
  readonly #rsck: Script;
  readonly #counts = { keys: 0, channels: 0 };
  /** SCAN may give a key twice. */
  readonly #reported = new Set<string>();

  /** @param rsck - KEYS[1] is a channel's head; its reply is an array of problems, empty when there are none */
  constructor(redis: RedisClient, rsck: Script) {
    this.#redis = redis;
    this.#rsck = rsck;
  }

  get counts(): Counts {
    return this.#counts;
  }

  /**
   * Finds what is wrong, a batch of keys at a time.
   * @param namespace - as it stands in keys, as a byte string; undefined for all
   * @throws what the client library throws, except for failures of rsck, which are findings
   */
  async *run(namespace: string | undefined): AsyncGenerator<Finding[]> {
    await this.#loadScript();
    let cursor = '0';
    do {
      const [next, keys] = await this.#scan(cursor, namespace);
      cursor = next.toString();
      const found = keys
        .map((key) => key.toString('latin1'))
        .map((key) => ({ key, ...parseChannelKey(key) }))
        .filter((one): one is Found => one.id !== undefined)
        .filter((one) => namespace === undefined || one.namespace === namespace);
      const findings = [...(await this.#checkHeads(found)), ...(await this.#checkOrphans(found))];
      this.#counts.keys += found.length;
      yield findings.filter(({ key }) => this.#isNew(key));
    } while (cursor !== '0');
  }

  async #scan(cursor: string, namespace: string | undefined): Promise<[next: Buffer, keys: Buffer[]]> {
    // The library's own method takes no pattern of bytes.
    const pattern = toBytes(patternFor(namespace));
    const reply = await this.#redis.callBuffer('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    return reply as [Buffer, Buffer[]];
  }

  #isNew(key: string): boolean {
    if (this.#reported.has(key)) return false;
    this.#reported.add(key);
    return true;
  }

  async #loadScript(): Promise<void> {
    const { name, sha1, source } = this.#rsck;
    const loaded = await this.#redis.script('LOAD', source);
    if (loaded !== sha1) throw new Error(`Redis calls ${name}.lua ${loaded} where we have ${sha1}`);
  }

  async #checkHeads(found: readonly Found[]): Promise<Finding[]> {
    const heads = found.filter(({ suffix }) => suffix === '');
    this.#counts.channels += heads.length;
    const findings: Finding[] = [];
    for (const batch of chunks(heads, SCRIPTS_AT_ONCE)) {
      const checked = await Promise.all(batch.map((head) => this.#checkHead(head)));
      findings.push(...checked.filter((finding) => finding !== undefined));
    }
    return findings;
  }

  async #checkHead({ key, namespace, id }: Found): Promise<Finding | undefined> {
    const [problems, pttl] = await Promise.all([this.#problemsOf(key), this.#redis.pttl(toBytes(key))]);
    if (problems.length === 0) return undefined;
    return { key, namespace, channel: id, problems, advice: adviceForChannel(pttl) };
  }

  async #problemsOf(head: string): Promise<string[]> {
    let reply: unknown;
    try {
      reply = await this.#callScript(head);
    } catch (error) {
      const named = scriptError(error as Error, scriptsBySha1([this.#rsck]), this.#rsck.sha1);
      if (!(named instanceof ScriptError)) throw error;
      return [`it cannot be checked: ${Buffer.from(named.message).toString('latin1')}`];
    }
    if (!Array.isArray(reply) || !reply.every((problem) => Buffer.isBuffer(problem))) {
      throw new Error(`${this.#rsck.name}.lua did not answer with a list of problems`);
    }
    return reply.map((problem) => problem.toString('latin1'));
  }

  async #callScript(head: string): Promise<unknown> {
    const call = () => this.#redis.callBuffer('EVALSHA', this.#rsck.sha1, '1', toBytes(head));
    try {
      return await call();
    } catch (error) {
      // Somebody flushed the scripts.
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      await this.#loadScript();
      return await call();
    }
  }

  /** Checks the keys that are no heads for having one. */
  async #checkOrphans(found: readonly Found[]): Promise<Finding[]> {
    const others = found.filter(({ suffix }) => suffix !== '');
    const heads = [...new Set(others.map(({ namespace, id }) => channelHeadKey(namespace, id)))];
    const missing = new Set<string>();
    for (const batch of chunks(heads, COMMANDS_AT_ONCE)) {
      const exist = await Promise.all(batch.map((head) => this.#redis.exists(toBytes(head))));
      for (const [i, head] of batch.entries()) if (exist[i] === 0) missing.add(head);
    }
    const findings: Finding[] = [];
    const suspects = others.filter(({ namespace, id }) => missing.has(channelHeadKey(namespace, id)));
    for (const batch of chunks(suspects, COMMANDS_AT_ONCE)) {
      const checked = await Promise.all(batch.map((suspect) => this.#checkSuspect(suspect)));
      findings.push(...checked.filter((finding) => finding !== undefined));
    }
    return findings;
  }

  /**
   * Looks again, since channels come and go: the key is there before and after its head is not. Redis runs the commands
   * in this order.
   */
  async #checkSuspect({ key, namespace, id, suffix }: Found): Promise<Finding | undefined> {
    const bytes = toBytes(key);
    const [before, head, after, unbuffered] = await Promise.all([
      this.#redis.pttl(bytes),
      this.#redis.exists(toBytes(channelHeadKey(namespace, id))),
      this.#redis.pttl(bytes),
      suffix.startsWith('msg:') ? this.#isUnbuffered(bytes) : false,
    ]);
    if (before === NO_KEY || head !== 0 || after === NO_KEY) return undefined;
    const problem = orphanProblem({ suffix, pttl: after, unbuffered });
    if (problem === undefined) return undefined;
    return { key, namespace, channel: id, problems: [problem], advice: adviceForKey(after) };
  }

  async #isUnbuffered(message: Buffer): Promise<boolean> {
    try {
      return (await this.#redis.hget(message, 'unbuffered')) === '1';
    } catch (error) {
      // Not even a hash.
      if ((error as Error).message.startsWith('WRONGTYPE')) return false;
      throw error;
    }
  }
}

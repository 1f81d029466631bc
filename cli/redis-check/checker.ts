/** Walks all channels of a Redis server and looks for inconsistencies. Changes nothing. */
import type { Script } from '../../lua/hsss/script.ts';
import type { RedisClient } from '../../sidecar/store/redis/client.ts';
import { type ChannelKey, channelHeadKey, parseChannelKey } from '../../sidecar/store/redis/keys.ts';
import { ChannelCheck } from './channel-check.ts';
import { adviceFor, type Counts, type Finding, isProblem, NO_KEY } from './finding.ts';
import { orphanProblem } from './orphans.ts';

/** Keys that Redis looks at in one SCAN. It does nothing else meanwhile. */
const SCAN_COUNT = 500;

/** Commands that are sent at once: Redis may do them all before it serves somebody else. */
const COMMANDS_AT_ONCE = 100;

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
  readonly #channelCheck: ChannelCheck;
  readonly #counts = { keys: 0, channels: 0 };
  /** SCAN may give a key twice. */
  readonly #reported = new Set<string>();

  /** @param rsck - the script that checks a channel, with the arguments and the reply of lua/rsck.lua */
  constructor(redis: RedisClient, rsck: Script) {
    this.#redis = redis;
    this.#channelCheck = new ChannelCheck(redis, rsck);
  }

  get counts(): Counts {
    return this.#counts;
  }

  /**
   * Finds what is wrong, some findings at a time.
   * @param namespace - as it stands in keys, as a byte string; undefined for all
   * @param signal - ends the walk before the next command
   * @throws what the client library throws, except for failures of rsck, which are findings
   */
  async *run(namespace: string | undefined, signal: AbortSignal): AsyncGenerator<Finding[]> {
    await this.#channelCheck.load();
    let cursor = '0';
    do {
      const [next, keys] = await this.#scan(cursor, namespace);
      cursor = next.toString();
      const found = keys
        .map((key) => key.toString('latin1'))
        .map((key) => ({ key, ...parseChannelKey(key) }))
        .filter((one): one is Found => one.id !== undefined)
        .filter((one) => namespace === undefined || one.namespace === namespace);
      for (const head of found.filter(({ suffix }) => suffix === '')) {
        if (signal.aborted) return;
        this.#counts.channels += 1;
        const findings = await this.#checkHead(head, signal);
        if (findings.length > 0) yield findings.filter((finding) => this.#isNew(finding));
      }
      const orphans = await this.#checkOrphans(found);
      this.#counts.keys += found.length;
      yield orphans.filter((finding) => this.#isNew(finding));
    } while (cursor !== '0' && !signal.aborted);
  }

  async #scan(cursor: string, namespace: string | undefined): Promise<[next: Buffer, keys: Buffer[]]> {
    // The library's own method takes no pattern of bytes.
    const pattern = toBytes(patternFor(namespace));
    const reply = await this.#redis.callBuffer('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    return reply as [Buffer, Buffer[]];
  }

  #isNew({ kind, key }: Finding): boolean {
    const name = `${kind} ${key}`;
    if (this.#reported.has(name)) return false;
    this.#reported.add(name);
    return true;
  }

  async #checkHead({ key, namespace, id }: Found, signal: AbortSignal): Promise<Finding[]> {
    const byKind = await this.#channelCheck.problemsOf(toBytes(key), signal);
    if (byKind.size === 0) return [];
    const pttl = await this.#redis.pttl(toBytes(key));
    const findings = Array.from(byKind, ([kind, problems]) => ({
      ...{ kind, key, namespace, channel: id },
      ...{ problems: [...problems], advice: adviceFor(kind, pttl) },
    }));
    // Notices last.
    return findings.sort((a, b) => Number(isProblem(b)) - Number(isProblem(a)));
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
    const [before, head, type, after, unbuffered] = await Promise.all([
      this.#redis.pttl(bytes),
      this.#redis.exists(toBytes(channelHeadKey(namespace, id))),
      this.#redis.type(bytes),
      this.#redis.pttl(bytes),
      suffix.startsWith('msg:') ? this.#isUnbuffered(bytes) : false,
    ]);
    if (before === NO_KEY || head !== 0 || after === NO_KEY) return undefined;
    const found = orphanProblem({ suffix, type, pttl: after, unbuffered });
    if (found === undefined) return undefined;
    const { kind, problem } = found;
    return { kind, key, namespace, channel: id, problems: [problem], advice: adviceFor(kind, after) };
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

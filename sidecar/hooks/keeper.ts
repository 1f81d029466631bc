/**
 * Keeps in Redis, for each subscriber that is to be told of when it leaves, what it takes to do so; and tells of those
 * that a sidecar in the same place has left when it was killed. Nobody waits for any of it: while Redis is away, or has
 * no room, subscribers come and go as ever, and are only not told of should this process be killed meanwhile.
 */
import { scripts } from '../../lua/scripts.generated.ts';
import { type Logger, logFault } from '../log.ts';
import { Recurrences } from '../recurrences.ts';
import { type RedisLink, RedisUnavailableError } from '../store/redis/link.ts';
import { every } from '../timers.ts';
import { MAX_RECORD_CHARS } from './record.ts';

/** Seconds that all of it lives in Redis, and between two times that it is told to live on. */
export const TTL_SECONDS = 86_400;
const TICK_SECONDS = 60;

/** Fields in one call, and roughly the characters of their records: what is made without a pause. */
const BATCH_FIELDS = 500;
const BATCH_CHARS = 256 * 1024;

/** Fields that Redis looks at in one call. */
const LOOK_FIELDS = 100;
/** Requests about subscribers of a killed sidecar that wait for their answer at a time; the others stay in Redis. */
const MAX_UNDER_WAY = 10_000;

/** What a worker's fields begin with. */
const FIELD = /^(.*) \d+$/;

export interface KeeperOptions {
  readonly key: Buffer;
  readonly link: RedisLink;
  readonly log: Logger;
  /** The workers that this process is or was: what is left of these was told already. */
  readonly ownWorkers: ReadonlySet<string>;
  /** Tells of a subscriber of a killed sidecar; resolves when that was answered or given up. */
  readonly tell: (record: string) => Promise<void>;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #failures = new Recurrences();
  readonly #timer: NodeJS.Timeout;
  /** What is to be kept, by field. */
  readonly #kept = new Map<string, () => string>();
  /** Fields that Redis has to be told of, and those that it may know. */
  readonly #changed = new Set<string>();
  readonly #sent = new Set<string>();
  /** Fields of killed sidecars that were found here. */
  readonly #found = new Set<string>();
  #underWay = 0;
  #roomMade: (() => void) | undefined;
  #count = 0;
  #sending: Promise<void> | undefined;
  #looking = false;
  #looked = false;
  #closed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#timer = every(TICK_SECONDS, () => this.#tick());
    this.available();
  }

  /**
   * Keeps a record from now on.
   * @param record is called each time that it is sent
   * @returns what to call when it has been told of
   */
  keep(record: () => string): () => void {
    this.#count += 1;
    const field = `${this.#options.link.worker} ${this.#count}`;
    this.#kept.set(field, record);
    this.#change(field);
    return () => {
      if (this.#kept.delete(field)) this.#change(field);
    };
  }

  /** Redis is there, for the first time or again, perhaps without its data. */
  available(): void {
    if (!this.#options.link.available || this.#closed) return;
    for (const field of this.#kept.keys()) this.#changed.add(field);
    void this.#send();
    if (!this.#looked) void this.#look();
  }

  /** Resolves when Redis has been told of all changes, or is not there for it. Nobody is looked for any more. */
  async settle(): Promise<void> {
    this.#closed = true;
    await this.#sending;
    await this.#send();
  }

  /** Ends it; what Redis has stays. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (!this.#options.link.available) return;
    if (this.#sent.size > 0 || this.#changed.size > 0) void this.#send(true);
    if (!this.#looked && !this.#closed) void this.#look();
  }

  #change(field: string): void {
    // It came and went before Redis heard of it.
    if (!this.#kept.has(field) && !this.#sent.has(field)) this.#changed.delete(field);
    else this.#changed.add(field);
    void this.#send();
  }

  /** One call is under way at a time: what changes meanwhile goes with the next. */
  #send(always = false): Promise<void> {
    this.#sending ??= this.#sendAll(always);
    return this.#sending;
  }

  async #sendAll(always: boolean): Promise<void> {
    const { link } = this.#options;
    // Those who come and go in one turn of the event loop go together.
    await new Promise((resolve) => setImmediate(resolve));
    let ready = true;
    for (let first = always; ready && (first || this.#changed.size > 0) && link.available; first = false) {
      ready = await this.#sendBatch();
    }
    this.#sending = undefined;
  }

  /** False when it has to be tried again: when Redis is back, or with the next tick. */
  async #sendBatch(): Promise<boolean> {
    const { link, key } = this.#options;
    const { gone, kept } = this.#batch();
    try {
      const args = [TTL_SECONDS, gone.length, ...gone, ...kept.flat()];
      await link.run(scripts.keep_hooks, [key], args, { repeatable: true });
      for (const field of gone) {
        this.#sent.delete(field);
        this.#found.delete(field);
      }
      return true;
    } catch (error) {
      for (const field of gone) this.#changed.add(field);
      for (const [field] of kept) this.#changed.add(field);
      this.#fault(error);
      return false;
    }
  }

  /** What is said with the next call. */
  #batch(): { gone: string[]; kept: [field: string, record: string][] } {
    const gone: string[] = [];
    const kept: [string, string][] = [];
    let chars = 0;
    for (const field of this.#changed) {
      if (gone.length + kept.length >= BATCH_FIELDS || chars > BATCH_CHARS) break;
      this.#changed.delete(field);
      const text = this.#kept.get(field)?.();
      if (text === undefined) {
        if (this.#sent.has(field)) gone.push(field);
      } else if (text.length > MAX_RECORD_CHARS) {
        this.#fault(new Error(`a request has more than ${MAX_RECORD_CHARS} bytes`));
      } else {
        this.#sent.add(field);
        kept.push([field, text]);
        chars += text.length;
      }
    }
    return { gone, kept };
  }

  /** Reads what killed sidecars have left, part by part. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { link, key, log } = this.#options;
    let alive = 0;
    let count = 0;
    try {
      let cursor = '0';
      do {
        const args = [cursor, LOOK_FIELDS, link.worker];
        const reply = await link.run(scripts.find_hooks, [key], args, { repeatable: true });
        const [next, others, ...found] = reply as [Buffer, number, ...Buffer[]];
        alive += others;
        for (let i = 0; i + 1 < found.length && !this.#closed; i += 2) {
          while (this.#underWay >= MAX_UNDER_WAY) await this.#room();
          if (this.#take(String(found[i]), String(found[i + 1]))) count += 1;
        }
        cursor = String(next);
      } while (cursor !== '0' && !this.#closed);
      // One that died with its host seems alive until Redis misses it.
      this.#looked = alive === 0;
    } catch (error) {
      this.#fault(error);
    } finally {
      this.#looking = false;
    }
    if (count > 0) log.info(`a sidecar was killed: unsubscribe requests are sent for ${count} subscribers`);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomMade = resolve;
    });
  }

  /** True when somebody is to be told of who was not known yet. */
  #take(field: string, record: string): boolean {
    if (this.#found.has(field)) return false;
    this.#sent.add(field);
    if (this.#options.ownWorkers.has(FIELD.exec(field)?.[1] ?? '')) {
      this.#change(field);
      return false;
    }
    this.#found.add(field);
    this.#underWay += 1;
    void this.#options.tell(record).then(() => {
      this.#underWay -= 1;
      this.#roomMade?.();
      this.#change(field);
    });
    return true;
  }

  #fault(error: unknown): void {
    // Of a Redis that is away its connections tell; one that is there has refused it.
    if (error instanceof RedisUnavailableError && !this.#options.link.available) return;
    const { message } = error as Error;
    const more = this.#failures.met(message);
    if (more === undefined) return;
    logFault(
      this.#options.log,
      'NJ-HOOK-KEEPING',
      `Redis does not keep subscribers for the time after a crash: ${message}${more}`,
    );
  }
}

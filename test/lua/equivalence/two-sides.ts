/** Runs operations by Nchan's scripts in one database of a Redis, by ours in another, and compares. */
import type { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { Script } from '../../../lua/hsss/script.ts';
import { freePort } from '../../support/ports.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { type Announcement, Announcements } from '../support/announcements.ts';
import { comparable, dumpKeyspace, type Keyspace } from '../support/keyspace.ts';
import { evalsha, type LoadedScripts, loadScripts, type Reply } from '../support/scripts.ts';
import { REGISTERED, settle, withoutWantedDifferences } from './differences.ts';
import { loadNchanScripts } from './nchan-scripts.ts';
import type { Channel, NchanCall, OurCall, Situation } from './operation.ts';
import { OPERATIONS, type OperationName, WORKERS } from './operations.ts';

export interface Step {
  readonly operation: OperationName;
  readonly parameters: unknown;
  /** True when Nchan's script runs on both sides: on ours, in a Redis that the two share. */
  readonly byNchan: boolean;
}

interface Answer {
  readonly reply: Reply | Error;
  readonly announced: readonly Announcement[];
}

/** Numbers are the same as text: Redis itself has only text. */
function asText(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.map(asText);
  return typeof reply === 'number' ? String(reply) : reply;
}

/** Length of a channel's list of messages. */
function entries(keyspace: Keyspace, { key }: Channel): number {
  return (keyspace[Buffer.from(`${key}:messages`).toString('latin1')]?.value.length as number) ?? 0;
}

/** A channel that began anew in the same second has ids that it had before. */
function remember(id: string, published: string[]): void {
  const before = published.indexOf(id);
  if (before >= 0) published.splice(before, 1);
  published.push(id);
}

export class TwoSides {
  readonly #nchan: ReadonlyMap<string, string>;
  readonly #ours: LoadedScripts;
  readonly #announcements: Announcements;

  private constructor(
    readonly server: RedisServer,
    /** The client of the database in which Nchan's scripts run. */
    readonly theirs: Redis,
    /** The same for ours. */
    readonly ours: Redis,
    nchan: ReadonlyMap<string, string>,
    scripts: LoadedScripts,
    announcements: Announcements,
  ) {
    this.#nchan = nchan;
    this.#ours = scripts;
    this.#announcements = announcements;
  }

  static async start(scripts: readonly Script[]): Promise<TwoSides> {
    const port = await freePort();
    const server = await startRedis({ port });
    const [theirs, ours, worker] = [await server.connect(0), await server.connect(1), await server.connect()];
    await worker.subscribe(WORKERS[0]);
    return new TwoSides(
      server,
      theirs,
      ours,
      await loadNchanScripts(theirs, port),
      await loadScripts(ours, scripts),
      await Announcements.listen(server),
    );
  }

  /** What was announced since the last call, on both sides. */
  announced(): Promise<readonly Announcement[]> {
    return this.#announcements.take();
  }

  /** Empties both databases. */
  async clear(): Promise<void> {
    await Promise.all([this.theirs.flushdb(), this.ours.flushdb()]);
  }

  /** What is known of a channel, from Nchan's database; of registrations, from ours. */
  async situation(channel: Channel, published: readonly string[]): Promise<Situation> {
    const [head, counts, ours] = await Promise.all([
      this.theirs.hgetall(channel.key),
      this.theirs.hgetall(`${channel.key}:subscriber_counts`),
      this.ours.hgetall(channel.key),
    ]);
    const registered = new Map(
      Object.entries(ours).flatMap(([field, id]) =>
        field.startsWith(REGISTERED) ? [[field.slice(REGISTERED.length), id]] : [],
      ),
    );
    return { channel, published, head: Object.keys(head).length > 0 ? head : undefined, counts, registered };
  }

  /**
   * Runs one operation on both sides.
   * @param published - ids of messages published to the channel so far; a new one is added
   * @throws AssertionError when replies, announcements or keys differ, but for what is wanted
   */
  async run(
    { operation: name, parameters, byNchan }: Step,
    channel: Channel,
    published: string[],
  ): Promise<void> {
    const operation = OPERATIONS[name];
    const before = await this.situation(channel, published);
    if (operation.comparable && !operation.comparable(parameters, before)) return;
    const theirs = await this.#answer(this.callNchan(operation.theirs(parameters, before)));
    const ours = await this.#answer(
      byNchan
        ? this.callNchan(operation.theirs(parameters, before), this.ours)
        : this.callOurs(operation.ours(parameters, before)),
    );
    if (theirs.reply instanceof Error) throw theirs.reply;
    if (ours.reply instanceof Error) throw ours.reply;

    const keyspaces = await this.compareKeys(`${channel.key}*`);
    expect(ours.announced, 'announcements').toEqual(theirs.announced);
    const after = {
      head: (await this.situation(channel, published)).head,
      lateEntries: entries(keyspaces[1], channel) - entries(keyspaces[0], channel),
    };
    if (!byNchan) {
      const reply = asText(ours.reply);
      const expected = operation.expected(asText(theirs.reply), reply, parameters, after);
      expect(reply, 'reply').toEqual(expected);
    }
    if (name === 'publish' && after.head?.current_message) remember(after.head.current_message, published);
    await settle(this.theirs, keyspaces[0]);
    await settle(this.ours, keyspaces[1]);
  }

  /**
   * @param pattern - of the keys, see dumpKeyspace; default: all keys
   * @returns what is there, wanted differences included: Nchan's, and ours
   * @throws AssertionError when there are other differences
   */
  async compareKeys(pattern?: string): Promise<[Keyspace, Keyspace]> {
    const keyspaces = await Promise.all([
      dumpKeyspace(this.theirs, pattern),
      dumpKeyspace(this.ours, pattern),
    ]);
    const [first, second] = keyspaces.map(withoutWantedDifferences) as [Keyspace, Keyspace];
    const [theirs, ours] = comparable(first, second);
    expect(ours, 'keys').toEqual(theirs);
    return keyspaces;
  }

  /** Lets keys of both sides go, as they do when they expire. */
  async expire(keys: readonly string[]): Promise<void> {
    const names = keys.map((key) => Buffer.from(key, 'latin1'));
    if (names.length > 0) await Promise.all([this.theirs.del(...names), this.ours.del(...names)]);
  }

  /** Calls a script of Nchan's. @param redis - of either side; default: theirs */
  callNchan({ script, keys = [], args }: NchanCall, redis = this.theirs): Promise<Reply> {
    return evalsha(redis, this.#nchan.get(script) ?? '', keys, args);
  }

  /** Calls a script of ours. */
  callOurs({ script, keys, args }: OurCall): Promise<Reply> {
    return this.#ours.call(script, keys, args);
  }

  async #answer(reply: Promise<Reply>): Promise<Answer> {
    const settled = await reply.catch((error: Error) => error);
    return { reply: settled, announced: await this.#announcements.take() };
  }
}

/**
 * Conformance cases on two servers that share one Redis: what publishes or tells about channels is asked of one, what
 * subscribes of the other. Two servers of Nchan say what the answers are; where a server of njchan takes part, they must
 * be the same.
 */
import type { Redis } from 'ioredis';
import type { Case } from '../conformance/case.ts';
import { startNchan } from '../conformance/nchan.ts';
import { play, type Stage } from '../conformance/player.ts';
import { LOCATIONS, SERVER } from '../conformance/suite.ts';
import type { Transcript } from '../conformance/transcript.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { redisUpstream } from './support.ts';

interface Server {
  readonly port: number;
  output(): string;
}

/** Who publishes, and who subscribes. */
export const PAIRS = ['njchan to njchan', 'njchan to Nchan', 'Nchan to njchan'] as const;
export type Pair = (typeof PAIRS)[number];

/** What each pair answered in a case, and what Nchan did. */
export interface Answers {
  readonly expected: Transcript;
  readonly given: Readonly<Record<Pair, Transcript>>;
}

/** Cases in progress at a time, on several servers each. */
const CONCURRENT = 12;
/**
 * Servers hear of messages when Redis tells them, so the order of what happens to several of them is not certain, with
 * Nchan alone either: a case in which a pair differs is played so many times.
 */
const ATTEMPTS = 3;

const PUBLISHERS: ReadonlySet<string> = new Set(
  LOCATIONS.filter(([, directives]) => directives.includes('nchan_publisher')).map(([name]) => name),
);

/** Subscribers are counted at once in Redis, but Nchan remembers the time for some answers only. */
const REQUESTED = /((?:last requested: |"requested": |<requested>|\brequested: ))(?:-1|N)/g;

/** An answer without what depends on who was counted when. */
function comparable(entry: string): string {
  if (!REQUESTED.test(entry)) return entry;
  return entry.replace(REQUESTED, '$1?').replace(/Content-Length: \d+/, 'Content-Length: ?');
}

export class MixedFleet {
  readonly servers: readonly Server[];
  readonly #client: Redis;
  readonly #pairs: Readonly<Record<Pair | 'Nchan', readonly [publisher: Server, subscriber: Server]>>;
  #rounds = 0;

  private constructor(client: Redis, servers: readonly [Server, Server, Server, Server]) {
    const [first, second, nchan, other] = servers;
    this.#client = client;
    this.servers = servers;
    this.#pairs = {
      Nchan: [nchan, other],
      'njchan to njchan': [first, second],
      'njchan to Nchan': [first, nchan],
      'Nchan to njchan': [nchan, first],
    };
  }

  /**
   * Starts two servers of each.
   * @param directives for all locations.
   */
  static async start(client: Redis, url: string, directives: string): Promise<MixedFleet> {
    const server = SERVER.replaceAll(/\}$/gm, `nchan_redis_pass redis; ${directives} }`);
    const http = `${redisUpstream(url)} nchan_redis_fakesub_timer_interval 0;`;
    const njchan = () => startNjchan({ config: (port) => nginxConf(port, server, http) });
    const nchan = () => startNchan(server, http);
    const servers = await Promise.all([njchan(), njchan(), nchan(), nchan()]);
    for (const { port } of servers) {
      await waitFor('the upstream', async () => (await request(port, 'GET', '/info/x')).status === 404);
    }
    return new MixedFleet(client, servers);
  }

  /** Plays cases on all pairs. */
  async play(cases: readonly Case[]): Promise<Map<Case, Answers>> {
    const answers = new Map<Case, Answers>();
    const queue = [...cases.entries()];
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        answers.set(next[1], await this.#answersTo(next[1], next[0]));
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, worker));
    return answers;
  }

  async #answersTo(played: Case, number: number): Promise<Answers> {
    for (let attempt = 1; ; attempt++) {
      const round = `${++this.#rounds}`;
      const [expected, ...given] = await Promise.all(
        (['Nchan', ...PAIRS] as const).map((pair, at) =>
          this.#play(this.#pairs[pair], played, `case${number}-${at}-${round}`),
        ),
      );
      const transcripts = Object.fromEntries(PAIRS.map((pair, at) => [pair, given[at]]));
      const answers = { expected, given: transcripts } as Answers;
      const isRight = given.every((one) => JSON.stringify(one.entries) === JSON.stringify(expected?.entries));
      if (attempt === ATTEMPTS || (isRight && expected?.failure === undefined)) return answers;
    }
  }

  async #play(
    [publisher, subscriber]: readonly [Server, Server],
    played: Case,
    channel: string,
  ): Promise<Transcript> {
    const stage: Stage = {
      portOf: (target) => (PUBLISHERS.has(target.split('/')[1] as string) ? publisher : subscriber).port,
      untilSubscribers: (target, count, deadlineMs) =>
        waitFor(
          `${count} subscribers at ${target}`,
          async () => (await this.#counted(target)) === count,
          deadlineMs,
        ).then(() => {}),
    };
    const { entries, ...transcript } = await play(stage, played, channel);
    return { ...transcript, entries: entries.map(comparable) };
  }

  /** The clients of the channel that a target is about, the first one of several, that Redis was told of. */
  async #counted(target: string): Promise<number> {
    const [, location = '', list = ''] = target.split('/');
    const channel = location === 'multi-pub' ? `${list}-a` : list.split(',')[0];
    return Number(await this.#client.hget(`{channel:/${channel}}`, 'fake_subscribers'));
  }
}

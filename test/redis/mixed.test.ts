/** The protocol, spoken by servers of njchan and of the real Nchan that share one Redis. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Area, Case } from '../conformance/case.ts';
import { deflate } from '../conformance/cases/deflate.ts';
import { firstMessage } from '../conformance/cases/first-message.ts';
import { limits } from '../conformance/cases/limits.ts';
import { multiPublish } from '../conformance/cases/multi-publish.ts';
import { multiplex } from '../conformance/cases/multiplex.ts';
import { multiplexIds } from '../conformance/cases/multiplex-ids.ts';
import { multiplexOrder } from '../conformance/cases/multiplex-order.ts';
import { polling } from '../conformance/cases/polling.ts';
import { publisher } from '../conformance/cases/publisher.ts';
import { streaming } from '../conformance/cases/streams.ts';
import { websockets } from '../conformance/cases/websocket.ts';
import { type Answers, MixedFleet, PAIRS } from './mixed.ts';
import { startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const client = await redis.connect();

/** Cases whose answers are not certain where servers hear of each other through Redis, with the reason. */
const UNCERTAIN: Readonly<Record<string, string>> = {
  'starts at newest of three messages, live':
    'Nchan counts a subscriber before it has asked for the newest: what is published then is one of the old',
  'long-poll: a timeout keeps the connection':
    'Nchan now and then misses what comes when its last subscriber has just left',
  'several at once: a live message comes alone at /lp-on/': 'who was served is counted a moment later',
  'several at once: a live message comes alone at /lp-raw/': 'who was served is counted a moment later',
  'subscribers to overlapping lists':
    'it waits for the number of subscribers to a list, which is not in Redis',
};

const STORED: readonly Area[] = [
  publisher,
  multiPublish,
  polling,
  streaming,
  websockets,
  deflate,
  limits,
  firstMessage,
  multiplex,
  multiplexIds,
  multiplexOrder,
];
/** Where nothing is stored only who is there gets something: no case that reads what was published before. */
const PASSED_ON: readonly Area[] = [publisher, streaming, websockets, deflate].map((area) => ({
  ...area,
  cases: area.cases.filter(
    ({ name, steps }) =>
      (area === publisher || /\blive\b/.test(name)) &&
      !/\bbuffered\b/.test(name) &&
      !steps.some((step) => step.do === 'request' && /^\/(?:sub|poll|lp)\b/.test(step.target)),
  ),
}));

const MODES: readonly (readonly [string, readonly Area[]])[] = [
  ['distributed', STORED],
  ['nostore', PASSED_ON],
];
const SUITE_DEADLINE_MS = 300_000;

describe.each(MODES)('in the storage mode %s', (mode, areas) => {
  let answers: Map<Case, Answers>;
  let fleet: MixedFleet;
  const isPlayed = (one: Case) => !one.differs && !Object.hasOwn(UNCERTAIN, one.name);

  beforeAll(async () => {
    fleet = await MixedFleet.start(
      client,
      `redis://127.0.0.1:${redis.port}`,
      `nchan_redis_storage_mode ${mode};`,
    );
    answers = await fleet.play(played.flatMap(([, cases]) => cases));
  }, SUITE_DEADLINE_MS);

  const played = areas.map(({ title, cases }) => [title, cases.filter(isPlayed)] as const);

  describe.each(played.filter(([, cases]) => cases.length > 0))('%s', (_title, cases) => {
    for (const one of cases) {
      it(one.name, () => {
        const { expected, given } = answers.get(one) as Answers;
        expect(expected.failure, 'the case does not work with Nchan').toBeUndefined();
        for (const pair of PAIRS) expect(given[pair], pair).toEqual(expected);
      });
    }
  });

  it('no server crashed', () => {
    for (const server of fleet.servers) {
      expect(server.output()).not.toMatch(/exited on signal|uncaught|ended with/i);
    }
  });
});

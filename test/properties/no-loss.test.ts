/**
 * No loss, no repeat: subscribers on every transport are cut off and resume at random while several publishers send
 * bursts under changing buffer lengths and timeouts, through a real nginx.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { SEED } from '../support/seed.ts';
import { label } from './ledger.ts';
import { type Plan, plans, type Step } from './plan.ts';
import { faultsOfRace, type Outcome, run, type Server } from './race.ts';
import type { History } from './verdict.ts';

let server: Server;
beforeAll(async () => {
  const id = 'nchan_channel_id $1; nchan_channel_id_split_delimiter ",";';
  const locations = `
        keepalive_requests 100000; # a poll waits by asking again and again
        location ~ ^/sub/(.*)$ { nchan_subscriber; ${id} }
        location ~ ^/longpoll/(.*)$ { nchan_subscriber longpoll; ${id} }
        location ~ ^/intervalpoll/(.*)$ { nchan_subscriber intervalpoll; ${id} }
        location ~ ^/raw/(.*)$ { nchan_subscriber http-raw-stream; ${id} }
        location ~ ^/pub/(.*)$ {
            nchan_publisher;
            ${id}
            nchan_message_buffer_length $arg_length;
            nchan_message_timeout $arg_timeout;
        }`;
  // What nginx holds back for a client that does not read is small, so that the sidecar soon notices.
  const config = (port: number): string =>
    nginxConf(port, locations, '', 4096).replace(/listen .*(?=;)/, '$& sndbuf=16k');
  const njchan = await startNjchan({ config });
  server = { port: njchan.port, sidecarPid: await njchan.sidecarPid() };
});

/** Races of each kind. */
const RACES = 15;
const RACES_WITH_STALLS = 3;
/** Races at the same time, of those that wait for messages to expire. */
const AT_ONCE = 8;

/** A plan that failed is not run again to make it smaller: its next run may well pass. */
const parameters = (numRuns: number) => ({ numRuns, seed: SEED, endOnFailure: true });

const HOUR = fc.constant(3600);
/** More than a race publishes. */
const ENOUGH = fc.constant(1000);
/** No more than what a stream takes at once: a slow client goes back to the buffer, whatever is left in it. */
const SMALL = fc.nat(500);
/** Up to what goes through files in nginx and needs each kind of frame length. */
const ANY_SIZE = fc.oneof(
  { weight: 16, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.constantFrom(10_000, 20_000, 70_000) },
);
/** A burst of these is more than what waits on the way to a client that does not read. */
const LARGE = fc.constantFrom(100, 100_000, 200_000);

/** Every message, channel by channel, and once more for each time that a client had to begin anew. */
function expectEverything({ subscribers, histories }: Outcome): void {
  for (const { transport, channels, visits } of subscribers) {
    const sessions = transport.resumes
      ? [visits.flatMap(({ arrivals }) => arrivals)]
      : visits.map(({ arrivals }) => arrivals);
    for (const channel of channels) {
      const { publications } = histories.get(channel) as History;
      const everything = publications.map(({ body }) => label(body));
      const bodies = new Set(publications.map(({ body }) => body));
      for (const session of sessions) {
        const got = session.filter(({ body }) => bodies.has(body)).map(({ body }) => label(body));
        const length = transport.resumes ? everything.length : got.length;
        expect(got, `${transport.name} of ${channels}`).toEqual(everything.slice(0, length));
      }
    }
  }
}

describe.each([
  ['one channel', [[0]]],
  ['one channel and two multiplexed', [[0], [0, 1], [1, 0]]],
])('subscribers of %s, cut off in the middle of bursts,', (_, lists) => {
  it.each([
    ['however they come and go', ANY_SIZE, false, RACES],
    ['though they stop reading for a while', LARGE, true, RACES_WITH_STALLS],
  ])(
    'get all messages in order, once, %s, while the buffer keeps them',
    async (__, padding, stalls, races) => {
      const ingredients = { lists, length: ENOUGH, timeoutSeconds: HOUR, padding, stalls };
      await fc.assert(
        fc.asyncProperty(plans(ingredients), async (plan) => {
          const outcome = await run(server, plan);
          expect(faultsOfRace(outcome)).toEqual([]);
          expectEverything(outcome);
        }),
        parameters(races),
      );
    },
    60_000,
  );

  it('miss nothing but what the buffer lost before they were back', async () => {
    const length = fc.integer({ min: 0, max: 12 });
    const ingredients = { lists, length, timeoutSeconds: HOUR, padding: SMALL, stalls: false };
    await fc.assert(
      fc.asyncProperty(plans(ingredients), async (plan) => {
        expect(faultsOfRace(await run(server, plan))).toEqual([]);
      }),
      parameters(RACES),
    );
  }, 60_000);
});

describe('subscribers of messages that expire', () => {
  const EXPIRY_MS = 1200;
  /** Half of the subscribers are away while what was sent before expires, unless an older message keeps it. */
  const withAbsence = ({ steps, subscribers, channels }: Plan): Plan => {
    const unmarked = steps.filter((step) => step.do !== 'catch up'); // marks do not expire
    const half = unmarked.length >> 1;
    const who = subscribers.flatMap((_, place) => (place % 2 === 0 ? [place] : []));
    const leave: Step = { do: 'cut', who, how: 'close', away: true };
    const pause: Step = { do: 'pause', ms: EXPIRY_MS / 2 };
    const bursts = unmarked.slice(half).filter((step) => step.do === 'burst');
    const absences: Step[] = [leave, ...bursts, pause, { do: 'resume' }, leave, ...bursts, pause];
    return {
      steps: [...unmarked.slice(0, half), ...absences, ...unmarked.slice(half)],
      subscribers,
      channels,
    };
  };

  it('miss nothing but what was gone before they were back', async () => {
    const kind = plans({
      lists: [[0], [0, 1]],
      length: ENOUGH,
      timeoutSeconds: fc.constantFrom(1, 1, 1, 3600),
      padding: SMALL,
      stalls: false,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(kind, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (several) => {
        const outcomes = await Promise.all(several.map((plan) => run(server, withAbsence(plan))));
        expect(outcomes.flatMap(faultsOfRace)).toEqual([]);
      }),
      parameters(1),
    );
  }, 60_000);
});

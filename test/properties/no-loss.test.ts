/**
 * No loss, no repeat: subscribers on every transport are cut off and resume at random while several publishers send
 * bursts under changing buffer lengths and timeouts, through a real nginx.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ENOUGH, SMALL } from './ingredients.ts';
import { type Plan, plans, type Step } from './plan.ts';
import { faultsOfRace, run, type Server } from './race.ts';
import { describeRaces, LISTS, parameters } from './races.ts';
import { startServer } from './server.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});

/** Races at the same time, of those that wait for messages to expire. */
const AT_ONCE = 8;

describe.each(LISTS)('subscribers of %s, cut off in the middle of bursts,', (_, lists) => {
  describeRaces({ server: () => server, lists, leastLength: 0, races: 15, racesWithStalls: 3 });
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

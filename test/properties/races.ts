/** Races that every store has to stand: what is lost, repeated or out of order in one of them is a fault. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SEED } from '../support/seed.ts';
import { ANY_SIZE, ENOUGH, HOUR, LARGE, SMALL } from './ingredients.ts';
import { plans } from './plan.ts';
import { faultsOfRace, gapsOf, run, type Server } from './race.ts';

/** What subscribers subscribe to: the places of channels. */
export const LISTS = [
  ['one channel', [[0]]],
  ['one channel and two multiplexed', [[0], [0, 1], [1, 0]]],
] as const;

/** A plan that failed is not run again to make it smaller: its next run may well pass. */
export const parameters = (numRuns: number) => ({ numRuns, seed: SEED, endOnFailure: true });

export interface Races {
  readonly server: () => Server;
  readonly lists: readonly (readonly number[])[];
  /** The shortest buffer. */
  readonly leastLength: number;
  /** Races of each kind, and of those in which subscribers stop reading. */
  readonly races: number;
  readonly racesWithStalls: number;
}

/** Defines the tests. */
export function describeRaces({ server, lists, leastLength, races, racesWithStalls }: Races): void {
  it.each([
    ['however they come and go', ANY_SIZE, false, races],
    ['though they stop reading for a while', LARGE, true, racesWithStalls],
  ])(
    'get all messages in order, once, %s, while the buffer keeps them',
    async (_, padding, stalls, count) => {
      const ingredients = { lists, length: ENOUGH, timeoutSeconds: HOUR, padding, stalls };
      await fc.assert(
        fc.asyncProperty(plans(ingredients), async (plan) => {
          const outcome = await run(server(), plan);
          expect(faultsOfRace(outcome)).toEqual([]);
          expect(gapsOf(outcome)).toEqual([]);
        }),
        parameters(count),
      );
    },
    60_000,
  );

  it('miss nothing but what the buffer lost before they were back', async () => {
    const length = fc.integer({ min: leastLength, max: 12 });
    const ingredients = { lists, length, timeoutSeconds: HOUR, padding: SMALL, stalls: false };
    await fc.assert(
      fc.asyncProperty(plans(ingredients), async (plan) => {
        expect(faultsOfRace(await run(server(), plan))).toEqual([]);
      }),
      parameters(races),
    );
  }, 60_000);
}

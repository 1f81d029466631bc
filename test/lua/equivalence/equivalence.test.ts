import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SEED } from '../../support/seed.ts';
import { shippedScripts } from '../../support/shipped-scripts.ts';
import { inOneSecond, nextSecond, redisMilliseconds, waitUntil } from '../support/clock.ts';
import { expiry, happen, step, subject } from './events.ts';
import { TwoSides } from './two-sides.ts';

const sides = await TwoSides.start(shippedScripts());

const SEQUENCES = 300;

const events = fc.array(fc.oneof({ weight: 8, arbitrary: step(2) }, expiry(2)), {
  maxLength: 40,
  size: 'max',
});

test('replies, keys, times to live and announcements are those of Nchan', async () => {
  await fc.assert(
    fc.asyncProperty(events, (sequence) =>
      inOneSecond(sides.theirs, async () => {
        await sides.clear();
        const subjects = [subject('', 'test/a'), subject('my:ns:', 'test/b{c')];
        for (const event of sequence) await happen(sides, subjects, event);
        await sides.compareKeys();
      }),
    ),
    { numRuns: SEQUENCES, seed: SEED },
  );
});

/**
 * When the rounds begin, and how long one may take, so that no time to live that is used here (1, 2, 5 or at least 10
 * seconds) ends in the course of one.
 */
const ROUNDS_MS = [0, 2500, 5500];
const ROUND_MS = 450;
/** Later than this in a round, even the second may be another one. */
const SAFE_MS = 490;

const rounds = fc.tuple(...ROUNDS_MS.map(() => fc.array(step(1), { minLength: 1, maxLength: 8 })));

/** Messages and channels really expire, and ids have several seconds. */
test('so they are as time goes by', async () => {
  await sides.clear();
  const sequences = fc.sample(rounds, { numRuns: 60, seed: SEED });
  const channels = sequences.map((_, i) => subject('', `test/${i}`));
  const dropped = new Set<number>();
  await nextSecond(sides.theirs);
  const start = await redisMilliseconds(sides.theirs);
  for (const [round, begin] of ROUNDS_MS.entries()) {
    await waitUntil(sides.theirs, start + begin);
    const elapsed = async () => (await redisMilliseconds(sides.theirs)) - start - begin;
    for (const [i, sequence] of sequences.entries()) {
      // A machine that is too slow leaves some out.
      if ((await elapsed()) > ROUND_MS) dropped.add(i);
      if (dropped.has(i)) continue;
      const one = channels.slice(i, i + 1);
      try {
        for (const event of sequence[round] ?? []) await happen(sides, one, event);
      } catch (error) {
        if ((await elapsed()) < SAFE_MS) {
          throw new Error(`seed ${SEED}, round ${round} of ${JSON.stringify(sequence)}`, { cause: error });
        }
        dropped.add(i);
      }
    }
  }
  expect(dropped.size).toBeLessThan(sequences.length);
});

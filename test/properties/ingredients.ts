/** What plans of races are made from. */
import fc from 'fast-check';

export const HOUR = fc.constant(3600);
/** More than a race publishes. */
export const ENOUGH = fc.constant(1000);
/** No more than what a stream takes at once: a slow client goes back to the buffer, whatever is left in it. */
export const SMALL = fc.nat(500);
/** Up to what goes through files in nginx and needs each kind of frame length. */
export const ANY_SIZE = fc.oneof(
  { weight: 16, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.constantFrom(10_000, 20_000, 70_000) },
);
/** A burst of these is more than what waits on the way to a client that does not read. */
export const LARGE = fc.constantFrom(100, 100_000, 200_000);

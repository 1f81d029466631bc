/** Random things that happen to channels. */
import fc from 'fast-check';
import type { Channel } from './operation.ts';
import { OPERATIONS, type OperationName } from './operations.ts';
import type { Step, TwoSides } from './two-sides.ts';

/** Something happens to one of some channels. */
export type Event = { readonly channel: number } & (
  | Step
  | { readonly expires: 'channel' }
  /** A message, counted from the newest one, which cannot expire in the second in which it was published. */
  | { readonly expires: number }
);

/** A channel, with the ids of its messages in the order of their publishing. */
export interface Subject {
  readonly channel: Channel;
  readonly published: string[];
}

export function subject(namespace: string, id: string): Subject {
  return { channel: { namespace, id, key: `${namespace}{channel:${id}}` }, published: [] };
}

const WEIGHTS: Partial<Record<OperationName, number>> = { publish: 6, get_message: 3 };

/** One of so many operations is Nchan's on both sides. */
const BY_NCHAN = 5;

/** A call of a script on one of so many channels. */
export function step(channels: number): fc.Arbitrary<Event> {
  return fc.oneof(
    ...(Object.keys(OPERATIONS) as OperationName[]).map((operation) => ({
      weight: WEIGHTS[operation] ?? 1,
      arbitrary: fc.record({
        channel: fc.nat({ max: channels - 1 }),
        operation: fc.constant(operation),
        parameters: OPERATIONS[operation].parameters,
        byNchan: fc.nat({ max: BY_NCHAN }).map((number) => number === BY_NCHAN),
      }),
    })),
  );
}

/** Something expires of one of so many channels. */
export function expiry(channels: number): fc.Arbitrary<Event> {
  return fc.record({
    channel: fc.nat({ max: channels - 1 }),
    expires: fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }) },
      fc.constant('channel' as const),
    ),
  });
}

/** Keys that expire together. Messages live no longer than their channel. */
function expiring({ channel: { key }, published }: Subject, what: number | 'channel'): string[] {
  const messages = published.map((id) => `${key}:msg:${id}`);
  if (what === 'channel') return [key, `${key}:messages`, `${key}:subscriber_counts`, ...messages];
  const message = messages.at(-1 - what);
  return message === undefined ? [] : [message];
}

/** Lets it happen on both sides, and compares. @throws AssertionError when they differ */
export async function happen(sides: TwoSides, subjects: readonly Subject[], event: Event): Promise<void> {
  const one = subjects[event.channel];
  if (!one) throw new Error(`there is no channel ${event.channel}`);
  if ('operation' in event) await sides.run(event, one.channel, one.published);
  else await sides.expire(expiring(one, event.expires));
}

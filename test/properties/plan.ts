/** Plans of races, made up from a seed; what really happens when is left to the machine. */
import fc from 'fast-check';
import type { Burst } from './publisher.ts';
import type { Cut, Leave } from './subscriber.ts';
import { TRANSPORTS } from './transports.ts';

/** What is done one after the other, each at once unless it says that it waits. `who` are places of subscribers. */
export type Step =
  | { readonly do: 'burst'; readonly burst: Omit<Burst, 'channel'> & { readonly channel: number } }
  /** Waits until the server has answered this many more messages. */
  | { readonly do: 'await answers'; readonly count: number }
  /** Waits until all are answered, then sends a message to each channel and waits until everybody has got it. */
  | { readonly do: 'catch up' }
  /** Disconnects several at once; `away`: they do not come back yet. */
  | { readonly do: 'cut'; readonly who: readonly number[]; readonly how: Cut; readonly away: boolean }
  /** Several do not read what arrives. */
  | { readonly do: 'stall'; readonly who: readonly number[] }
  /** Those that are away come back, those that do not read go on. */
  | { readonly do: 'resume' }
  /**
   * The sidecar stands still for so long, and what goes on meanwhile reaches it all at once: only then do publishing
   * and subscribing fall into one turn of its event loop.
   */
  | { readonly do: 'freeze'; readonly ms: number }
  /** Waits, for messages to expire. */
  | { readonly do: 'pause'; readonly ms: number };

export interface Plan {
  /** How many there are. */
  readonly channels: number;
  /** Their transports are those of TRANSPORTS, over and over; channels are named by number. */
  readonly subscribers: readonly {
    readonly channels: readonly number[];
    readonly leaves: readonly Leave[];
  }[];
  readonly steps: readonly Step[];
}

/** What a kind of plan is made from. */
export interface Ingredients {
  /** Lists of channels that a subscriber may have. */
  readonly lists: readonly (readonly number[])[];
  readonly length: fc.Arbitrary<number>;
  readonly timeoutSeconds: fc.Arbitrary<number>;
  readonly padding: fc.Arbitrary<number>;
  /** Whether subscribers stop reading for a while, which is for channels whose buffer keeps everything. */
  readonly stalls: boolean;
}

/** Two of each transport, so that some are up to date while others come. */
const SUBSCRIBERS = 2 * TRANSPORTS.length;

const HOW = fc.constantFrom<Cut>('close', 'reset');
const WHO = fc.uniqueArray(fc.nat(SUBSCRIBERS - 1), { minLength: 1 });

/** Plans made from the ingredients. */
export function plans({ lists, length, timeoutSeconds, padding, stalls }: Ingredients): fc.Arbitrary<Plan> {
  const channels = [...new Set(lists.flat())];
  const burst = fc.record({
    over: fc.constantFrom<Burst['over']>('http', 'websocket'),
    channel: fc.constantFrom(...channels),
    length,
    timeoutSeconds,
    paddings: fc.array(padding, { minLength: 1, maxLength: 8 }),
  });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: burst.map((one) => ({ do: 'burst' as const, burst: one })) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('await answers'), count: fc.integer({ min: 1, max: 8 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('catch up') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('cut'), who: WHO, how: HOW, away: fc.boolean() }) },
    { weight: stalls ? 1 : 0, arbitrary: fc.record({ do: fc.constant('stall'), who: WHO }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('resume') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('freeze'), ms: fc.integer({ min: 5, max: 30 }) }) },
  );
  const subscriber = fc.record({
    channels: fc.constantFrom(...lists),
    leaves: fc.array(fc.record({ after: fc.nat(6), how: HOW }), { maxLength: 12 }),
  });
  return fc.record({
    channels: fc.constant(channels.length),
    subscribers: fc.array(subscriber, { minLength: SUBSCRIBERS, maxLength: SUBSCRIBERS }),
    steps: fc.array(step, { minLength: 10, maxLength: 40 }),
  });
}

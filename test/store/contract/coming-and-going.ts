import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatSubscriptionId } from '../../../sidecar/store/message.ts';
import type { Start } from '../../../sidecar/store/store.ts';
import { SEED } from '../../support/seed.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fixture, OLDEST, resumeAtText, TestSink, turn } from './fixture.ts';

const CLIENTS = 5;
const RUNS = 200;
/** More than a run publishes. */
const ENOUGH = { length: 1000, timeoutSeconds: 3600 };

/** A client that resumes where it left. */
class Client {
  readonly #on: Fixture;
  readonly #channels: readonly string[];
  #seen: string[] = [];
  #start: Start = OLDEST;
  #sink: TestSink | undefined;

  constructor(on: Fixture, channels: readonly string[]) {
    this.#on = on;
    this.#channels = channels;
  }

  /** All that it got so far. */
  get messages(): string[] {
    return [...this.#seen, ...(this.#sink?.messages ?? [])];
  }

  join(): void {
    if (this.#sink) return;
    this.#sink = new TestSink();
    this.#sink.subscription = this.#on.store.subscribe(this.#channels, this.#start, this.#sink);
  }

  leave(): void {
    this.#sink?.subscription?.cancel();
    this.#seen = this.messages;
    const last = this.#sink?.last;
    if (last) this.#start = resumeAtText(formatSubscriptionId(last.id));
    this.#sink = undefined;
  }
}

/** Subscribers that come and go at any time. */
export function comingAndGoing(on: Fixture): void {
  it.each([1, 3])(
    'loses and repeats nothing for subscribers of %i channels that come, go and resume',
    async (width) => {
      const publishing = fc.record({ publish: fc.array(fc.nat(width - 1), { minLength: 1, maxLength: 4 }) });
      const step = fc.oneof(
        { weight: 3, arbitrary: publishing },
        fc.record({ leave: fc.nat(CLIENTS - 1) }),
        fc.record({ join: fc.nat(CLIENTS - 1) }),
        fc.constant({ turn: true }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          run += 1;
          const names = Array.from({ length: width }, (_, i) => `${on.channel}-run${run}-${i}`);
          const clients = Array.from({ length: CLIENTS }, () => new Client(on, names));
          const published: string[][] = names.map(() => []);
          for (const one of steps) {
            if ('publish' in one) {
              for (const index of one.publish) {
                const own = published[index] as string[];
                own.push(`${index}:${own.length}`);
                await on.publish(own.at(-1) as string, ENOUGH, names[index] as string);
              }
            } else if ('leave' in one) clients[one.leave]?.leave();
            else if ('join' in one) clients[one.join]?.join();
            else await turn();
          }
          for (const client of clients) client.join();
          const count = published.flat().length;
          for (const client of clients) {
            await waitFor('every message', () => client.messages.length >= count);
            const all = client.messages;
            // In order within each channel; nothing missing and nothing twice over all.
            expect(names.map((_, index) => all.filter((text) => text.startsWith(`${index}:`)))).toEqual(
              published,
            );
            expect(all).toHaveLength(count);
          }
        }),
        { numRuns: RUNS, seed: SEED },
      );
    },
  );
}

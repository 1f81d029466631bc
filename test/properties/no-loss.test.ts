/**
 * No loss, no repeat: subscribers on every transport leave and resume at random while messages are published under
 * changing buffer lengths and timeouts, through a real nginx.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { sleep, waitFor } from '../support/wait.ts';
import { arrived, type Bookmark, CLIENTS, publish, type Session } from './clients.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({
    config: `
        location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; }
        location ~ ^/longpoll/(.*)$ { nchan_subscriber longpoll; nchan_channel_id $1; }
        location ~ ^/intervalpoll/(.*)$ { nchan_subscriber intervalpoll; nchan_channel_id $1; }
        location ~ ^/raw/(.*)$ { nchan_subscriber http-raw-stream; nchan_channel_id $1; }
        location ~ ^/pub/(.*)$ {
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_buffer_length $arg_length;
            nchan_message_timeout $arg_timeout;
        }`,
  });
});

const STEP = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ publish: fc.integer({ min: 1, max: 5 }), length: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 2, arbitrary: fc.record({ join: fc.nat(CLIENTS.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ leave: fc.nat(CLIENTS.length - 1) }) },
);

const RUNS = 20;
let channels = 0;

/** The number of a message, from its text. */
const numberOf = (text: string): number => Number(text.slice(1));

describe('subscribers that leave and resume', () => {
  it('get every message that is still in the buffer, in order, once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 5, maxLength: 40 }), async (steps) => {
        const channel = `property${channels++}`;
        let published = 0;
        /** Number of the oldest message in the buffer. */
        let oldest = 0;
        const clients = CLIENTS.map((transport) => ({
          transport,
          bookmark: {} as Bookmark,
          last: -1,
          /** What the present session must begin with. */
          from: 0,
          session: undefined as Session | undefined,
        }));
        type Client = (typeof clients)[number];

        const join = async (client: Client): Promise<void> => {
          if (client.session) return;
          client.from = Math.max(client.transport.resumes ? client.last + 1 : 0, oldest);
          client.session = await client.transport.open(njchan.port, channel, client.bookmark, (bookmark) => {
            if (client.transport.resumes) client.bookmark = bookmark;
          });
          if (client.from < published) await arrived(client.session, `m${published - 1}`);
        };
        const check = ({ session, transport, from }: Client): void => {
          const texts = session?.texts ?? [];
          const expected = texts.map((_, i) => `m${from + i}`);
          expect({ transport: transport.name, texts }).toEqual({
            transport: transport.name,
            texts: expected,
          });
        };
        const leave = async (client: Client): Promise<void> => {
          if (!client.session) return;
          await client.session.close();
          check(client);
          const last = client.session.texts[client.session.texts.length - 1];
          if (last !== undefined) client.last = numberOf(last);
          client.session = undefined;
        };

        for (const step of steps) {
          if ('publish' in step) {
            for (let i = 0; i < step.publish; i++) {
              await publish(njchan.port, channel, `m${published}`, `length=${step.length}&timeout=1h`);
              published += 1;
              oldest = Math.max(oldest, published - step.length);
              // Polling clients are back for the next message only after they got this one.
              for (const { session } of clients) if (session) await arrived(session, `m${published - 1}`);
            }
          } else if ('join' in step) await join(clients[step.join] as Client);
          else await leave(clients[step.leave] as Client);
        }
        for (const client of clients) await join(client);
        for (const client of clients) {
          if (published > 0)
            await arrived(client.session as Session, `m${published - 1}`).catch(() => check(client));
          await leave(client);
        }
      }),
      { numRuns: RUNS },
    );
  }, 120_000);

  it('of messages that expire get none twice and none out of order, and the newest', async () => {
    const step = fc.record({ publish: fc.integer({ min: 1, max: 3 }), rejoin: fc.nat(CLIENTS.length - 1) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 8 }), async (steps) => {
        const channel = `expiring${channels++}`;
        const seen = CLIENTS.map(() => [] as number[]);
        const bookmarks: Bookmark[] = CLIENTS.map(() => ({}));
        let published = 0;
        for (const [i, { publish: count, rejoin }] of steps.entries()) {
          // Half way the short-lived messages of the first half expire.
          if (i === steps.length >> 1) await sleep(1200);
          for (let n = 0; n < count; n++) {
            const timeout = published % 2 === 0 ? '1s' : '1h';
            await publish(njchan.port, channel, `m${published++}`, `length=20&timeout=${timeout}`);
          }
          const transport = CLIENTS[rejoin] as (typeof CLIENTS)[number];
          if (!transport.resumes) continue;
          const session = await transport.open(
            njchan.port,
            channel,
            bookmarks[rejoin] as Bookmark,
            (bookmark) => {
              bookmarks[rejoin] = bookmark;
            },
          );
          const newest = published - 1;
          await waitFor('the newest', () => session.texts.includes(`m${newest}`)).catch(() => {});
          await session.close();
          seen[rejoin]?.push(...session.texts.map(numberOf));
          expect(seen[rejoin]?.at(-1)).toBe(newest);
        }
        for (const numbers of seen) expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      }),
      { numRuns: 8 },
    );
  }, 120_000);
});

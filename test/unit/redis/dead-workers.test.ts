import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DeadWorkers, LOOK_INTERVAL_MS, SUSPICION_MS } from '../../../sidecar/store/redis/dead-workers.ts';
import type { RedisLink } from '../../../sidecar/store/redis/link.ts';

const channelOf = (name: string) => ({ name, keys: { head: Buffer.from(name) } });
const a = channelOf('a');

let looks: { name: string; suspects: string }[];
let reply: string;
let available: boolean;
let workers: DeadWorkers;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  looks = [];
  reply = '';
  available = true;
  const link = {
    get available() {
      return available;
    },
    run: async (_: unknown, [head]: [Buffer], [suspects]: [string]) => {
      looks.push({ name: String(head), suspects });
      return Buffer.from(reply);
    },
  } as unknown as RedisLink;
  workers = new DeadWorkers(
    link,
    5,
    (_, error) => expect.unreachable(String(error)),
    () => Date.now(),
  );
});
afterEach(() => {
  workers.stop();
  vi.useRealTimers();
});

it('looks at a channel in use within a second, and then at intervals', async () => {
  workers.watch(a);
  workers.watch(a);
  await pass(1000);
  expect(looks).toEqual([{ name: 'a', suspects: '' }]);
  await pass(LOOK_INTERVAL_MS - 1000);
  expect(looks).toHaveLength(1);
  await pass(1000);
  expect(looks).toHaveLength(2);
  workers.leave(a);
  await pass(5 * LOOK_INTERVAL_MS);
  expect(looks).toHaveLength(2);
});

it('looks a second time when somebody is not there', async () => {
  workers.watch(a);
  reply = 'w 3\n';
  await pass(1000);
  await pass(SUSPICION_MS - 1000);
  expect(looks).toHaveLength(1);
  reply = '';
  await pass(1000);
  expect(looks.slice(1)).toEqual([{ name: 'a', suspects: 'w 3\n' }]);
  await pass(LOOK_INTERVAL_MS);
  expect(looks.slice(2)).toEqual([{ name: 'a', suspects: '' }]);
});

it('looks twice at most at a channel that is only published to, however often that is', async () => {
  reply = 'w 3\n';
  for (let i = 0; i < 5; i++) workers.visit('b', { head: Buffer.from('b') });
  await pass(1000);
  workers.visit('b', { head: Buffer.from('b') });
  await pass(SUSPICION_MS);
  expect(looks.map(({ suspects }) => suspects)).toEqual(['', 'w 3\n']);
  await pass(LOOK_INTERVAL_MS);
  expect(looks).toHaveLength(2);
  workers.visit('b', { head: Buffer.from('b') });
  await pass(1000);
  expect(looks).toHaveLength(3);
});

it('does not look while Redis is away', async () => {
  available = false;
  workers.watch(a);
  await pass(5000);
  expect(looks).toEqual([]);
  available = true;
  await pass(1000);
  expect(looks).toHaveLength(1);
});

it('spreads looks over the seconds', async () => {
  for (let i = 0; i < 1200; i++) workers.watch(channelOf(`${i}`));
  const counts: number[] = [];
  for (let second = 0; second < 3; second++) {
    await pass(1000);
    counts.push(looks.length);
  }
  expect(counts).toEqual([500, 1000, 1200]);
});

it('looks at each of very many channels once in the interval, but not at more in a second than Redis can bear', async () => {
  for (let i = 0; i < 60_000; i++) workers.watch(channelOf(`${i}`));
  await pass(1000);
  expect(looks).toHaveLength(1000);
  await pass(LOOK_INTERVAL_MS - 1000);
  expect(looks).toHaveLength(60_000);
  for (let i = 0; i < 300_000; i++) workers.watch(channelOf(`more ${i}`));
  await pass(1000);
  expect(looks).toHaveLength(65_000);
});

/** Messages that are compressed for WebSocket subscribers, with the settings of the servers that they come to. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';
import { startNode, startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const url = `redis://127.0.0.1:${redis.port}`;
const client = await redis.connect();
/** Finds repetitions over 32 KiB; the default is 1 KiB. */
const http = 'nchan_permessage_deflate_compression_window 15;';
const received = ({ socket }: { socket: unknown }) => (socket as { _socket: Socket })._socket.bytesRead;

it.each(['distributed', 'nostore'])('live and from the buffer, in mode %s', async (mode) => {
  const options = { http, location: `nchan_redis_storage_mode ${mode};` };
  const [first, second] = await Promise.all([startNode(url, options), startNode(url, options)]);
  // Twice as long without the repetitions found.
  const body = randomBytes(1024).toString('hex').repeat(4);
  const open = ({ port }: { port: number }) =>
    openWebSocket(`ws://127.0.0.1:${port}/sub/${mode}`, { perMessageDeflate: true });
  const live = [await open(first), await open(second)];
  await waitFor(
    'both',
    async () => (await client.hget(`{channel:test/${mode}}`, 'fake_subscribers')) === '2',
  );
  const before = live.map(received);
  const { status } = await request(first.port, 'POST', `/pub-deflate/${mode}`, {
    body,
  });
  expect(status).toBe(201);
  for (const socket of live) expect((await socket.message()).data.toString()).toBe(body);
  for (const [place, socket] of live.entries()) {
    const bytes = received(socket) - (before[place] as number);
    expect(bytes).toBeLessThan(2000);
  }
  const late = await open(second);
  expect((await late.message()).data.toString()).toBe(body);
  for (const socket of [...live, late]) await socket.close();
});

/** Publishing over HTTP through Redis, many at once: nothing is lost, doubled, overtaken or done for nobody. */
import { expect, it } from 'vitest';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';
import { startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const client = await redis.connect();
const node = await startNjchan({
  // Room for all, and nothing to be fetched by a key that may be gone by then: so nothing may be missing.
  config: (port) =>
    nginxConf(
      port,
      `location ~ ^/pub/(.+)$ { nchan_publisher; nchan_channel_id $1; nchan_redis_pass redis; }
       location ~ ^/sub/(.+)$ { nchan_subscriber; nchan_channel_id $1; nchan_redis_pass redis; }`,
      `nchan_message_buffer_length 1000;
       nchan_redis_publish_msgpacked_max_size 1m;
       upstream redis { nchan_redis_server redis://127.0.0.1:${redis.port}; }`,
    ),
});
await waitFor('Redis', async () => (await request(node.port, 'GET', '/pub/x')).status === 404);

const PUBLISHERS = 20;
const MESSAGES = 30;

it('messages of many publishers arrive whole, once, each publisher’s in order', async () => {
  const subscriber = await openWebSocket(`ws://127.0.0.1:${node.port}/sub/many`);
  // Small ones are gathered in one write with others, large ones are written by themselves.
  const body = (publisher: number, i: number) =>
    `${publisher} ${i} `.padEnd(i % 7 === 0 ? 40_000 + publisher : 10 + i, 'x');
  await Promise.all(
    Array.from({ length: PUBLISHERS }, async (_, publisher) => {
      for (let i = 0; i < MESSAGES; i++) {
        const { status } = await request(node.port, 'POST', '/pub/many', { body: body(publisher, i) });
        expect([201, 202]).toContain(status);
      }
    }),
  );
  const received: string[] = [];
  while (received.length < PUBLISHERS * MESSAGES) received.push(await subscriber.text());
  for (let publisher = 0; publisher < PUBLISHERS; publisher++) {
    const own = received.filter((text) => text.startsWith(`${publisher} `));
    expect(own).toEqual(Array.from({ length: MESSAGES }, (_, i) => body(publisher, i)));
  }
  await subscriber.close();
});

it('who only publishes listens to no channel', async () => {
  for (const id of ['quiet', 'quiet', 'quiet%20too']) {
    expect((await request(node.port, 'POST', `/pub/${id}`, { body: 'hi' })).status).toBe(202);
    await request(node.port, 'GET', `/pub/${id}`);
  }
  expect(await client.pubsub('CHANNELS', '*quiet*')).toEqual([]);
});

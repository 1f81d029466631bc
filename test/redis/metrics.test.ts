/** What Prometheus is told of Redis. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { scrape } from '../support/metrics.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const http = `
upstream one { nchan_redis_server redis://127.0.0.1:${redis.port}; nchan_redis_upstream_stats_enabled off; }
upstream 'o"d\\d' { nchan_redis_server redis://127.0.0.1:${await freePort()}; }
`;
const server = `
location ~ ^/one/(.+)$ { nchan_pubsub; nchan_channel_id $1; nchan_redis_pass one; }
location ~ ^/odd/(.+)$ { nchan_pubsub; nchan_channel_id $1; nchan_redis_pass 'o"d\\d'; }
location ~ ^/own/(.+)$ { nchan_publisher; nchan_channel_id $1; }
location = /metrics { njchan_metrics; }
`;
const njchan = await startNjchan({ config: (port) => nginxConf(port, server, http) });
const publish = async () => (await request(njchan.port, 'POST', '/one/x', { body: 'x' })).status;
await waitFor('the upstream', async () => (await publish()) === 202);

it('has every script with its time, whether or not figures of servers are kept', async () => {
  const published = 'upstream="one",command="publish"';
  const before = await scrape(njchan.port);
  for (let i = 0; i < 5; i++) await publish();
  const after = await scrape(njchan.port);
  const count = 'njchan_redis_command_duration_seconds_count';
  expect(Number(after.value(count, published)) - Number(before.value(count, published))).toBe(5);
  expect(after.value('njchan_redis_command_errors_total', published)).toBe(0);
  expect(after.value('njchan_redis_command_duration_seconds_sum', published)).toBeGreaterThan(0);
});

it('tells which upstream can be used', async () => {
  const { value } = await scrape(njchan.port);
  expect(value('njchan_redis_available', 'upstream="one"')).toBe(1);
  expect(value('njchan_redis_connected_servers', 'upstream="one"')).toBe(1);
  expect(value('njchan_redis_available', String.raw`upstream="o\"d\\d"`)).toBe(0);
});

it('counts connections that were lost and made again', async () => {
  const upstream = 'upstream="one"';
  const before = await scrape(njchan.port);
  const client = await redis.connect();
  await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  const after = await waitFor('the connection', async () => {
    const now = await scrape(njchan.port);
    const made = Number(now.value('njchan_redis_connections_made_total', upstream));
    return made > Number(before.value('njchan_redis_connections_made_total', upstream)) ? now : undefined;
  });
  expect(after.value('njchan_redis_connections_lost_total', upstream)).toBe(1);
});

it('tells what copies of Redis take apart from the memory store, which refuses what is too much', async () => {
  const bytes = async () => {
    const { value } = await scrape(njchan.port);
    return ['memory', 'redis'].map((store) => Number(value('njchan_buffer_bytes', `store="${store}"`)));
  };
  const [memory, copies] = await bytes();
  await request(njchan.port, 'POST', '/own/x', { body: 'x'.repeat(100_000) });
  const [memoryThen, copiesThen] = await bytes();
  expect(memoryThen).toBeGreaterThan(Number(memory) + 100_000);
  expect(copiesThen).toBeLessThan(Number(copies) + 100_000);
  const reader = await request(njchan.port, 'POST', '/one/big', { body: 'x'.repeat(100_000) });
  expect(reader.status).toBe(202);
  expect((await request(njchan.port, 'GET', '/one/big')).status).toBe(200);
  const [memoryAtLast, copiesAtLast] = await bytes();
  expect(memoryAtLast).toBe(memoryThen);
  expect(copiesAtLast).toBeGreaterThan(Number(copiesThen) + 100_000);
});

it('finds nothing to say for promtool', async () => {
  const { text: input } = await scrape(njchan.port);
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  expect([stdout, stderr, status]).toEqual(['', '', 0]);
});

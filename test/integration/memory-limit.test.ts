/** nchan_shared_memory_size: how much buffered messages may take. */
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { redisUpstream } from '../redis/support.ts';
import { openEventSource } from '../support/eventsource.ts';
import { nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';

const SERVER = 'location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }';
const MESSAGE = 'x'.repeat(100_000);

it('refuses what does not fit, and takes it again once there is more room', async () => {
  const config = (port: number, size: string) => nginxConf(port, SERVER, `nchan_shared_memory_size ${size};`);
  const njchan = await startNjchan({ config: (port) => config(port, '1m') });
  const publish = async (channel: number) =>
    (await request(njchan.port, 'POST', `/pub/${channel}`, { body: MESSAGE })).status;

  const statuses: number[] = [];
  for (let channel = 0; channel < 12; channel++) statuses.push(await publish(channel));
  expect(statuses).toEqual([...Array(10).fill(202), 507, 507]);

  writeFileSync(njchan.configFile, config(njchan.port, '0.01G'));
  expect((await runCli(['reload', '--run-dir', njchan.runDir])).code).toBe(0);
  expect(await publish(11)).toBe(202);
});

it('says when there is no room to keep what is in Redis, and delivers it to who is there and who comes later', async () => {
  const redis = await startRedis({ port: await freePort() });
  const http = `${redisUpstream(`redis://127.0.0.1:${redis.port}`)} nchan_shared_memory_size 1m;`;
  const locations = `
    location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length 100; nchan_redis_pass redis; }
    location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; nchan_redis_pass redis; }`;
  const njchan = await startNjchan({ config: (port) => nginxConf(port, locations, http) });
  await waitFor('Redis', async () => (await request(njchan.port, 'GET', '/pub/x')).status === 404);
  const stream = await openEventSource(`${njchan.url}/sub/a`);
  for (let n = 0; n < 14; n++) {
    const body = `${n} ${MESSAGE}`;
    expect((await request(njchan.port, 'POST', '/pub/a', { body })).status).toBeLessThan(300);
    expect((await stream.event()).data).toBe(body);
  }
  await waitFor('the log', () => /no room for copies of messages/.test(njchan.output()));
  expect(njchan.output().match(/no room for copies/g)).toHaveLength(1);
  const later = await openEventSource(`${njchan.url}/sub/a`);
  for (let n = 0; n < 14; n++) expect((await later.event()).data).toBe(`${n} ${MESSAGE}`);
});

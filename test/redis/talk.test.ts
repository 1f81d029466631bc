/**
 * The nginx.conf and the curl session of the talk that njchan comes from, with channels in Redis. What differs: nginx
 * needs an `events` block, and a test takes free ports and a Redis of its own, where the talk has 80, 8082 and 6379.
 */
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { atEnd } from '../support/cleanup.ts';
import { startNjchan } from '../support/njchan.ts';
import { waitFor, within } from '../support/wait.ts';
import { startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const client = await redis.connect();

const config = (port: number): string => `
#very basic nchan config
worker_processes 5;
events {}
http {
    server {
        listen      ${port};

        nchan_redis_url 127.0.0.1:${redis.port};
        nchan_use_redis on;

        location ~ /sub/(.+) {
            nchan_subscriber;
            nchan_channel_id $1;
        }

        location ~ /pub/(.+) {
            nchan_publisher;
            nchan_channel_id $1;
        }
    }
}
`;

/** Runs curl to its end. */
function curl(...args: readonly string[]): Promise<string> {
  const child = spawn('curl', ['-sS', ...args]);
  atEnd(() => {
    child.kill();
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return within(
    `curl ${args.join(' ')}`,
    new Promise((resolve) => child.once('close', () => resolve(output.replace(/\r/g, '')))),
  );
}

it('a message goes from curl to curl through Redis', async () => {
  const njchan = await startNjchan({ config });
  const at = `http://localhost:${njchan.port}`;
  await waitFor('Redis to be connected', async () => (await fetch(`${at}/pub/foo`)).status === 404);
  const subscriber = curl('-v', '-4', `${at}/sub/foo`);
  await waitFor('Redis to know the subscriber', async () => {
    const [key] = await client.keys('{channel:*foo}');
    return key !== undefined && (await client.hget(key, 'fake_subscribers')) === '1';
  });

  const answer = await curl('-4', '-X', 'POST', `${at}/pub/foo`, '-d', 'hi');
  expect(answer).toMatch(
    /^queued messages: 1\nlast requested: \d sec\. ago\nactive subscribers: 1\nlast message id: \d{10}:0$/,
  );

  const received = await subscriber;
  for (const header of [
    'HTTP/1.1 200 OK',
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Length: 2',
    'Connection: keep-alive',
    'Etag: 0',
    'Vary: If-None-Match, If-Modified-Since',
  ]) {
    expect(received).toContain(`< ${header}\n`);
  }
  expect(received).toMatch(/< Last-Modified: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\n/);
  expect(received).toContain('\nhi');
  expect(await client.keys('{channel:*foo}:messages')).toHaveLength(1);
});

/** What nchan_stub_status says about Redis: as Nchan, where it counts the same things. */
import { expect, it } from 'vitest';
import { startNchan } from '../conformance/nchan.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const http = `
upstream one { nchan_redis_server redis://127.0.0.1:${redis.port}; }
upstream two { nchan_redis_server redis://127.0.0.1:${redis.port}; }
upstream down { nchan_redis_server redis://127.0.0.1:${await freePort()}; }
`;
const server = ['one', 'two', 'down']
  .map(
    (name) => `location ~ ^/${name}/(.+)$ { nchan_pubsub; nchan_channel_id $1; nchan_redis_pass ${name}; }`,
  )
  .concat('location = /status { nchan_stub_status; }')
  .join('\n');
const njchan = await startNjchan({ config: (port) => nginxConf(port, server, http) });
const nchan = await startNchan(server, http);

async function figure(port: number, name: string): Promise<number> {
  const { body } = await request(port, 'GET', '/status');
  return Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(body.toString())?.[1]);
}

it.each(['redis connected servers', 'redis unhealthy upstreams', 'redis pending commands'])(
  'has the same %s as Nchan',
  async (name) => {
    for (const { port } of [njchan, nchan]) {
      await waitFor('the upstreams', async () => (await figure(port, 'redis connected servers')) === 2);
    }
    expect(await figure(njchan.port, name)).toBe(await figure(nchan.port, name));
  },
);

it('counts commands, though no figures of each server are kept', async () => {
  await waitFor(
    'the upstream',
    async () => (await request(njchan.port, 'POST', '/one/x', { body: '' })).status === 202,
  );
  const before = await figure(njchan.port, 'total redis commands sent');
  await request(njchan.port, 'POST', '/one/x', { body: 'a' });
  await request(njchan.port, 'GET', '/one/x');
  expect(await figure(njchan.port, 'total redis commands sent')).toBeGreaterThan(before);
});

it('counts no message that was refused', async () => {
  const before = await figure(njchan.port, 'total published messages');
  expect((await request(njchan.port, 'POST', '/down/x', { body: 'a' })).status).toBe(503);
  expect(await figure(njchan.port, 'total published messages')).toBe(before);
});

/** nchan_redis_upstream_stats: laid out as by the real Nchan, with figures that are true. */
import { describe, expect, it } from 'vitest';
import { startNchan } from '../conformance/nchan.ts';
import { openEventSource } from '../support/eventsource.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const http = `
upstream redis { nchan_redis_server redis://127.0.0.1:${redis.port}; }
upstream 'a"b' { nchan_redis_server unix:${redis.socket}; }
upstream off { nchan_redis_server redis://127.0.0.1:${redis.port}; nchan_redis_upstream_stats_enabled off; }
upstream down { nchan_redis_server redis://127.0.0.1:${await freePort()}; }
`;
const locations = (upstreams: readonly string[]) => [
  'location ~ ^/info/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_channel_group test; nchan_redis_pass redis; }',
  'location ~ ^/stats/(.*)$ { nchan_redis_upstream_stats $1; }',
  ...upstreams.map(
    (name, at) =>
      `location ~ ^/${at}/(.+)$ { nchan_pubsub; nchan_channel_id $1; nchan_channel_group test; nchan_redis_pass '${name}'; }`,
  ),
];
const OURS = locations(['redis', 'off', 'down', 'a"b']).join('\n');
const njchan = await startNjchan({ config: (port) => nginxConf(port, OURS, http) });
const nchan = await startNchan(
  locations(['redis', 'off', 'down']).join('\n'),
  http.replace(/upstream 'a.*/, ''),
);
for (const { port } of [njchan, nchan]) {
  await waitFor(
    'the upstream',
    async () => (await request(port, 'POST', '/0/x', { body: '' })).status === 202,
  );
}

const stats = (port: number, name = 'redis', method = 'GET') => request(port, method, `/stats/${name}`);
/** With the figures, and what the servers call themselves, left out. */
const layout = (body: Buffer) =>
  body
    .toString()
    .replace(/\d+(?=,?\n)/g, 'N')
    .replace(/127\.0\.0\.1:\d+/g, 'ADDRESS');

interface Totals {
  readonly nodes: readonly { command_totals: Record<string, { msec: number; times: number }> }[];
}
async function times(port: number): Promise<Record<string, number>> {
  const { nodes } = JSON.parse((await stats(port)).body.toString()) as Totals;
  const totals = Object.entries(nodes[0]?.command_totals ?? {});
  return Object.fromEntries(totals.map(([name, total]) => [name, total.times]));
}

describe('the answer', () => {
  it.each(['redis', 'down'])('for the upstream %s is laid out as by Nchan', async (name) => {
    const [ours, theirs] = await Promise.all([stats(njchan.port, name), stats(nchan.port, name)]);
    expect([ours.status, ours.headers['content-type']]).toEqual([200, 'application/json']);
    expect(theirs.status).toBe(200);
    expect(layout(ours.body)).toBe(layout(theirs.body));
  });

  it.each(['POST', 'PUT', 'OPTIONS'])('is the same to %s', async (method) => {
    const [ours, theirs] = await Promise.all([
      stats(njchan.port, 'redis', method),
      stats(nchan.port, 'redis', method),
    ]);
    expect([ours.status, layout(ours.body)]).toEqual([theirs.status, layout(theirs.body)]);
  });

  it('has the run id of the server', async () => {
    const client = await redis.connect();
    const runId = /run_id:(\w+)/.exec(await client.info('server'))?.[1];
    expect(JSON.parse((await stats(njchan.port)).body.toString()).nodes[0].id).toBe(runId);
  });

  it('is JSON whatever the upstream is called, and names a socket by its path', async () => {
    const answer = JSON.parse((await stats(njchan.port, 'a%22b')).body.toString());
    expect(answer).toMatchObject({ upstream: 'a"b', nodes: [{ address: redis.socket }] });
  });

  it.each(['nosuch', 're', 'x%22%0d'])('for %s, which there is not, is 404', async (name) => {
    const ours = await stats(njchan.port, name);
    expect(ours.status).toBe(404);
    expect(ours.headers['content-type']).toBe('text/plain');
    expect(ours.body.toString()).toBe(`Redis upstream "${decodeURIComponent(name)}" not found`);
  });

  it('for an upstream whose commands are not counted says so', async () => {
    const ours = await stats(njchan.port, 'off');
    expect(ours.status).toBe(404);
    expect(ours.body.toString()).toBe('Redis upstream "off" has no stats: they are disabled');
    expect((await stats(nchan.port, 'off')).status).toBe(500);
  });
});

describe('the figures', () => {
  it('count what was done, under the names of Nchan', async () => {
    const before = await times(njchan.port);
    const stream = await openEventSource(`http://127.0.0.1:${njchan.port}/0/stats`);
    const grows = (name: string, by = 1) =>
      waitFor(name, async () => ((await times(njchan.port))[name] ?? 0) >= (before[name] ?? 0) + by);
    await grows('channel_change_subscriber_count');
    await request(njchan.port, 'POST', '/0/stats', { body: 'x'.repeat(6000) });
    await stream.event();
    await request(njchan.port, 'GET', '/info/stats');
    await request(njchan.port, 'DELETE', '/0/stats');
    for (const name of [
      'pubsub_subscribe',
      'channel_get_message',
      'channel_get_large_message',
      'channel_publish_message',
      'channel_subscribe',
      'channel_find',
      'channel_delete',
    ]) {
      await grows(name);
    }
    expect(before).toMatchObject({ connect: 2 });
  });
});

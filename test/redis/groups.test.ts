/** Groups of channels in Redis: a server counts, limits and deletes what it has copies of, as Nchan does. */
import { describe, expect, it } from 'vitest';
import { startNchan } from '../conformance/nchan.ts';
import { openEventSource } from '../support/eventsource.ts';
import { upstreamOf, urlOf } from '../support/link.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { openStores } from '../support/redis-stores.ts';
import { waitFor } from '../support/wait.ts';
import { startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const MODES = ['distributed', 'backup', 'nostore'] as const;
const ON = 'nchan_channel_group_accounting on;';

/** The servers share no keys, so that each has its own subscribers. */
const http = (namespace: string): string =>
  MODES.map(
    (mode) =>
      `upstream ${mode} { nchan_redis_server redis://127.0.0.1:${redis.port}; nchan_redis_storage_mode ${mode}; nchan_redis_namespace ${namespace}-${mode}; }`,
  ).join('\n');
const SERVER = [
  ...MODES.map(
    (mode) =>
      `location ~ ^/${mode}/(\\w+)/(\\w+)$ { nchan_pubsub; nchan_channel_group $1; nchan_channel_id $2; nchan_redis_pass ${mode}; ${ON} }`,
  ),
  `location ~ ^/memory/(\\w+)/(\\w+)$ { nchan_pubsub; nchan_channel_group $1; nchan_channel_id $2; ${ON} }`,
  `location ~ ^/group/(\\w+)$ { nchan_group_location; nchan_channel_group $1; ${ON} nchan_group_max_messages $arg_messages; nchan_group_max_subscribers $arg_subscribers; nchan_group_max_channels $arg_channels; }`,
].join('\n');

const njchan = await startNjchan({ config: (port) => nginxConf(port, SERVER, http('njchan')) });
const nchan = await startNchan(SERVER, http('nchan'));
for (const { port } of [njchan, nchan]) {
  for (const mode of MODES) {
    await waitFor(
      'the upstream',
      async () => (await request(port, 'POST', `/${mode}/warm/up`, { body: '' })).status < 300,
    );
  }
}

/** What each server has of a group; memory is its own affair. */
async function figures(port: number, group: string) {
  const { body } = await request(port, 'GET', `/group/${group}`, { headers: { Accept: 'text/json' } });
  const { channels, subscribers, messages } = JSON.parse(body.toString());
  return { channels, subscribers, messages };
}
const publish = (port: number, target: string) => request(port, 'POST', target, { body: 'x' });

describe.each([
  ['njchan', njchan.port],
  ['Nchan', nchan.port],
])('%s', (_name, port) => {
  it('counts nothing of what is only published', async () => {
    await publish(port, '/distributed/only/a');
    await publish(port, '/nostore/only/a');
    expect(await figures(port, 'only')).toEqual({ channels: 0, subscribers: 0, messages: 0 });
  });

  it('counts all that it backs up', async () => {
    await publish(port, '/backup/backed/a');
    expect(await figures(port, 'backed')).toEqual({ channels: 1, subscribers: 0, messages: 1 });
  });

  it.each(['distributed', 'backup'])('counts what is subscribed to: %s', async (mode) => {
    await publish(port, `/${mode}/${mode}sub/a`);
    const stream = await openEventSource(`http://127.0.0.1:${port}/${mode}/${mode}sub/a`);
    await stream.event();
    expect(await figures(port, `${mode}sub`)).toEqual({ channels: 1, subscribers: 1, messages: 1 });
    await publish(port, `/${mode}/${mode}sub/a`);
    await stream.event();
    expect(await figures(port, `${mode}sub`)).toEqual({ channels: 1, subscribers: 1, messages: 2 });
    stream.close();
    await waitFor(
      'the subscriber to leave',
      async () => (await figures(port, `${mode}sub`)).subscribers === 0,
    );
  });

  it('limits what it has a copy of', async () => {
    const stream = await openEventSource(`http://127.0.0.1:${port}/distributed/limited/a`);
    await waitFor('the subscriber', async () => (await figures(port, 'limited')).subscribers === 1);
    await request(port, 'POST', '/group/limited?messages=1&subscribers=1', { body: '' });
    expect((await publish(port, '/distributed/limited/a')).status).toBe(201);
    await stream.event();
    const refused = await publish(port, '/distributed/limited/a');
    expect([refused.status, refused.body.toString()]).toEqual([
      403,
      'Group limit reached for number of messages.',
    ]);
    const headers = { Accept: 'text/event-stream' };
    expect((await request(port, 'GET', '/distributed/limited/b', { headers })).status).toBe(403);
    stream.close();
  });

  it('deletes what it has, whatever keeps it', async () => {
    const places = ['distributed', 'backup', 'memory'].map((mode) => `/${mode}/gone/${mode}`);
    const streams = await Promise.all(
      places.map((place) => openEventSource(`http://127.0.0.1:${port}${place}`)),
    );
    await waitFor('the subscribers', async () => (await figures(port, 'gone')).subscribers === 3);
    for (const [i, place] of places.entries()) {
      expect((await publish(port, place)).status).toBe(201);
      await streams[i]?.event();
    }
    const { body } = await request(port, 'DELETE', '/group/gone');
    expect(body.toString()).toMatch(/^channels: 3\r\nsubscribers: 3\r\nmessages: 3\r\n/);
    await waitFor('the end', async () => (await figures(port, 'gone')).messages === 0);
    await waitFor('the subscribers to leave', async () => (await figures(port, 'gone')).subscribers === 0);
  });
});

describe('subscribers that come at once', () => {
  it('are as many as the limit says, though Redis has to be asked first', async () => {
    await request(njchan.port, 'POST', '/group/rush?subscribers=3', { body: '' });
    const streams = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        openEventSource(`${njchan.url}/distributed/rush/${i % 4 === 0 ? 'a' : `b${i}`}`),
      ),
    );
    expect(streams.map(({ status }) => status).sort()).toEqual([200, 200, 200, ...Array(9).fill(403)]);
    for (const stream of streams) stream.close();
    await waitFor('them to leave', async () => (await figures(njchan.port, 'rush')).subscribers === 0);
  });
});

describe.each(['distributed', 'nostore', 'backup'])('channels that come at once: %s', (mode) => {
  it('are as many as the limit says, though Redis has to be asked first', async () => {
    const group = `crowd${mode}`;
    await request(njchan.port, 'POST', `/group/${group}?channels=3`, { body: '' });
    const streams = await Promise.all(
      Array.from({ length: 12 }, (_, i) => openEventSource(`${njchan.url}/${mode}/${group}/c${i % 6}`)),
    );
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(6);
    expect((await figures(njchan.port, group)).channels).toBe(3);
    for (const stream of streams) stream.close();
  });
});

describe('an upstream that a reload takes away', () => {
  it('takes what it had out of the groups', async () => {
    const { stores, of } = await openStores(upstreamOf([urlOf(redis)]));
    const limits = { length: 5, timeoutSeconds: 60 };
    const draft = { data: Buffer.from('x'), contentType: '', eventsourceEvent: '' };
    await of({ redisStorageMode: 'backup' }).publish('left/a', draft, limits);
    await of({ redisStorageMode: 'backup' }).publish('left/b', draft, limits);
    await stores.memory.publish('left/c', draft, limits);
    stores.groups.limit('left', { messages: 9 }, true);
    expect(stores.groups.figures('left')).toMatchObject({ channels: 3, messages: 3 });
    await stores.configure(undefined);
    expect(stores.groups.figures('left')).toMatchObject({
      channels: 1,
      messages: 1,
      limits: { messages: 9 },
    });
  });
});

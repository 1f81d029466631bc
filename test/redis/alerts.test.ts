/**
 * Alerts that scripts of Nchan know, but nobody sends. Its servers do nothing about them for any transport, nor does
 * njchan: subscribers stay and get the next message.
 */
import { encode } from '@msgpack/msgpack';
import { expect, it } from 'vitest';
import { startNchan } from '../conformance/nchan.ts';
import { TRANSPORTS } from '../properties/transports.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { redisUpstream, startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const client = await redis.connect();

const ID = 'nchan_channel_id $1; nchan_channel_group test; nchan_redis_pass redis;';
const SERVER = `
        location ~ ^/sub/(.+)$ { nchan_subscriber; ${ID} }
        location ~ ^/raw/(.+)$ { nchan_subscriber http-raw-stream; ${ID} }
        location ~ ^/longpoll/(.+)$ { nchan_subscriber longpoll; ${ID} }
        location ~ ^/pub/(.+)$ { nchan_publisher; ${ID} }`;
const upstream = redisUpstream(`redis://127.0.0.1:${redis.port}`);
const njchan = await startNjchan({ config: (port) => nginxConf(port, SERVER, upstream) });
const servers = { njchan, Nchan: await startNchan(SERVER, upstream) };
for (const { port } of Object.values(servers)) {
  await waitFor('the upstream', async () => (await request(port, 'GET', '/pub/x')).status === 404);
}

const ALERTS: Record<string, (id: string) => unknown[]> = {
  'unsub all': (id) => ['alert', 'unsub all', id],
  'unsub all, with a status': (id) => ['alert', 'unsub all', id, 403],
  'unsub one': (id) => ['alert', 'unsub one', id, 1],
  'unsub all except': (id) => ['alert', 'unsub all except', id, 1],
};
const WAITING = TRANSPORTS.filter(({ name }) => name !== 'intervalpoll');

const cases = Object.entries(servers).flatMap(([server, { port }]) =>
  Object.keys(ALERTS).map((alert) => [server, alert, port] as const),
);

it.each(cases)('%s keeps subscribers in spite of "%s"', async (server, alert, port) => {
  const id = `${server}-${Object.keys(ALERTS).indexOf(alert)}`;
  const connections = await Promise.all(
    WAITING.map(async (transport) => {
      const connection = await RawConnection.open(port);
      const lines = [`GET ${transport.location}/${id} HTTP/1.1`, 'Host: x', ...transport.headers];
      connection.send(`${lines.join('\r\n')}\r\n\r\n`);
      await transport.begin(connection);
      return { transport, connection };
    }),
  );
  const known = async () => Number(await client.hget(`{channel:test/${id}}`, 'fake_subscribers'));
  await waitFor('them to be known', async () => (await known()) === WAITING.length);
  const bytes = Buffer.from(encode((ALERTS[alert] as (id: string) => unknown[])(`test/${id}`)));
  expect(await client.publish(`{channel:test/${id}}:pubsub`, bytes)).toBe(1);
  expect((await request(port, 'POST', `/pub/${id}`, { body: 'after' })).status).toBe(201);
  for (const { transport, connection } of connections) {
    expect((await transport.read(connection))?.body, transport.name).toBe('after');
    connection.destroy();
  }
});

it('njchan answers a request for subscriber information once, however often it comes', async () => {
  const connection = await RawConnection.open(njchan.port);
  connection.send('GET /longpoll/info HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor(
    'it to be known',
    async () => (await client.hget('{channel:test/info}', 'fake_subscribers')) === '1',
  );
  const bytes = Buffer.from(encode(['alert', 'subscriber info', 7]));
  for (let i = 0; i < 1000; i++) void client.publish('{channel:test/info}:pubsub', bytes);
  expect((await request(njchan.port, 'POST', '/pub/info', { body: 'after' })).status).toBe(201);
  expect((await connection.readResponse()).body.toString()).toBe('after');
  expect(await client.llen('{channel:meta/sr7}:messages')).toBe(1);
});

it('njchan says once that it does not know an alert', () => {
  expect(njchan.output().match(/a channel in Redis failed: .*alert/g)).toHaveLength(1);
});

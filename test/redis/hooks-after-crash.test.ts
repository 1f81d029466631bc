/** The application is told of subscribers whose sidecar was killed, by the next one, as far as Redis knows of them. */
import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { type Asked, type HookApplication, startHookApplication } from '../support/hook-application.ts';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';
import { startSharedRedis } from './support.ts';

const locations = (app: HookApplication): string => `
        location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; nchan_redis_pass redis; }
        location ~ ^/(?<kept>sub|off)/(?<id>\\w+)$ {
            nchan_subscriber; nchan_channel_id $id; nchan_redis_pass redis; nchan_redis_namespace app;
            set $of_mine "$arg_mine!";
            nchan_subscribe_request /hook/in/$id; nchan_unsubscribe_request /hook/out/$id?kept=$kept;
        }
        location ~ ^/unkept/(\\w+)$ {
            nchan_subscriber; nchan_channel_id $1; nchan_redis_pass redis; nchan_redis_namespace app;
            nchan_unsubscribe_request /hook/out/$1; njchan_hooks_after_crash off;
        }
        location /hook/ {
            internal; proxy_ignore_client_abort on; proxy_pass ${app.url};
            proxy_set_header X-Type $nchan_subscriber_type;
            proxy_set_header X-Channel $nchan_channel_id;
            proxy_set_header X-Ids "$nchan_prev_message_id $nchan_message_id.";
            proxy_set_header X-Mine $of_mine;
        }`;

interface World {
  readonly app: HookApplication;
  readonly redis: Awaited<ReturnType<typeof startSharedRedis>>;
  readonly njchan: Njchan;
}

async function start(): Promise<World> {
  const [app, redis] = await Promise.all([startHookApplication(), startSharedRedis()]);
  const upstream = `upstream redis { nchan_redis_server redis://127.0.0.1:${redis.port}; }`;
  const njchan = await startNjchan({
    config: (port) =>
      nginxConf(port, locations(app), upstream, 16_384).replace(
        'events {',
        'worker_rlimit_nofile 20000;\nevents {',
      ),
  });
  await untilServed(njchan);
  return { app, redis, njchan };
}

const untilServed = (njchan: Njchan) =>
  waitFor('Redis', async () => (await request(njchan.port, 'GET', '/pub/x')).status === 404);

/** How many subscribers Redis knows. */
async function kept(client: Redis): Promise<number> {
  const [key] = await client.keys('*njchan:hooks*');
  return key === undefined ? 0 : await client.hlen(key);
}

const untilKept = (client: Redis, count: number) =>
  waitFor(`${count} subscribers in Redis`, async () => (await kept(client)) === count);

async function killSidecar(njchan: Njchan): Promise<void> {
  const pid = await njchan.sidecarPid();
  process.kill(pid, 'SIGKILL');
  await waitFor('another sidecar', async () => {
    const { sidecar } = await njchan.status();
    return sidecar.answers && sidecar.pid !== pid;
  });
}

const channelOf = ({ url }: Asked): string => /out\/(\w+)/.exec(url)?.[1] as string;
const told = (app: HookApplication): string[] => app.about('/out/').map(channelOf).sort();

async function stream(njchan: Njchan, path: string): Promise<RawConnection> {
  const connection = await RawConnection.open(njchan.port);
  connection.send(`GET ${path} HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n`);
  return connection;
}

describe('after a sidecar was killed', () => {
  it('the application is told of those who were there, as they came, and of nobody else', async () => {
    const { app, redis, njchan } = await start();
    const client = await redis.connect();
    const headers = { Cookie: 'who=\u00e9t\u00e9', Authorization: 'Basic eDp5' };
    const socket = await openWebSocket(`${njchan.url}/sub/ws?mine=a%20b`, { headers });
    const events = await openEventSource(`${njchan.url}/sub/es`, {
      Cookie: 'who=es',
      'Last-Event-ID': '1:0',
    });
    const unkept = await openEventSource(`${njchan.url}/unkept/no`);
    const early = await openEventSource(`${njchan.url}/sub/early`);
    await untilKept(client, 3);
    early.close();
    await app.until('/out/early', 1);
    await untilKept(client, 2);
    const [key] = await client.keys('*njchan:hooks*');
    expect(key).toMatch(/^app:\{njchan:hooks:[0-9a-f]{32}\}$/);
    expect(await client.ttl(key as string)).toBeGreaterThan(86_000);

    await killSidecar(njchan);
    await untilKept(client, 0);
    expect(told(app)).toEqual(['early', 'es', 'ws']);
    const [ws] = app.about('/out/ws');
    expect(ws?.url).toBe('/hook/out/ws?kept=sub&mine=a%20b');
    expect(ws?.headers.cookie).toBe('who=\u00e9t\u00e9');
    expect(ws?.headers).toMatchObject({
      authorization: 'Basic eDp5',
      'x-type': 'websocket',
      'x-channel': 'ws',
      'x-ids': '0:0 .',
      'x-mine': 'a%20b!',
    });
    expect(app.about('/out/es')[0]?.headers).toMatchObject({
      cookie: 'who=es',
      'x-type': 'eventsource',
      'x-ids': '1:0 .',
    });
    expect(njchan.output()).toMatch(/a sidecar was killed: unsubscribe requests are sent for 2 subscribers/);
    await Promise.all([socket.closed, events.ended, unkept.ended]);
    expect((await njchan.stop()).code).toBe(0);
  });

  it('one that is back has its own requests', async () => {
    const { app, redis, njchan } = await start();
    const client = await redis.connect();
    const before = await stream(njchan, '/sub/again');
    await untilKept(client, 1);
    await killSidecar(njchan);
    await untilServed(njchan);
    const after = await stream(njchan, '/sub/again');
    await app.until('/in/again', 2);
    await app.until('/out/again', 1);
    await untilKept(client, 1);
    after.destroy();
    await app.until('/out/again', 2);
    await untilKept(client, 0);
    expect(told(app)).toHaveLength(2);
    before.destroy();
    await njchan.stop();
  });

  it('those of whom it could not be told are kept through another one', async () => {
    const { app, redis, njchan } = await start();
    const client = await redis.connect();
    const connection = await stream(njchan, '/sub/late');
    await untilKept(client, 1);
    await app.until('/in/late', 1);
    app.answer = (_, response) => void response.destroy();
    await killSidecar(njchan);
    await app.until('/out/late', 1);
    expect(await kept(client)).toBe(1);
    await killSidecar(njchan);
    app.answer = undefined;
    await untilKept(client, 0);
    connection.destroy();
    await njchan.stop();
  });

  it('it is told of 2,000 subscribers', async () => {
    const { app, redis, njchan } = await start();
    const client = await redis.connect();
    const names = Array.from({ length: 2_000 }, (_, i) => `n${i}x`);
    const connections = await Promise.all(names.map((name) => stream(njchan, `/sub/${name}`)));
    await untilKept(client, names.length);
    const gone = connections.splice(0, 100);
    for (const connection of gone) connection.destroy();
    await untilKept(client, names.length - gone.length);
    expect(told(app)).toEqual(names.slice(0, gone.length).sort());
    await killSidecar(njchan);
    await untilKept(client, 0);
    expect(told(app)).toEqual([...names].sort());
    for (const connection of connections) connection.destroy();
    await njchan.stop();
  });
});

describe('a sidecar that stops', () => {
  it('leaves nothing in Redis', async () => {
    const { app, redis, njchan } = await start();
    const client = await redis.connect();
    const connections = await Promise.all(
      Array.from({ length: 50 }, (_, i) => stream(njchan, `/sub/s${i}x`)),
    );
    await untilKept(client, 50);
    expect((await njchan.stop()).code).toBe(0);
    expect(await client.keys('*njchan*')).toEqual([]);
    expect(told(app)).toHaveLength(50);
    for (const connection of connections) connection.destroy();
  });
});

describe('a Redis that was away', () => {
  it('and lost all learns of those who are there, and not of those who left meanwhile', async () => {
    const { app, redis, njchan } = await start();
    const stays = await stream(njchan, '/sub/stays');
    const leaves = await stream(njchan, '/sub/leaves');
    await untilKept(await redis.connect(), 2);
    await redis.signal('SIGKILL');
    leaves.destroy();
    await app.until('/out/leaves', 1);
    await redis.restart();
    const client = await redis.connect();
    await untilKept(client, 1);
    await killSidecar(njchan);
    await untilKept(client, 0);
    expect(told(app)).toEqual(['leaves', 'stays']);
    stays.destroy();
    await njchan.stop();
  });

  it('keeps nobody from leaving, nor the sidecar from stopping', async () => {
    const { app, redis, njchan } = await start();
    const connections = await Promise.all(['a', 'b'].map((name) => stream(njchan, `/sub/${name}1`)));
    await untilKept(await redis.connect(), 2);
    await redis.signal('SIGKILL');
    connections[0]?.destroy();
    await app.until('/out/a1', 1);
    expect((await njchan.stop()).code).toBe(0);
    expect(told(app)).toEqual(['a1', 'b1']);
    connections[1]?.destroy();
  });
});

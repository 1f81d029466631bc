/** Hooks when something does not work: applications that are silent, slow or away, processes that stop, clients that vanish. */
import { readdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { threat } from '../security/threats.ts';
import { untilSubscribers } from '../support/channel-figures.ts';
import { openEventSource } from '../support/eventsource.ts';
import { type HookApplication, startHookApplication } from '../support/hook-application.ts';
import { nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';

const locations = (app: HookApplication): string => `
        location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; }
        location ~ ^/sub/(\\w+)$ {
            nchan_subscriber; nchan_channel_id $1;
            nchan_subscribe_request /hook/in/$1; nchan_unsubscribe_request /hook/out/$1;
        }
        location ~ ^/silent/(\\w+)$ {
            nchan_subscriber; nchan_channel_id $1;
            nchan_subscribe_request /hook/never/$1; nchan_unsubscribe_request /hook/never/$1;
        }
        location ~ ^/checked/(\\w+)$ {
            client_max_body_size 64m; nchan_pubsub; nchan_channel_id $1; nchan_publisher_upstream_request /hook/up/$1;
        }
        location ~ ^/other/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_publisher_upstream_request /hook/o/$1; }
        location /hook/ {
            internal; client_max_body_size 64m; proxy_ignore_client_abort on; proxy_pass ${app.url};
        }`;

const start = (app: HookApplication) =>
  startNjchan({
    config: (port) =>
      nginxConf(port, locations(app), '', 8192).replace('events {', 'worker_rlimit_nofile 16000;\nevents {'),
  });

const SUBSCRIBE = (target: string): string =>
  `GET ${target} HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n`;

describe('an application that never answers', () => {
  threat('waiting-hooks');
  it('slows neither delivery to 1,000 subscribers nor what other locations ask', async () => {
    const app = await startHookApplication();
    app.answer = ({ url }, response) => void (url.includes('/never/') || response.end());
    const njchan = await start(app);
    const clients = await Promise.all(
      Array.from({ length: 1_000 }, async () => {
        const connection = await RawConnection.open(njchan.port);
        connection.send(SUBSCRIBE('/silent/c'));
        await connection.readHead();
        return connection;
      }),
    );
    await untilSubscribers(njchan.port, '/pub/c', 1_000);
    for (let i = 0; i < 5; i++) await request(njchan.port, 'POST', '/pub/c', { body: `m${i}` });
    await Promise.all(clients.map((client) => client.readThrough('data: m4\n\n')));
    // Under way at a time there are few of them.
    expect(app.about('/never/').length).toBeLessThanOrEqual(64);
    const other = await RawConnection.open(njchan.port);
    other.send(SUBSCRIBE('/sub/other'));
    await app.until('/in/other', 1);
    other.destroy();
    await app.until('/out/other', 1);
    for (const client of clients) client.destroy();
    await untilSubscribers(njchan.port, '/pub/c', 0);
    expect((await njchan.stop()).code).toBe(0);
  });

  it('blocks the WebSocket publisher whose message it was given, and no other', async () => {
    const app = await startHookApplication();
    const held: ServerResponse[] = [];
    app.answer = ({ body }, response) => {
      if (body.toString() === 'hold') held.push(response);
      else response.writeHead(304).end();
    };
    const njchan = await start(app);
    const reader = await openEventSource(`${njchan.url}/sub/w`);
    const [slow, quick] = await Promise.all([1, 2].map(() => openWebSocket(`${njchan.url}/checked/w`)));
    slow?.send('hold');
    slow?.send('after');
    await app.until('/up/w', 1);
    quick?.send('quick');
    const next = async (): Promise<string | undefined> => (await reader.events.next()).data;
    expect(await next()).toBe('quick');
    expect(held).toHaveLength(1);
    held[0]?.writeHead(200).end('held');
    expect([await next(), await next()]).toEqual(['held', 'after']);
    await njchan.stop();
  });
});

describe('publishers whose messages wait for a silent application', () => {
  const CLIENTS = {
    HTTP: async (port: number, channel: string) => {
      const connection = await RawConnection.open(port);
      connection.send(`POST /checked/${channel} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx`);
      return () => connection.destroy();
    },
    'a WebSocket': async (port: number, channel: string) => {
      const client = await openWebSocket(`http://127.0.0.1:${port}/checked/${channel}`);
      client.send('x');
      client.send('the next');
      return () => client.socket.terminate();
    },
  };

  it.each(Object.entries(CLIENTS))('publish nothing once they have left, over %s', async (_, open) => {
    const app = await startHookApplication();
    let held: ServerResponse | undefined;
    app.answer = (_, response) => {
      held = response;
    };
    const njchan = await start(app);
    const descriptors = `/proc/${await njchan.sidecarPid()}/fd`;
    const leave = await open(njchan.port, 'left');
    await app.until('/up/left', 1);
    const before = readdirSync(descriptors).length;
    leave();
    await waitFor('the sidecar to notice', () => readdirSync(descriptors).length < before);
    held?.writeHead(304).end();
    app.answer = (_, response) => void response.writeHead(304).end();
    expect((await request(njchan.port, 'POST', '/checked/stays', { body: 'x' })).status).toBe(202);
    const figures = await request(njchan.port, 'GET', '/pub/left');
    expect(figures.body.toString()).not.toMatch(/queued messages: [1-9]/);
    expect(app.about('/up/left')).toHaveLength(1);
    await njchan.stop();
  });

  threat('waiting-hooks');
  it('are refused when too much waits, and only at that location', async () => {
    const app = await startHookApplication();
    const held: ServerResponse[] = [];
    app.answer = ({ url }, response) => {
      if (url.includes('/up/')) held.push(response);
      else response.writeHead(304).end();
    };
    const njchan = await start(app);
    const large = Buffer.alloc(21 * 1024 * 1024 + 180_000, 'x');
    const small = Buffer.alloc(600_000, 'x');
    const waiting = [1, 2, 3].map(() => request(njchan.port, 'POST', '/checked/full', { body: large }));
    await app.until('/up/full', 3);
    expect((await request(njchan.port, 'POST', '/checked/full', { body: small })).status).toBe(503);
    const client = await openWebSocket(`${njchan.url}/checked/full`);
    const closed = client.closed;
    client.send(small);
    expect(await closed).toEqual({ code: 1011, reason: '503 Service Unavailable' });
    expect((await request(njchan.port, 'POST', '/other/other', { body: small })).status).toBe(202);
    for (const response of held) response.writeHead(204).end();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([204, 204, 204]);
    app.answer = undefined;
    expect((await request(njchan.port, 'POST', '/checked/full', { body: 'x' })).status).toBe(202);
    await njchan.stop();
  });
});

describe('an application that is away', () => {
  it('is asked again, for the coming before the going', async () => {
    const app = await startHookApplication();
    let away = true;
    app.answer = (_, response) => (away ? response.destroy() : void response.end());
    const njchan = await start(app);
    const client = await RawConnection.open(njchan.port);
    client.send(SUBSCRIBE('/sub/a'));
    await app.until('/in/a', 2);
    client.destroy();
    away = false;
    await app.until('/out/a', 1);
    const order = app.about('/a').map(({ url }) => url.split('/')[2]);
    expect(order.lastIndexOf('in')).toBeLessThan(order.indexOf('out'));
    expect(order.filter((one) => one === 'out')).toHaveLength(1);
    await njchan.stop();
  });
});

describe('subscribers that are told of', () => {
  it('vanish in every way, and each is told of once', async () => {
    const app = await startHookApplication();
    const njchan = await start(app);
    const ways: ((connection: RawConnection) => void)[] = [
      (connection) => connection.reset(),
      (connection) => connection.destroy(),
      (connection) => connection.end(),
    ];
    for (const [i, leave] of ways.entries()) {
      const connection = await RawConnection.open(njchan.port);
      connection.send(SUBSCRIBE(`/sub/v${i}`));
      await app.until(`/in/v${i}`, 1);
      leave(connection);
      await app.until(`/out/v${i}`, 1);
      connection.destroy();
    }
    await untilSubscribers(njchan.port, '/pub/v0', 0);
    expect(app.about('/out/')).toHaveLength(ways.length);
    await njchan.stop();
  });

  it('are told of when the sidecar stops, and come back to the next', async () => {
    const app = await startHookApplication();
    const njchan = await start(app);
    const clients = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const connection = await RawConnection.open(njchan.port);
        connection.send(SUBSCRIBE(`/sub/s${i}x`));
        return connection;
      }),
    );
    await app.until('/in/', 100);
    process.kill(await njchan.sidecarPid(), 'SIGTERM');
    await app.until('/out/', 100);
    await waitFor('another sidecar', async () => (await njchan.status()).sidecar.answers);
    expect(app.about('/out/')).toHaveLength(100);
    for (const client of clients) client.destroy();
    await njchan.stop();
  });

  it('are told of when njchan stops', async () => {
    const app = await startHookApplication();
    const njchan = await start(app);
    const clients = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const connection = await RawConnection.open(njchan.port);
        connection.send(SUBSCRIBE(`/sub/n${i}x`));
        return connection;
      }),
    );
    await app.until('/in/', 50);
    expect((await njchan.stop()).code).toBe(0);
    expect(app.about('/out/')).toHaveLength(50);
    for (const client of clients) client.destroy();
  });

  it('outlive reloads while hooks are under way', async () => {
    const app = await startHookApplication();
    const held: ServerResponse[] = [];
    app.answer = ({ url }, response) => void (url.includes('/in/') ? held.push(response) : response.end());
    const njchan = await start(app);
    const client = await RawConnection.open(njchan.port);
    client.send(SUBSCRIBE('/sub/r'));
    await app.until('/in/r', 1);
    writeFileSync(
      njchan.configFile,
      `${nginxConf(njchan.port, `${locations(app)} location /new { return 200; }`)}`,
    );
    expect((await runCli(['reload', '--run-dir', njchan.runDir])).code).toBe(0);
    for (const response of held) response.end();
    client.destroy();
    await app.until('/out/r', 1);
    expect(app.about('/in/r')).toHaveLength(1);
    await njchan.stop();
  });
});

describe('what was left by a killed njchan', () => {
  it('does not keep the next from starting', async () => {
    const app = await startHookApplication();
    const first = await start(app);
    const nginx = await first.nginxPid();
    first.kill('SIGKILL');
    await first.exited;
    process.kill(nginx, 'SIGKILL');
    const second = await startNjchan({ config: locations(app), port: first.port, runDir: first.runDir });
    const client = await RawConnection.open(second.port);
    client.send(SUBSCRIBE('/sub/k'));
    await app.until('/in/k', 1);
    client.destroy();
    await app.until('/out/k', 1);
    await second.stop();
  });
});

describe('large messages', () => {
  it('go to the application and come back, up to the limit of the location', async () => {
    const app = await startHookApplication();
    app.answer = ({ body }, response) => void response.end(body);
    const njchan = await start(app);
    const body = Buffer.alloc(5 * 1024 * 1024, 'x');
    const answer = await request(njchan.port, 'POST', '/checked/large', { body });
    expect(answer.status).toBe(202);
    expect(app.about('/up/large')[0]?.body.equals(body)).toBe(true);
    const got = await request(njchan.port, 'GET', '/checked/large');
    expect(got.body.equals(body)).toBe(true);
    await njchan.stop();
  });

  it('answers that are larger than that are refused', async () => {
    const app = await startHookApplication();
    app.answer = (_, response) => void response.end(Buffer.alloc(70 * 1024 * 1024));
    const njchan = await start(app);
    expect((await request(njchan.port, 'POST', '/checked/huge', { body: 'x' })).status).toBe(500);
    app.answer = undefined;
    expect((await request(njchan.port, 'POST', '/checked/huge', { body: 'x' })).status).toBe(202);
    await njchan.stop();
  });
});

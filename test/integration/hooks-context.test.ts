/** Hooks see the client's request as it was, whatever else the configuration does with requests. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { threat } from '../security/threats.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { tempDir } from '../support/files.ts';
import { type HookApplication, startHookApplication } from '../support/hook-application.ts';
import { type Njchan, nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { openTlsEventSource } from '../support/tls-eventsource.ts';

const isRoot = process.getuid?.() === 0;

const SEEN =
  'proxy_set_header X-Seen "$remote_addr|$scheme|$request_uri|$http_cookie|$arg_a|$mine|$captured|$checked|$outer";';
const ASKS = 'nchan_subscribe_request /hook/in/$1; nchan_unsubscribe_request /hook/out/$1;';

const locations = (app: HookApplication): string => `
        set $outer "o-$http_x_outer";
        location ~ ^/sub/(?<captured>\\w+)$ { nchan_subscriber; nchan_channel_id $1; ${ASKS} set $mine "m-$1"; }
        location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /hook/up/$1; }
        location ~ ^/guarded/(\\w+)$ {
            nchan_subscriber; nchan_channel_id $1; ${ASKS}
            auth_request /check; auth_request_set $checked $upstream_http_x_checked;
        }
        location ~ ^/query/(\\w+)$ { nchan_subscriber; nchan_channel_id $1; nchan_subscribe_request /hook/q/$1?a=ours&b=1; }
        location ~ ^/all/(\\w+)$ {
            nchan_pubsub; nchan_channel_id $1; ${ASKS}
            nchan_authorize_request /authorize/$1; nchan_publisher_upstream_request /hook/up/$1;
        }
        location /authorize/ { internal; set $mine other; proxy_pass ${app.url}/authorized/; }
        rewrite ^/v1/(.*)$ /$1 last;
        location /v2/ { rewrite ^/v2/(.*)$ /$1 last; }
        location ~ ^/raw/([\\s\\S]*)$ {
            nchan_pubsub; nchan_channel_id raw; nchan_publisher_upstream_request /hook/raw?is=$1&end=1;
            nchan_subscribe_request /hook/raw?is=$1&end=1; nchan_unsubscribe_request /hook/raw?is=$1&end=1;
        }
        location ~ ^/mirrored/(\\w+)$ {
            nchan_publisher; nchan_channel_id $1; mirror /copy; mirror_request_body off;
            nchan_authorize_request /authorize/$1; nchan_publisher_upstream_request /hook/own/$1;
        }
        location = /copy { nchan_publisher; nchan_channel_id copied; nchan_publisher_upstream_request /hook/other; }
        location = /check { internal; proxy_pass ${app.url}/checked; }
        location /hook/ { internal; ${SEEN} proxy_ignore_client_abort on; proxy_pass ${app.url}; }`;

/** Opens a stream and leaves when the application knows. */
async function comeAndGo(
  port: number,
  target: string,
  app: HookApplication,
  channel: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const connection = await RawConnection.open(port);
  const lines = Object.entries({ Host: 'h.example', Accept: 'text/event-stream', ...headers });
  connection.send(`GET ${target} HTTP/1.1\r\n${lines.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`);
  await connection.readHead();
  const [came] = await app.until(`/hook/in/${channel}`, 1);
  connection.destroy();
  const [went] = await app.until(`/hook/out/${channel}`, 1);
  const { 'x-seen': seen } = came?.headers ?? {};
  expect(went?.headers['x-seen']).toBe(seen);
  return String(seen);
}

describe('the context of a hook', () => {
  let app: HookApplication;
  let njchan: Njchan;
  beforeAll(async () => {
    app = await startHookApplication();
    app.answer = ({ url }, response) => {
      if (url === '/checked') response.setHeader('X-Checked', 'yes');
      response.end();
    };
    njchan = await startNjchan({
      config: (port) =>
        nginxConf(
          port,
          `limit_req zone=one; limit_conn few 3; ${locations(app)}
          location = /open { deny all; return 200; }`,
          'limit_req_zone $binary_remote_addr zone=one:64k rate=1r/m; limit_conn_zone $server_name zone=few:64k;',
        ).replace('limit_req zone=one;', 'limit_req zone=one burst=100 nodelay;'),
    });
  });

  it('has the address, the target, headers, arguments and variables of the request', async () => {
    const seen = await comeAndGo(njchan.port, '/sub/plain?a=1%20x&z', app, 'plain', {
      Cookie: 'c=d',
      'X-Outer': 'x',
    });
    expect(seen).toBe('127.0.0.1|http|/sub/plain?a=1%20x&z|c=d|1%20x|m-plain|plain||o-x');
    const [asked] = app.about('/hook/in/plain');
    expect(asked?.method).toBe('GET');
    expect(asked?.url).toBe('/hook/in/plain?a=1%20x&z');
    for (const name of ['keep-alive', 'te', 'upgrade', 'njchan-hooks', 'njchan-settings']) {
      expect(asked?.headers).not.toHaveProperty(name);
    }
  });

  it('has what auth_request_set gave, and the application is not asked again', async () => {
    const seen = await comeAndGo(njchan.port, '/guarded/auth', app, 'auth');
    expect(seen).toBe('127.0.0.1|http|/guarded/auth|||||yes|o-');
    expect(app.about('/checked')).toHaveLength(1);
  });

  it('and an application that authorizes first get along', async () => {
    expect(await comeAndGo(njchan.port, '/all/both', app, 'both')).toContain('|/all/both|');
    const published = await request(njchan.port, 'POST', '/all/both', { body: 'x' });
    expect(published.status).toBe(202);
    const order = app.asked.filter(({ url }) => /authorized\/both|\/both$/.test(url)).map(({ url }) => url);
    expect(order).toEqual([
      '/authorized/both',
      '/hook/in/both',
      '/hook/out/both',
      '/authorized/both',
      '/hook/up/both',
    ]);
  });

  it('a query in the URI comes before the client’s', async () => {
    const connection = await RawConnection.open(njchan.port);
    connection.send('GET /query/x?a=theirs HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n');
    const [asked] = await app.until('/hook/q/x', 1);
    connection.destroy();
    expect(asked?.url).toBe('/hook/q/x?a=ours&b=1&a=theirs');
    expect(String(asked?.headers['x-seen']).split('|')[4]).toBe('ours');
  });

  it('a client that names our headers or our location gets nothing by it', async () => {
    threat('hooks-from-outside');
    const uri = encodeURIComponent('/hook/in/forged');
    const forged = {
      'Njchan-Hooks': `subscribe_request=${uri}&target=/&method=GET&address=6.6.6.6`,
      'Njchan-Settings': '{"hookSocket":"/tmp/x"}',
      'Njchan-Direct-Channel': '/other',
      'Njchan-Action': 'refuse',
      'Keep-Alive': `uri=${uri}&method=GET`,
      TE: '6.6.6.6:6',
      'Transfer-Encoding': 'chunked',
    };
    const { 'Transfer-Encoding': _, ...bodiless } = forged;
    const seen = await comeAndGo(njchan.port, '/sub/honest', app, 'honest', bodiless);
    expect(seen.split('|')[0]).toBe('127.0.0.1');
    // Also where a rewrite of the user's leads there, which makes a request an internal one for nginx.
    for (const path of ['/njchan-hook', '/v1/njchan-hook', '/v2/njchan-hook']) {
      expect((await request(njchan.port, 'GET', path, { headers: bodiless })).status).toBe(404);
      const posted = await request(njchan.port, 'POST', path, { headers: { ...bodiless }, body: 'x' });
      expect(posted.status).toBe(404);
    }
    expect((await request(njchan.port, 'GET', '/hook/in/forged')).status).toBe(404);
    const published = await request(njchan.port, 'POST', '/pub/honest', { headers: bodiless, body: 'x' });
    expect(published.status).toBe(202);
    expect(app.about('forged')).toEqual([]);
  });

  it('bytes that a client chose are encoded in the query of a hook', async () => {
    threat('header-injection');
    const smuggled = 'a%20HTTP/1.1%0D%0AHost:%20h%0D%0A%0D%0APOST%20/smuggled%20HTTP/1.1%0D%0A%0D%0A%ff%23x';
    const encoded = 'a%20HTTP/1.1%0D%0AHost:%20h%0D%0A%0D%0APOST%20/smuggled%20HTTP/1.1%0D%0A%0D%0A%FF%23x';
    expect((await request(njchan.port, 'POST', `/raw/${smuggled}`, { body: 'x' })).status).toBeLessThan(300);
    const connection = await RawConnection.open(njchan.port);
    connection.send(`GET /raw/${smuggled} HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n`);
    await app.until('/hook/raw', 2);
    connection.destroy();
    const asked = await app.until('/hook/raw', 3);
    expect(asked.map(({ url }) => url)).toEqual(Array(3).fill(`/hook/raw?is=${encoded}&end=1`));
    expect(app.about('smuggled').length).toBe(3);
  });

  it('is that of its own location, whatever shares its variables meanwhile', async () => {
    expect((await request(njchan.port, 'POST', '/mirrored/a', { body: 'x' })).status).toBe(202);
    await app.until('/hook/own/a', 1);
    expect(app.about('/hook/other')).toEqual([]);
    expect(njchan.output()).toContain('an endpoint cannot be the target of a subrequest');
  });

  it('is not to be had for more than nginx and the sidecar', async () => {
    threat('hooks-socket');
    const dir = join(njchan.runDir, 'hooks');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    const [socket] = readdirSync(dir);
    if (!isRoot) return;
    const code = `require('net').connect(${JSON.stringify(join(dir, socket as string))})
      .on('connect', () => process.exit(0)).on('error', (e) => { console.log(e.code); process.exit(1); })`;
    const other = spawnSync(process.execPath, ['-e', code], { uid: 4711, gid: 4711, cwd: '/' });
    expect(other.stdout.toString().trim()).toBe('EACCES');
  });

  it('a header that cannot be repeated is refused', async () => {
    const connection = await RawConnection.open(njchan.port);
    connection.send('GET /sub/bad HTTP/1.1\r\nHost: h\r\nX-Bad: a\x01b\r\nConnection: close\r\n\r\n');
    expect((await connection.readResponse()).status).toBe(400);
  });
});

describe('the address of the client', () => {
  const cases = [
    { name: 'behind a proxy', realip: 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;' },
    {
      name: 'behind a proxy on a unix socket too',
      realip: 'set_real_ip_from 127.0.0.1; set_real_ip_from unix:; real_ip_header X-Forwarded-For;',
    },
    {
      name: 'with several proxies',
      realip:
        'set_real_ip_from 127.0.0.1; set_real_ip_from 10.0.0.0/8; set_real_ip_from unix:; real_ip_header X-Forwarded-For; real_ip_recursive on;',
    },
  ];
  it.each(cases)('$name is that which nginx found', async ({ realip }) => {
    const app = await startHookApplication();
    const njchan = await startNjchan({ config: `${realip} ${locations(app)}` });
    const forwarded = realip.includes('recursive') ? '9.9.9.9, 192.0.2.7, 10.1.1.1' : '9.9.9.9, 192.0.2.7';
    const seen = await comeAndGo(njchan.port, '/sub/far', app, 'far', { 'X-Forwarded-For': forwarded });
    expect(seen.split('|')[0]).toBe('192.0.2.7');
    await njchan.stop();
  });
});

describe('a server with TLS', () => {
  it('that sends plain requests elsewhere is asked over TLS for requests that came so', async () => {
    const app = await startHookApplication();
    const tlsPort = await freePort();
    const { certificate, key } = selfSignedCertificate();
    const njchan = await startNjchan({
      config: `listen 127.0.0.1:${tlsPort} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};
        if ($scheme = http) { return 301 https://$host$request_uri; } ${locations(app)}`,
    });
    const stream = await openTlsEventSource(tlsPort, '/sub/tls');
    const [asked] = await app.until('/hook/in/tls', 1);
    expect(String(asked?.headers['x-seen']).split('|').slice(0, 2)).toEqual(['127.0.0.1', 'https']);
    stream.destroy();
    await app.until('/hook/out/tls', 1);
    await njchan.stop();
  });
});

describe('subscribers of another kind', () => {
  it('over HTTP/2 are told of as any', async () => {
    const app = await startHookApplication();
    const http2 = await freePort();
    const njchan = await startNjchan({ config: `listen 127.0.0.1:${http2} http2; ${locations(app)}` });
    const session = connect(`http://127.0.0.1:${http2}`);
    const stream = session.request({ ':path': '/sub/two?a=1', accept: 'text/event-stream', cookie: 'c=d' });
    const [came] = await app.until('/hook/in/two', 1);
    expect(came?.headers['x-seen']).toBe('127.0.0.1|http|/sub/two?a=1|c=d|1|m-two|two||o-');
    stream.close();
    await app.until('/hook/out/two', 1);
    session.destroy();
    await njchan.stop();
  });

  it('whose channel is in Redis are told of once they have what is stored there', async () => {
    const app = await startHookApplication();
    const redis = await startRedis({ port: await freePort() });
    const hook = `internal; proxy_set_header X-Id $nchan_message_id; proxy_ignore_client_abort on; proxy_pass ${app.url};`;
    const njchan = await startNjchan({
      config: (port) =>
        nginxConf(
          port,
          `location ~ ^/sub/(\\w+)$ { nchan_subscriber; nchan_channel_id $1; nchan_redis_pass redis; ${ASKS} }
           location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; nchan_redis_pass redis; }
           location /hook/ { ${hook} }`,
          `upstream redis { nchan_redis_server 127.0.0.1:${redis.port}; }`,
        ),
    });
    await request(njchan.port, 'POST', '/pub/r', { body: 'one' });
    const last = (await request(njchan.port, 'POST', '/pub/r', { body: 'two' })).body.toString();
    const connection = await RawConnection.open(njchan.port);
    connection.send('GET /sub/r HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n');
    const [came] = await app.until('/hook/in/r', 1);
    expect(last).toContain(`last message id: ${came?.headers['x-id']}`);
    connection.destroy();
    await app.until('/hook/out/r', 1);
    await njchan.stop();
  });

  it('njchan check knows where their sockets go', async () => {
    const app = await startHookApplication();
    const file = join(tempDir(), 'nginx.conf');
    writeFileSync(file, nginxConf(await freePort(), locations(app)));
    expect((await runCli(['check', file])).code).toBe(0);
  });
});

describe('several servers', () => {
  it('each asks its own, also after one was put in front of it', async () => {
    const app = await startHookApplication();
    const [first, second] = [await freePort(), await freePort()];
    const block = (port: number, name: string): string => `
    server {
        listen 127.0.0.1:${port};
        location ~ ^/sub/(\\w+)$ { nchan_subscriber; nchan_channel_id $1; ${ASKS} }
        location /hook/ { internal; proxy_ignore_client_abort on; proxy_pass ${app.url}/${name}/; }
    }`;
    const around = (servers: string, port: number): string =>
      nginxConf(port, 'location / { return 200; }').replace(/\}\n$/, `${servers}\n}\n`);
    const njchan = await startNjchan({ config: (port) => around(block(first, 'first'), port) });
    const connection = await RawConnection.open(first);
    connection.send('GET /sub/c HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n');
    await app.until('/first/in/c', 1);
    writeFileSync(njchan.configFile, around(block(second, 'second') + block(first, 'first'), njchan.port));
    expect((await runCli(['reload', '--run-dir', njchan.runDir])).code).toBe(0);
    connection.destroy();
    await app.until('/first/out/c', 1);
    expect(app.about('/second/')).toEqual([]);
    await njchan.stop();
  });

  it('a plain user can run them', async () => {
    if (!isRoot) return;
    const app = await startHookApplication();
    const njchan = await startNjchan({ config: locations(app), uid: 65_534 });
    expect(await comeAndGo(njchan.port, '/sub/user', app, 'user')).toContain('127.0.0.1|');
    await njchan.stop();
  });
});

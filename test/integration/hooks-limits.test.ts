/** A client whose hooks cannot be sent is not served: no request gets by the application unheard. */
import { beforeAll, describe, expect, it } from 'vitest';
import { threat } from '../security/threats.ts';
import { type HookApplication, startHookApplication } from '../support/hook-application.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { RawConnection } from '../support/raw-http.ts';

const HOOKS = `nchan_subscribe_request /hook/in/$1; nchan_unsubscribe_request /hook/out/$1;
  nchan_publisher_upstream_request /hook/up/$1;`;
const locations = (app: HookApplication): string => `
        location ~ ^/sub/(\\w+)$ { nchan_subscriber; nchan_channel_id $1; ${HOOKS} }
        location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; ${HOOKS} }
        location ~ ^/subs/(\\w+)$ { nchan_subscriber; nchan_channel_id $arg_id $arg_id2; ${HOOKS} }
        location ~ ^/pubs/(\\w+)$ { nchan_publisher; nchan_channel_id $arg_id $arg_id2; ${HOOKS} }
        location /hook/ {
            internal; rewrite ^ $uri? break; proxy_ignore_client_abort on; proxy_pass_request_headers off; proxy_pass ${app.url};
            proxy_set_header X-Ids $nchan_channel_id1|$nchan_channel_id2; proxy_set_header X-Host $host|$http_host;
        }`;

/** Headers of so many bytes each, with their line ends. */
const headersOf = (...sizes: readonly number[]): string =>
  sizes.map((size, i) => `X-${i}: ${'x'.repeat(size - 7)}\r\n`).join('');

interface Sent {
  readonly status: number;
  /** What the application was asked when the client had left. */
  readonly asked: readonly string[];
}

/** What becomes of a request. The last part of its path is a channel of its own. */
async function send(
  port: number,
  app: HookApplication,
  method: 'GET' | 'POST',
  target: string,
  headers: string,
  version = '1.1',
): Promise<Sent> {
  const connection = await RawConnection.open(port);
  const accept = method === 'GET' ? 'Accept: text/event-stream\r\n' : 'Content-Length: 1\r\n';
  const head = `${method} ${target} HTTP/${version}\r\n${accept}${headers}\r\n${method === 'GET' ? '' : 'x'}`;
  connection.send(Buffer.from(head, 'latin1'));
  const channel = target.split(/[/?]/)[2] as string;
  // nginx may close before it has read all of a head that is too large for itself.
  const answer = await connection.readHead().catch(() => 'closed 400');
  const status = Number(answer.toString().split(' ')[1]);
  if (status === 200) await app.until(`/hook/in/${channel}`, 1);
  connection.destroy();
  if (status === 200) await app.until(`/hook/out/${channel}`, 1);
  const asked = app.asked.filter(({ url }) => url.split(/[/?]/)[3] === channel);
  return { status, asked: asked.map(({ url }) => url.split('/')[2] as string) };
}

const HEARD = { GET: { status: 200, asked: ['in', 'out'] }, POST: { status: 202, asked: ['up'] } } as const;
const REFUSED: Sent = { status: 431, asked: [] };
const WAYS = [
  { method: 'GET', path: 'sub' },
  { method: 'POST', path: 'pub' },
] as const;

describe('a client that would rather not be heard of', () => {
  threat('unheard-hooks');
  let app: HookApplication;
  let njchan: Njchan;
  let roomy: Njchan;
  beforeAll(async () => {
    app = await startHookApplication();
    njchan = await startNjchan({ config: locations(app) });
    roomy = await startNjchan({
      config: `server_name roomy.example; large_client_header_buffers 8 16k; ${locations(app)}`,
    });
  });

  it.each(WAYS)('by HTTP/1.0 without a Host is heard of: $method', async ({ method, path }) => {
    expect(await send(njchan.port, app, method, `/${path}/none${method}`, '', '1.0')).toEqual(HEARD[method]);
    expect(app.about(`/none${method}`)[0]?.headers['x-host']).toBe('localhost|localhost');
    expect(await send(roomy.port, app, method, `/${path}/named${method}`, '', '1.0')).toEqual(HEARD[method]);
    expect(app.about(`/named${method}`)[0]?.headers['x-host']).toBe('roomy.example|roomy.example');
  });

  it.each(WAYS)('by long ids of any bytes is heard of: $method', async ({ method, path }) => {
    const [one, two] = ['\xe4', '\xf6'].map((char) => char.repeat(1000));
    const target = `/${path}s/ids${method}?id=${one}&id2=${two}`;
    expect(await send(njchan.port, app, method, target, 'Host: h\r\n')).toEqual(HEARD[method]);
    expect(app.about(`/ids${method}`)[0]?.headers['x-ids']).toBe(`${one}|${two}`);
  });

  it.each(WAYS)('by a head that fills nginx’s buffers is refused: $method', async ({ method, path }) => {
    const headers = `Host: h\r\n${headersOf(8150, 8150, 8150, 8150)}`;
    expect(await send(njchan.port, app, method, `/${path}/full${method}`, headers)).toEqual(REFUSED);
    // Where the user's own limits leave room for what is added, it is served.
    expect(await send(roomy.port, app, method, `/${path}/room${method}`, headers)).toEqual(HEARD[method]);
  });

  it('by a WebSocket with such a head is refused', async () => {
    const upgrade =
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
    for (const path of ['sub', 'pub']) {
      const headers = `Host: h\r\n${upgrade}${headersOf(8150, 8150, 8150, 8150)}`;
      expect(await send(njchan.port, app, 'GET', `/${path}/socket${path}`, headers)).toEqual(REFUSED);
    }
  });

  it.each(WAYS)('by very many headers is refused: $method', async ({ method, path }) => {
    // With Host and another it may send 1,000 where nginx counts them.
    const headers = `Host: h\r\n${'a:b\r\n'.repeat(998)}`;
    expect(await send(njchan.port, app, method, `/${path}/many${method}`, headers)).toEqual(REFUSED);
    const fewer = `Host: h\r\n${'a:b\r\n'.repeat(950)}`;
    expect(await send(njchan.port, app, method, `/${path}/few${method}`, fewer)).toEqual(HEARD[method]);
  });

  it('by any other size of the head is refused or heard of', async () => {
    const seen = new Set<number>();
    for (let i = 0; i < 240; i++) {
      // Around the ends of the buffers: the first of 1 KiB, and four of 8 KiB.
      const step = 5 * (i % 60) - 150;
      const sizes = [1000, 4090, 8170, 8000]
        .slice(0, 1 + (i % 4))
        .concat(8150 + Math.min(step, 30), 7900 + step);
      const target = `/pub/any${i}?${'q'.repeat(i * 33)}`;
      const { status, asked } = await send(
        njchan.port,
        app,
        'POST',
        target,
        `Host: h\r\n${headersOf(...sizes)}`,
      );
      seen.add(status);
      expect([i, status, asked]).toEqual([i, status, status === 202 ? ['up'] : []]);
    }
    // 400 is what nginx says when the head is too large for itself.
    expect([...seen].filter((status) => status !== 400).sort()).toEqual([202, 431]);
  });
});

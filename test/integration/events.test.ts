// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are nginx's variables
/** Channel events and information about subscribers, where Nchan is no measure or the sidecar's faults would show. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type HookApplication, startHookApplication } from '../support/hook-application.ts';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';

const EVENTS = 'nchan_channel_events_channel_id e-$1;';
/** Makes a long string of a short header. */
const LONG = '$http_x_long'.repeat(12);

const locations = (app: HookApplication): string => `
  location ~ ^/pubsub/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; ${EVENTS} }
  location ~ ^/quiet/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; }
  location ~ ^/listed/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_subscriber_info_string "$nchan_channel_id $http_x_text."; }
  location ~ ^/long/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; ${EVENTS} nchan_channel_event_string "${LONG}"; }
  location ~ ^/long-info/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_subscriber_info_string "${LONG}"; }
  location ~ ^/long-id/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_channel_events_channel_id "$1${LONG}"; }
  location ~ ^/hooked/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_subscribe_request /hook/in; ${EVENTS} }
  location ~ ^/hooked-quiet/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_subscribe_request /hook/in; }
  location ~ ^/asked/(\\w+)$ {
    nchan_pubsub; nchan_channel_id $1; nchan_authorize_request /auth; ${EVENTS}
    nchan_channel_event_string "$nchan_channel_event $nchan_channel_id $arg_x $upstream_http_x_who.";
  }
  location ~ ^/multipart/(\\w+)$ {
    nchan_subscriber longpoll; nchan_channel_id $1; nchan_longpoll_multipart_response raw; ${EVENTS}
  }
  location = /auth { internal; proxy_pass ${app.url}; }
  location /hook/ { internal; proxy_pass ${app.url}; }
  location ~ ^/who/(\\w+)$ { nchan_subscriber_info; nchan_channel_id $1; }
  location ~ ^/guarded/(\\w+)$ { nchan_subscriber_info; nchan_channel_id $1; nchan_authorize_request /auth; }
  location = /nobody { nchan_subscriber_info; }
  location ~ ^/meta/(.*)$ { nchan_subscriber http-raw-stream; nchan_channel_group meta; nchan_channel_id e-$1; }
  location ~ ^/meta-all$ { nchan_publisher; nchan_channel_group meta; nchan_channel_id $arg_id; }
`;

let application: HookApplication;
let njchan: Njchan;
beforeAll(async () => {
  application = await startHookApplication();
  njchan = await startNjchan({
    config: (port) =>
      nginxConf(
        port,
        `server_name here.example; large_client_header_buffers 8 16k;\n${locations(application)}`,
      ),
  });
});

async function stream(target: string, ...headers: readonly string[]): Promise<RawConnection> {
  const connection = await RawConnection.open(njchan.port);
  connection.send(
    `GET ${target} HTTP/1.1\r\nHost: x\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`,
  );
  await connection.readHead();
  return connection;
}

const SSE = 'Accept: text/event-stream';
const EVENT_STREAM = { Accept: 'text/event-stream' };
const line = async (connection: RawConnection): Promise<string> =>
  (await connection.readThrough('\n')).toString('latin1').trimEnd();
const statusOf = async (method: string, target: string, headers: Record<string, string> = {}) =>
  (await request(njchan.port, method, target, { headers })).status;

describe('what a client sends', () => {
  it('is no part of anybody’s string but as what nginx’s variables say', async () => {
    const events = await stream('/meta/forged');
    const forged = [
      `Njchan-Events: ${Buffer.from('e-other').toString('base64')}`,
      `Njchan-Info: ${Buffer.from('forged').toString('base64')}`,
    ];
    for (const path of ['hooked', 'hooked-quiet', 'pubsub']) {
      const subscriber = await stream(`/${path}/forged`, SSE, ...forged);
      const asking = await stream('/who/forged');
      expect(await line(asking)).toMatch(
        /^eventsource 127\.0\.0\.1:\d+ {2}here\.example \/[\w-]+\/forged \d+$/,
      );
      subscriber.destroy();
      asking.destroy();
    }
    for (const event of [
      'subscriber_enqueue',
      'subscriber_dequeue',
      'subscriber_enqueue',
      'subscriber_dequeue',
    ]) {
      expect(await line(events)).toBe(`${event} forged`);
    }
    expect((await request(njchan.port, 'GET', '/meta-all?id=e-other')).status).toBe(404);
  });

  it('is told as it was, whatever it looks like', async () => {
    const text = '$nchan_channel_id ${x} ,= "\\ \xff\xc3\xa9';
    const subscriber = await stream('/listed/text', SSE, `X-Text: ${text}`);
    const asking = await stream('/who/text');
    expect(await line(asking)).toBe(`text ${text}.`);
    subscriber.destroy();
  });

  it.each(['long', 'long-id', 'long-info'])('may not be too long: /%s/', async (path) => {
    const headers = { 'X-Long': 'x'.repeat(8000), Accept: 'text/event-stream' };
    expect(await statusOf('GET', `/${path}/a`, headers)).toBe(431);
    // Of who publishes nobody asks.
    expect(await statusOf('POST', `/${path}/a`, headers)).toBe(path === 'long-info' ? 202 : 431);
    expect(await statusOf('POST', `/${path}/a`, { 'X-Long': 'x'.repeat(500) })).toBe(202);
  });
});

describe('events', () => {
  it('have what the authorization found out', async () => {
    application.answer = (_request, response) => response.writeHead(200, { 'X-Who': 'anna' }).end();
    const events = await stream('/meta/who');
    await request(njchan.port, 'POST', '/asked/who?x=%20y', { body: 'm' });
    expect(await line(events)).toMatch(/^channel_publish who %20y/);
  });

  it('are told of polls for all messages', async () => {
    const events = await stream('/meta/all');
    for (const body of ['a', 'b']) await request(njchan.port, 'POST', '/quiet/all', { body });
    expect((await request(njchan.port, 'GET', '/multipart/all')).body.toString()).toBe('a\nb\n');
    expect(await line(events)).toBe('subscriber_enqueue all');
    expect(await line(events)).toBe('subscriber_dequeue all');
    const waiting = await RawConnection.open(njchan.port);
    waiting.send('GET /multipart/all2 HTTP/1.1\r\nHost: x\r\n\r\n');
    const others = await stream('/meta/all2');
    expect(await line(others)).toBe('subscriber_enqueue all2');
    waiting.destroy();
    expect(await line(others)).toBe('subscriber_dequeue all2');
  });

  it('of many messages come in their order', async () => {
    const events = await stream('/meta/many');
    const count = 300;
    const publisher = await RawConnection.open(njchan.port);
    publisher.send('POST /pubsub/many HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx'.repeat(count));
    for (let i = 0; i < count; i++) expect(await line(events)).toBe('channel_publish many');
    publisher.destroy();
  });
});

describe('information about subscribers', () => {
  it.each([
    ['HEAD', 405],
    ['PATCH', 405],
    ['POST', 403],
    ['PUT', 403],
    ['DELETE', 403],
    ['OPTIONS', 200],
  ])('is not for %s, which is answered at once', async (method, status) => {
    expect(await statusOf(method, '/who/x')).toBe(status);
  });

  it('needs a channel', async () => {
    expect(await statusOf('GET', '/nobody')).toBe(404);
  });

  it('is only for whom the application lets in', async () => {
    application.answer = (_request, response) => response.writeHead(403).end();
    expect(await statusOf('GET', '/guarded/x')).toBe(403);
  });

  it('is the same for a subscriber that gets messages meanwhile', async () => {
    const subscriber = await stream('/listed/busy', SSE, 'X-Text: t');
    const texts: string[] = [];
    for (let i = 0; i < 3; i++) {
      await request(njchan.port, 'POST', '/quiet/busy', { body: String(i) });
      const asking = await stream('/who/busy');
      texts.push(await line(asking));
      asking.destroy();
    }
    expect(texts).toEqual(['busy t.', 'busy t.', 'busy t.']);
    await subscriber.readThrough('data: 2\n');
    subscriber.destroy();
  });
});

/** What keeps a location off the short cut, and does nothing else. */
const THROUGH_GATEWAY = 'rewrite_log off;';

describe('subscribers that pass by the gateway', () => {
  const STRING =
    'nchan_subscriber_info_string " $nchan_subscriber_type|$http_x_text|$arg_x |$nchan_channel_id $server_name";';
  const both = (path: string, lines: string): string =>
    ['direct', 'gateway']
      .map(
        (way) => `location ~ ^/${way}-${path}/(\\w+)$ {
          nchan_pubsub; nchan_channel_id $1; ${lines} add_header X-Way "[$njchan_action]" always;
          ${way === 'direct' ? '' : THROUGH_GATEWAY}
        }`,
      )
      .join('\n');
  let server: Njchan;
  beforeAll(async () => {
    const lines = `
      ${both('own', STRING)}
      ${both('default', '')}
      ${both('long', `nchan_subscriber_info_string "${'$http_x_text'.repeat(12)}";`)}
      location ~ ^/captured/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_subscriber_info_string $1; add_header X-Way "[$njchan_action]" always; }
      location ~ ^/told/(\\w+)$ { nchan_subscriber_info; nchan_channel_id $1; }`;
    server = await startNjchan({
      config: (port) =>
        nginxConf(port, `server_name here.example; large_client_header_buffers 8 16k;\n${lines}`),
    });
  });

  /** What is told of a subscriber, and by which way it came. */
  async function toldOf(path: string, headers: readonly string[] = []): Promise<[told: string, way: string]> {
    const connect = async (bytes: string): Promise<[RawConnection, string]> => {
      const connection = await RawConnection.open(server.port);
      connection.send(bytes);
      return [connection, (await connection.readHead()).toString()];
    };
    const lines = headers.map((header) => `${header}\r\n`).join('');
    const [subscriber, head] = await connect(
      `GET ${path}?x=%22y HTTP/1.1\r\nHost: x\r\n${SSE}\r\n${lines}\r\n`,
    );
    const channel = path.slice(path.lastIndexOf('/') + 1);
    const [asking] = await connect(`GET /told/${channel} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const told = (await asking.readThrough('\n')).toString('latin1');
    subscriber.destroy();
    asking.destroy();
    return [told, /X-Way: (.*)\r/.exec(head)?.[1] as string];
  }

  it.each([
    ['text', ['X-Text: a']],
    ['blanks', ['X-Text:  a\t| b ']],
    ['nothing', []],
    ['empty', ['X-Text:']],
    ['bytes', ['X-Text: \xff\xc3\xa9 ${nchan_channel_id}|"\\']],
    ['forged', ['Njchan-Info-1: |forged|', 'Njchan-Info: Zm9yZ2Vk', 'X-Text: |, x']],
  ])('are told of as any others: %s', async (name, headers) => {
    const [direct, way] = await toldOf(`/direct-own/${name}`, headers);
    const [gateway, otherWay] = await toldOf(`/gateway-own/${name}2`, headers);
    expect([way, otherWay]).toEqual(['[]', '[subscribe]']);
    expect(direct).toBe(gateway.replace(`${name}2`, name));
    expect(direct).toMatch(/^ eventsource\|.*\|%22y \|\w+ here\.example\n$/);
  });

  it('are told of without headers that have control characters', async () => {
    const [told, way] = await toldOf('/direct-own/control', ['X-Text: a\x01b']);
    expect([told, way]).toEqual([' eventsource||%22y |control here.example\n', '[]']);
    const [unharmed] = await toldOf('/gateway-own/control2', ['X-Text: a\x01b']);
    expect(unharmed).toBe(' eventsource|a\x01b|%22y |control2 here.example\n');
  });

  it('have Nchan’s own string', async () => {
    const [told, way] = await toldOf('/direct-default/own', ['User-Agent: me 1.0']);
    expect(way).toBe('[]');
    expect(told).toMatch(
      /^eventsource 127\.0\.0\.1:\d+ me 1\.0 here\.example \/direct-default\/own\?x=%22y \d+\n$/,
    );
  });

  it('go through it where njs has to say what a variable is', async () => {
    expect(await toldOf('/captured/it')).toEqual(['it\n', '[subscribe]']);
  });

  it.each(['direct', 'gateway'])('may not bring too much along: %s', async (way) => {
    const headers = { 'X-Text': 'x'.repeat(8000), ...EVENT_STREAM };
    expect((await request(server.port, 'GET', `/${way}-long/a`, { headers })).status).toBe(431);
  });

  it('say nothing of it in messages', async () => {
    const publisher = await RawConnection.open(server.port);
    publisher.send('POST /direct-own/pub HTTP/1.1\r\nHost: x\r\nX-Text: a\r\nContent-Length: 1\r\n\r\nx');
    expect((await publisher.readResponse()).status).toBe(202);
    publisher.destroy();
  });
});

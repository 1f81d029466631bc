/** Authorization where Nchan crashes, hangs or does not ask, and as Nchan's documentation shows it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Application, startApplication } from '../conformance/application.ts';
import { threat } from '../security/threats.ts';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { RawConnection, type RawResponse, request } from '../support/raw-http.ts';
import { HANDSHAKE } from '../support/raw-websocket.ts';

const DEADLINE_MS = 8_000;
/** More than nginx buffers for an answer by itself. */
const LARGE = 50_000;

const LOCATIONS = `
location /auth/ { proxy_pass http://my_app; proxy_set_header X-Channel $nchan_channel_id; }
location /refused { return 403 "go away"; }
location /missing { root /nonexistent; }
location /gone { proxy_pass http://127.0.0.1:1; }
location /another { if ($arg_never) { return 500; } nchan_pubsub; nchan_channel_id other; }
location ~ ^/asked-sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; nchan_authorize_request /auth/ask; nchan_subscriber_timeout 1; }
location ~ ^/asked-pub/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_authorize_request /auth/ask; }
location ~ ^/free/(.*)$ { nchan_pubsub; nchan_channel_id $1; }
location ~ ^/question/(.*)$ {
  nchan_publisher; nchan_channel_id $1; nchan_authorize_request /auth/$1?channel=$nchan_channel_id&fixed=1;
}
location ~ ^/(?<target>refused|missing|gone|another)-sub$ {
  nchan_subscriber; nchan_channel_id x; nchan_authorize_request /$target;
}
location ~ ^/(?<target>refused|missing|gone|another)-pub$ {
  nchan_publisher; nchan_channel_id x; nchan_authorize_request /$target;
}
location /empty { nchan_pubsub; nchan_channel_id x; nchan_authorize_request $arg_uri; }
location ~ ^/typed/(.*)$ {
  default_type text/mine; nchan_subscriber; nchan_channel_id $1; nchan_authorize_request /auth/ask;
}

# As in Nchan's documentation.
location = /auth {
  proxy_pass http://my_app/pubsub_authorize;
  proxy_pass_request_body off;
  proxy_set_header Content-Length "";
  proxy_set_header X-Subscriber-Type $nchan_subscriber_type;
  proxy_set_header X-Publisher-Type $nchan_publisher_type;
  proxy_set_header X-Prev-Message-Id $nchan_prev_message_id;
  proxy_set_header X-Channel-Id $nchan_channel_id;
  proxy_set_header X-Original-URI $request_uri;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
}
location ~ /pubsub/auth/(\\w+)$ {
  nchan_channel_id $1;
  nchan_authorize_request /auth;
  nchan_pubsub;
  nchan_channel_group test;
}
location = /sub_upstream {
  proxy_pass http://my_app/subscriber_x_accel_redirect;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
}
location ~ /sub/internal/(\\w+)$ {
  internal; #this location only accessible for internal nginx redirects
  nchan_subscriber;
  nchan_channel_id $1;
  nchan_channel_group test;
}
location = /pub_upstream {
  proxy_pass http://my_app/publisher_x_accel_redirect;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
}
location ~ /pub/internal/(\\w+)$ {
  internal;
  nchan_publisher;
  nchan_channel_id $1;
  nchan_channel_group test;
}
`;

let application: Application;
let njchan: Njchan;

beforeAll(async () => {
  application = await startApplication();
  const http = application.upstream.replace('upstream application', 'upstream my_app');
  njchan = await startNjchan({ config: (port) => nginxConf(port, LOCATIONS, http) });
});

const call = (
  method: string,
  target: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<RawResponse> =>
  request(njchan.port, method, target, { headers, ...(body === undefined ? {} : { body }) });

describe('authorization', () => {
  it('adds the client’s query to that of the URI', async () => {
    expect((await call('POST', '/question/joined?client=1', '')).status).toBe(202);
    const [asked = ''] = await application.take('joined', 1, DEADLINE_MS);
    expect(asked).toContain('GET /auth/joined?channel=joined&fixed=1&client=1\n');
  });

  it('escapes what a variable brings into a URI', async () => {
    expect((await call('POST', '/question/escaped%0d%20X%3fy%23z%ff', '')).status).toBe(202);
    const [asked = ''] = await application.take('escaped', 1, DEADLINE_MS);
    expect(asked).toContain('GET /auth/escaped%0D%20X%3Fy%23z%FF?channel=escaped%0D%20X?y%23z%FF&fixed=1\n');
  });

  it('passes on a large refusal', async () => {
    const { status, body } = await call('GET', `/asked-sub/large?status=403&size=${LARGE}`);
    expect([status, body.length]).toEqual([403, LARGE]);
  });

  it('lets in with a large answer', async () => {
    expect((await call('POST', `/asked-pub/large?size=${LARGE}`, 'x')).status).toBe(202);
  });

  it('passes on bytes that are no text', async () => {
    const { status, body } = await call('GET', '/asked-sub/bytes?status=403&bytes=00ff80c3');
    expect([status, body.toString('hex')]).toEqual([403, '00ff80c3']);
  });

  it('adds to headers of any case', async () => {
    const { headerLines } = await call('GET', '/asked-sub/case?status=403&header=vary:Cookie');
    const vary = headerLines
      .filter((line) => /^vary:/i.test(line))
      .map((line) => line.slice('vary: '.length));
    expect(vary).toEqual(['Cookie', 'If-None-Match, If-Modified-Since']);
  });

  it('passes on a 304', async () => {
    const { status, headers } = await call('GET', '/asked-sub/304?status=304&header=Etag:x', undefined, {
      Accept: 'text/event-stream',
    });
    expect([status, headers.etag]).toEqual([304, 'x']);
  });

  it.each([
    ['refused', 403, 'go away'],
    ['missing', 404, undefined],
    ['gone', 502, ''],
    ['another', 500, undefined],
  ])('takes the answer of a location that is no application: %s', async (target, status, text) => {
    threat('application-fails');
    const subscriber = await call('GET', `/${target}-sub`);
    expect(subscriber.status).toBe(status);
    if (text !== undefined) expect(subscriber.body.toString()).toBe(text);
    const publisher = await call('POST', `/${target}-pub`, 'x');
    expect(publisher.status).toBe(target === 'gone' ? 502 : 403);
    expect(publisher.headers['content-type']).toBe('text/html');
  });

  it('lets nobody in when the URI is empty', async () => {
    expect((await call('POST', '/empty', 'x')).status).toBe(500);
    expect((await call('GET', '/empty')).status).toBe(500);
    expect((await call('POST', '/empty?uri=/auth/ask', 'x')).status).toBe(202);
  });

  it('asks about WebSocket publishers', async () => {
    threat('unauthorized');
    const refused = await call('GET', '/asked-pub/ws?status=401', undefined, HANDSHAKE);
    expect(refused.status).toBe(403);
    expect(refused.body.toString()).toContain('403 Forbidden');
    expect((await call('GET', '/asked-pub/ws', undefined, HANDSHAKE)).status).toBe(101);
    expect(await application.take('x-channel: ws', 2, DEADLINE_MS)).toHaveLength(2);
  });

  it('gives a refusal the default type that the location has itself, and else none', async () => {
    expect((await call('GET', '/typed/a?status=403&body=x')).headers['content-type']).toBe('text/mine');
    expect((await call('GET', '/asked-sub/a.png?status=403&body=x')).headers).not.toHaveProperty(
      'content-type',
    );
  });

  it('holds up nobody else while an application does not answer', async () => {
    threat('application-hangs');
    const held = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(njchan.port)));
    for (const connection of held) connection.send('GET /asked-sub/held?never= HTTP/1.1\r\nHost: x\r\n\r\n');
    await application.take('/auth/ask?never', held.length, DEADLINE_MS);
    expect((await call('POST', '/free/held', 'x')).status).toBe(202);
    expect((await call('GET', '/free/held')).body.toString()).toBe('x');
    expect((await call('GET', '/asked-sub/held')).body.toString()).toBe('x');
    expect(held.every((connection) => !connection.closed && connection.unread.length === 0)).toBe(true);
    for (const connection of held) connection.destroy();
    expect((await call('POST', '/asked-pub/held', 'x')).status).toBe(202);
  });
});

describe('the examples of Nchan’s documentation', () => {
  it('ask who may', async () => {
    expect((await call('POST', '/pubsub/auth/docs?a=b', 'hello')).status).toBe(202);
    expect((await call('GET', '/pubsub/auth/docs?status=403&body=no')).body.toString()).toBe('no');
    const [published = '', subscribed = ''] = await application.take('x-channel-id: docs', 2, DEADLINE_MS);
    expect(published).toMatch(/^GET \/pubsub_authorize\?a=b\n/);
    expect(published).toContain('x-publisher-type: http');
    expect(published).toContain('x-original-uri: /pubsub/auth/docs?a=b');
    expect(subscribed).toContain('x-subscriber-type: longpoll');
    expect(subscribed).toContain('x-prev-message-id: 0:0');
  });

  it('send on to internal locations', async () => {
    const to = (path: string) => `header=X-Accel-Redirect:${path}`;
    expect((await call('POST', `/pub_upstream?${to('/pub/internal/inside')}`, 'hello')).status).toBe(202);
    expect((await call('GET', `/sub_upstream?${to('/sub/internal/inside')}`)).body.toString()).toBe('hello');
    expect((await call('GET', '/sub/internal/inside')).status).toBe(404);
  });

  it('send on messages that do not fit into memory, of which Nchan crashes now and then', async () => {
    const large = 'x'.repeat(LARGE);
    const to = 'header=X-Accel-Redirect:/pub/internal/large';
    expect((await call('POST', `/pub_upstream?${to}`, large)).status).toBe(202);
    const from = 'header=X-Accel-Redirect:/sub/internal/large';
    expect((await call('GET', `/sub_upstream?${from}`)).body.toString()).toBe(large);
  });
});

it('nothing crashed', () => {
  expect(njchan.output()).not.toMatch(/exited on signal/);
});

/**
 * Messages that pass by the gateway, in real nginx: each request gets from a location that takes the short cut what it
 * gets from one that does not.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { RawConnection, type RawResponse, type RequestOptions, request } from '../support/raw-http.ts';

/** Keeps a location off the short cut and does nothing else. */
const THROUGH_GATEWAY = 'rewrite_log off;';

/** `$njchan_action` is what the gateway decided; it is empty for a request that did not get to it. */
const TELL = 'add_header X-Gateway "[$njchan_action]" always; add_header X-Capture "$1" always;';

const LOCATION = `nchan_publisher; nchan_channel_id $1; nchan_max_channel_id_length 20; ${TELL}`;

const CONFIG = `
  auth_basic_user_file /dev/null;
  location ~ "^/direct/([\\s\\S]*)$" { ${LOCATION} }
  location ~ "^/gateway/([\\s\\S]*)$" { ${LOCATION} ${THROUGH_GATEWAY} }
  location ~ ^/sub/(.*)$ { nchan_subscriber longpoll; nchan_channel_id $1; }
  location = /direct-argument { nchan_pubsub; nchan_channel_id $arg_id; nchan_channel_group g; ${TELL} }
  location = /gateway-argument { nchan_pubsub; nchan_channel_id $arg_id; nchan_channel_group g; ${TELL} ${THROUGH_GATEWAY} }
  location ~ ^/denied/(.*)$ { nchan_publisher; nchan_channel_id $1; deny all; ${TELL} }
  location ~ ^/password/(.*)$ { nchan_publisher; nchan_channel_id $1; auth_basic x; ${TELL} }
  location ~ ^/either/(.*)$ { nchan_publisher; nchan_channel_id $1; auth_basic x; allow all; satisfy any; ${TELL} }
  location ~ ^/asked/(.*)$ {
    nchan_publisher; nchan_channel_id $1; auth_request /may; auth_request_set $who $upstream_http_who;
    add_header X-Who $who always; ${TELL}
  }
  location = /may { internal; return 403; }
  location ~ ^/internal/(.*)$ { nchan_publisher; nchan_channel_id $1; internal; ${TELL} }
  location ~ ^/small/(.*)$ {
    nchan_publisher; nchan_channel_id $1; client_max_body_size 10; error_page 413 =418 /sorry; ${TELL}
  }
  location = /sorry { return 200 sorry; }
  location ~ ^/limited/(.*)$ {
    nchan_publisher; nchan_channel_id $1; ${TELL}
    limit_except POST { deny all; }
  }
  location ~ ^/rewritten/(.*)$ { rewrite ^/rewritten/(.*)$ /direct/$1 last; }
  location ~ ^/server-error/(.*)$ { error_page 500 = /direct/by-error; return 500; }
  location ~ ^/outer/ { nchan_publisher; nchan_channel_id outer; ${TELL}
    location ~ ^/outer/inner/(.*)$ { nchan_channel_id $1; }
  }
`;

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: CONFIG });
});

const send = (method: string, target: string, options?: RequestOptions): Promise<RawResponse> =>
  request(njchan.port, method, target, options);

/** What is the same whichever way a request took; ids and times of messages are not. */
function essence({ status, headerLines, body }: RawResponse): unknown {
  // The search for control characters that finds one leaves no captures.
  const ways =
    status === 400 ? /^(Date|Content-Length|X-Gateway|X-Capture)/ : /^(Date|Content-Length|X-Gateway)/;
  const kept = headerLines.filter((line) => !ways.test(line));
  return { status, headers: kept, body: body.toString('latin1').replace(/\d+:\d+/, 'ID') };
}

const tookShortCut = (response: RawResponse): boolean => response.headers['x-gateway'] === '[]';

let count = 0;

/** Sends the same to both locations, to channels of which nobody has heard. */
async function both(method: string, rest: (unique: string) => string, options?: RequestOptions) {
  const id = `c${++count}`;
  const direct = await send(method, `/direct${rest(`${id}d`)}`, options);
  const gateway = await send(method, `/gateway${rest(`${id}g`)}`, options);
  expect(tookShortCut(gateway) && gateway.status !== 400).toBe(false);
  return { direct, gateway, ids: { direct: `${id}d`, gateway: `${id}g` } };
}

const plain = (text: unknown): string => JSON.stringify(text).replace(/c\d+[dg]/g, 'CHANNEL');

describe('a message takes the short cut, and its publisher cannot tell', () => {
  it.each<[string, string, RequestOptions]>([
    ['POST', 'POST', { body: 'hi' }],
    ['PUT', 'PUT', { body: 'hi' }],
    ['with no body', 'POST', {}],
    ['with a type', 'POST', { body: 'hi', headers: { 'Content-Type': 'text/x; charset=y' } }],
    ['that wants JSON', 'POST', { body: 'hi', headers: { Accept: 'text/json' } }],
    ['with an Origin', 'POST', { body: 'hi', headers: { Origin: 'http://o.example' } }],
    ['with an event', 'POST', { body: 'hi', headers: { 'X-EventSource-Event': 'e' } }],
    ['with a handshake that is none', 'POST', { headers: { Connection: 'upgrade', Upgrade: 'websocket' } }],
    ['with a type that is too long', 'POST', { body: 'hi', headers: { 'Content-Type': 'x'.repeat(1025) } }],
    ['with empty id headers', 'POST', { body: 'hi', headers: { 'If-None-Match': '', Etag: '' } }],
  ])('%s', async (_name, method, options) => {
    const { direct, gateway, ids } = await both(method, (id) => `/${id}`, options);
    expect(tookShortCut(direct)).toBe(true);
    expect(plain(essence(direct))).toBe(plain(essence(gateway)));
    if (direct.status !== 202) return;
    const messages = await Promise.all(
      [ids.direct, ids.gateway].map((id) => send('GET', `/sub/${id}`, { headers: { Accept: 'x' } })),
    );
    const [one, two] = messages.map(({ status, headers, body }) => [status, headers['content-type'], body]);
    expect(one).toEqual(two);
    expect(one?.[2]).toEqual(Buffer.from(options.body ?? ''));
  });

  it.each([
    ['an argument', '/direct-argument?id=a%20b', '/gateway-argument?id=a%20b'],
    ['no argument', '/direct-argument?x=', '/gateway-argument?x='],
    [
      'an argument of odd characters',
      '/direct-argument?id=%41,|"{}<>\\^`é',
      '/gateway-argument?id=%41,|"{}<>\\^`é',
    ],
  ])('to the channel of %s', async (_name, direct, gateway) => {
    const first = await send('POST', Buffer.from(direct).toString('latin1'), { body: 'one' });
    expect([first.status, tookShortCut(first)]).toEqual([202, true]);
    const second = await send('POST', Buffer.from(gateway).toString('latin1'), { body: 'two' });
    expect(second.body.toString()).toContain('queued messages: 2');
  });

  it.each(['a,b', 'a:b', 'a"b', "a'b", 'a|b', '$njchan_action', 'a/b//c'.replace('//', '/'), '', '~', 'é{}'])(
    'to a channel whose name is %j',
    async (name) => {
      const raw = Buffer.from(name).toString('latin1');
      const first = await send('POST', `/direct/${raw}`, { body: 'one' });
      expect([first.status, tookShortCut(first)]).toEqual([202, true]);
      const second = await send('POST', `/gateway/${raw}`, { body: 'two' });
      expect(second.body.toString()).toContain('queued messages: 2');
    },
  );

  it('to a channel whose name is as long as may be, and not to one that is longer', async () => {
    const { direct } = await both('POST', () => `/${'x'.repeat(20)}`);
    expect([direct.status, tookShortCut(direct)]).toEqual([202, true]);
    const longer = await both('POST', () => `/${'x'.repeat(21)}`);
    expect([longer.direct.status, tookShortCut(longer.direct)]).toEqual([403, true]);
    expect(essence(longer.direct)).toEqual(essence(longer.gateway));
  });

  it('in chunks', async () => {
    const connection = await RawConnection.open(njchan.port);
    connection.send('POST /direct/chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    connection.send('3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n');
    const response = await connection.readResponse();
    expect([response.status, tookShortCut(response)]).toEqual([202, true]);
    expect((await send('GET', '/sub/chunked')).body.toString()).toBe('abcdefg');
  });

  it('from a nested location', async () => {
    const response = await send('POST', '/outer/inner/nested', { body: 'hi' });
    expect([response.status, tookShortCut(response)]).toEqual([202, true]);
    expect((await send('GET', '/sub/nested')).body.toString()).toBe('hi');
  });
});

describe('everything else goes through the gateway', () => {
  it.each<[string, string, (id: string) => string, RequestOptions]>([
    ['GET', 'GET', (id) => `/${id}`, {}],
    ['DELETE', 'DELETE', (id) => `/${id}`, {}],
    ['OPTIONS', 'OPTIONS', (id) => `/${id}`, {}],
    ['an unknown method', 'FOO', (id) => `/${id}`, {}],
    ['a method that is half of one', 'PO', (id) => `/${id}`, { headers: { 'If-None-Match': 'ST:' } }],
    ['an escaped name', 'POST', (id) => `/${id}%20x`, { body: 'hi' }],
    ['a line break and a header', 'POST', (id) => `/${id}%0d%0aA:%20b`, { body: 'hi' }],
    ['a final line break', 'POST', (id) => `/${id}%0a`, { body: 'hi' }],
    ['a needless escape', 'POST', (id) => `/${id}%41`, { body: 'hi' }],
    ['two slashes', 'POST', (id) => `//${id}`, { body: 'hi' }],
    ['a path with dots', 'POST', (id) => `/x/../${id}`, { body: 'hi' }],
    ['an empty query', 'POST', (id) => `/${id}?`, { body: 'hi' }],
    ['If-None-Match', 'POST', (id) => `/${id}`, { headers: { 'If-None-Match': '1:x' } }],
    ['If-Modified-Since', 'POST', (id) => `/${id}`, { headers: { 'If-Modified-Since': 'x' } }],
    ['Last-Event-ID', 'POST', (id) => `/${id}`, { headers: { 'Last-Event-ID': '1:x' } }],
    ['last_event_id', 'POST', (id) => `/${id}?last_event_id=1:x`, {}],
    ['Etag', 'POST', (id) => `/${id}`, { headers: { Etag: '1:0' } }],
    ['a control character', 'POST', (id) => `/${id}`, { headers: { Accept: 'a\x01b' } }],
    ['one in a header of others', 'POST', (id) => `/${id}`, { headers: { 'Sec-WebSocket-Key': 'a\x01b' } }],
  ])('%s', async (_name, method, rest, options) => {
    const { direct, gateway } = await both(method, rest, options);
    expect(tookShortCut(direct) && direct.status !== 400).toBe(false);
    expect(plain(essence(direct))).toBe(plain(essence(gateway)));
  });

  it('what was rewritten or redirected to the location', async () => {
    const rewritten = await send('POST', '/rewritten/by-rewriting', { body: 'hi' });
    expect([rewritten.status, tookShortCut(rewritten)]).toEqual([202, false]);
    // nginx makes it a GET.
    const redirected = await send('POST', '/server-error/x', { body: 'hi' });
    expect([redirected.status, tookShortCut(redirected)]).toEqual([404, false]);
  });
});

describe('access is decided before the short cut', () => {
  it.each([
    ['/denied/x', 403],
    ['/password/x', 401],
    ['/asked/x', 403],
    ['/internal/x', 404],
    ['/small/x', 418],
  ])('%s', async (target, status) => {
    const response = await send('POST', target, { body: 'twenty bytes of body' });
    expect(response.status).toBe(status);
    expect((await send('GET', '/direct/x')).status).toBe(404);
  });

  it('and lets through what it should', async () => {
    const response = await send('POST', '/either/let-through', { body: 'hi' });
    expect([response.status, tookShortCut(response)]).toEqual([202, true]);
    expect((await send('POST', '/small/little', { body: 'hi' })).status).toBe(202);
    const limited = await send('POST', '/limited/x-limited', { body: 'hi' });
    expect([limited.status, tookShortCut(limited)]).toEqual([202, false]);
    expect((await send('PUT', '/limited/x-limited', { body: 'hi' })).status).toBe(403);
  });
});

it('what a client says of the hand-off is not believed', async () => {
  const headers = {
    'Njchan-Direct-Channel': '/victim',
    Njchan_Direct_Channel: '/victim',
    'Njchan-Action': 'delete',
  };
  for (const way of ['direct', 'gateway']) {
    expect((await send('POST', `/${way}/mine`, { body: 'hi', headers })).status).toBe(202);
  }
  expect((await send('GET', '/direct/victim')).status).toBe(404);
});

it('captures are for other directives what they were', async () => {
  const { direct } = await both('POST', () => '/kept', { body: 'hi' });
  expect([tookShortCut(direct), direct.headers['x-capture']]).toEqual([true, 'kept']);
  const escaped = await send('POST', '/direct/kept%20too', { body: 'hi' });
  expect([tookShortCut(escaped), escaped.headers['x-capture']]).toEqual([false, 'kept too']);
});

import { beforeAll, describe, expect, it } from 'vitest';
import { LOCATIONS } from '../support/locations.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { RawConnection, type RawResponse, type RequestOptions, request } from '../support/raw-http.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: LOCATIONS });
});

const send = (method: string, target: string, options?: RequestOptions): Promise<RawResponse> =>
  request(njchan.port, method, target, options);
const post = (target: string, body: string | Uint8Array, headers = {}): Promise<RawResponse> =>
  send('POST', target, { body, headers });
/** Header lines without those that nginx writes to every response. */
const ownHeaders = (response: RawResponse): string[] =>
  response.headerLines.filter((line) => !/^(Server|Date|Connection):/.test(line));

const ID = String.raw`\d+:\d+`;

describe('publishing (spec/http-protocol.md §2)', () => {
  it('answers 202 and the four lines while nobody listens', async () => {
    const response = await post('/pub/nobody', 'hi');
    expect(response.statusLine).toBe('HTTP/1.1 202 Accepted');
    expect(ownHeaders(response)).toEqual([
      'Content-Type: text/plain',
      `Content-Length: ${response.body.length}`,
    ]);
    expect(response.body.toString()).toMatch(
      new RegExp(
        `^queued messages: 1\r\nlast requested: -1 sec. ago\r\nactive subscribers: 0\r\nlast message id: ${ID}$`,
      ),
    );
  });

  it('answers 201 while somebody listens', async () => {
    const waiting = await RawConnection.open(njchan.port);
    waiting.send('GET /sub/listener HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n');
    await waiting.readThrough(': hi\n\n');
    const response = await post('/pub/listener', 'hi', { Accept: 'text/json' });
    expect(response.statusLine).toBe('HTTP/1.1 201 Created');
    expect(JSON.parse(response.body.toString())).toMatchObject({ messages: 1, requested: 0, subscribers: 1 });
  });

  it.each(['POST', 'PUT'])('%s publishes', async (method) => {
    expect((await send(method, `/pub/by-${method}`, { body: 'hi' })).status).toBe(202);
    expect((await send('GET', `/sub/by-${method}`)).body.toString()).toBe('hi');
  });

  it.each([
    ['no body at all', ''],
    ['an empty body', 'Content-Length: 0\r\n'],
    ['an empty chunked body', 'Transfer-Encoding: chunked\r\n'],
  ])('%s is a message', async (_name, header) => {
    const connection = await RawConnection.open(njchan.port);
    const end = header.includes('chunked') ? '0\r\n\r\n' : '';
    connection.send(`POST /pub/empty-${header.length} HTTP/1.1\r\nHost: x\r\n${header}\r\n${end}`);
    expect((await connection.readResponse()).status).toBe(202);
    const message = await send('GET', `/sub/empty-${header.length}`);
    expect(message.statusLine).toBe('HTTP/1.1 200 OK');
    expect(message.headers['content-length']).toBe('0');
  });

  it('keeps every byte of a body, from all values to many megabytes', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await post('/pub/every-byte', every);
    expect((await send('GET', '/sub/every-byte')).body.equals(every)).toBe(true);
    const large = Buffer.alloc(20 * 1024 * 1024, every);
    expect((await post('/large/many-bytes', large)).status).toBe(202);
    expect((await send('GET', '/sub/many-bytes')).body.equals(large)).toBe(true);
  });

  it('takes chunked bodies', async () => {
    const connection = await RawConnection.open(njchan.port);
    connection.send('POST /pub/chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    connection.send('3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n');
    expect((await connection.readResponse()).status).toBe(202);
    expect((await send('GET', '/sub/chunked')).body.toString()).toBe('abcdefg');
  });

  it('keeps the content type verbatim, with its parameters', async () => {
    await post('/pub/typed', 'x', { 'Content-Type': 'text/foo; charset=x' });
    expect((await send('GET', '/sub/typed')).headers['content-type']).toBe('text/foo; charset=x');
  });

  it('refuses a content type that no long-poll could be told, and takes one that fits', async () => {
    const long = await post('/pub/long-type', 'x', { 'Content-Type': 'a'.repeat(1025) });
    expect([long.status, long.body.toString()]).toEqual([400, 'Content-Type too long']);
    expect((await post('/pub/long-type', 'x', { 'Content-Type': 'a'.repeat(1024) })).status).toBe(202);
    expect((await send('GET', '/sub/long-type')).headers['content-type']).toBe('a'.repeat(1024));
  });

  it('keeps the connection alive', async () => {
    const connection = await RawConnection.open(njchan.port);
    for (let i = 1; i <= 3; i++) {
      connection.send('POST /pub/alive HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi');
      const response = await connection.readResponse();
      expect(response.headers.connection).toBe('keep-alive');
      expect(response.body.toString()).toContain(`queued messages: ${i}`);
    }
  });

  it('speaks HTTP/1.0', async () => {
    const connection = await RawConnection.open(njchan.port);
    connection.send('POST /pub/ten HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi');
    expect((await connection.readResponse()).status).toBe(202);
  });

  it.each(['/small/declared', '/small/refused-chunked'])(
    'leaves too large a body to nginx: 413 at %s',
    async (target) => {
      const headers = target.endsWith('chunked') ? { 'Transfer-Encoding': 'chunked' } : undefined;
      const body = headers ? `800\r\n${'x'.repeat(0x800)}\r\n0\r\n\r\n` : 'x'.repeat(0x800);
      const response = await send('POST', target, { body, ...(headers ? { headers } : {}) });
      expect(response.statusLine).toBe('HTTP/1.1 413 Request Entity Too Large');
      expect(response.body.toString()).toContain('<center>nginx');
      expect((await send('GET', target.replace('small', 'pub'))).status).toBe(404);
    },
  );
});

describe('looking and deleting', () => {
  it('GET shows the figures, 404 for a channel that does not exist', async () => {
    const missing = await send('GET', '/pub/missing');
    expect(missing.statusLine).toBe('HTTP/1.1 404 Not Found');
    expect(ownHeaders(missing)).toEqual(['Content-Length: 0']);
    await post('/pub/there', 'a');
    await post('/pub/there', 'b');
    const there = await send('GET', '/pub/there');
    expect(there.statusLine).toBe('HTTP/1.1 200 OK');
    expect(there.body.toString()).toContain('queued messages: 2\r\nlast requested: -1 sec. ago');
  });

  it.each([
    [
      'text/json',
      'text/json',
      new RegExp(`^{"messages": 1, "requested": -1, "subscribers": 0, "last_message_id": "${ID}" }$`),
    ],
    ['application/xml', 'text/xml', new RegExp(`<last_message_id>${ID}</last_message_id>\r\n</channel>$`)],
    ['text/yaml', 'text/yaml', new RegExp(`^---\r\nmessages: 1\r\n.*last_message_id: "${ID}"\r\n\r\n$`, 's')],
    ['image/png', 'text/plain', /^queued messages: 1\r\n/],
  ])('Accept: %s gets %s', async (accept, contentType, body) => {
    await post(`/pub/as-${contentType.slice(5)}`, 'x');
    const response = await send('GET', `/pub/as-${contentType.slice(5)}`, { headers: { Accept: accept } });
    expect(response.headers['content-type']).toBe(contentType);
    expect(response.body.toString()).toMatch(body);
  });

  it('DELETE answers with the figures from before and ends what waits', async () => {
    const waiting = await RawConnection.open(njchan.port);
    waiting.send('GET /newest/doomed HTTP/1.1\r\nHost: x\r\n\r\n');
    await post('/pub/doomed', 'x');
    expect((await waiting.readResponse()).body.toString()).toBe('x');
    await post('/pub/doomed', 'y');
    const response = await send('DELETE', '/pub/doomed');
    expect(response.statusLine).toBe('HTTP/1.1 200 OK');
    expect(response.body.toString()).toContain('queued messages: 2\r\n');
    expect((await send('GET', '/pub/doomed')).body.toString()).toContain('queued messages: 0\r\n');
    expect((await send('DELETE', '/pub/never-was')).statusLine).toBe('HTTP/1.1 404 Not Found');
  });

  it('DELETE works at a pub/sub location', async () => {
    await post('/pubsub/both', 'x');
    expect((await send('DELETE', '/pubsub/both')).status).toBe(200);
  });
});

describe('limits of the buffer', () => {
  it('nchan_message_buffer_length keeps the newest', async () => {
    for (const text of ['a', 'b', 'c', 'd']) await post('/three/kept', text);
    expect((await send('GET', '/sub/kept')).body.toString()).toBe('b');
  });

  it('nchan_store_messages off keeps none', async () => {
    const response = await post('/unbuffered/none', 'x', { Accept: 'text/json' });
    expect(JSON.parse(response.body.toString()).messages).toBe(0);
  });

  it('nchan_message_timeout forgets them', async () => {
    await post('/short/lived', 'x');
    await expect
      .poll(async () => (await send('GET', '/pub/lived')).body.toString(), { timeout: 15_000 })
      .toContain('queued messages: 0');
  });

  it('values given by variables act on that request', async () => {
    const at = '/dynamic/vars?timeout=10m&length=';
    await post(`${at}5`, 'a');
    await post(`${at}5`, 'b');
    expect((await post(`${at}1`, 'c')).body.toString()).toContain('queued messages: 1\r\n');
  });

  it.each([
    ['?timeout=5x&length=1', 'invalid nchan_message_timeout value'],
    ['?timeout=5', 'missing nchan_message_buffer_length value'],
    ['?length=5', 'missing nchan_message_timeout value'],
    ['?timeout=5&length=abc', 'invalid nchan_message_buffer_length value'],
  ])('variables that give %s are refused', async (query, text) => {
    const response = await send('GET', `/dynamic/bad${query}`);
    expect(response.statusLine).toBe('HTTP/1.1 403 Forbidden');
    expect(ownHeaders(response)).toEqual(['Content-Type: text/plain', `Content-Length: ${text.length}`]);
    expect(response.body.toString()).toBe(text);
  });
});

describe('requests that a location does not take', () => {
  it.each([
    ['POST', '/longpoll/x', 403],
    ['DELETE', '/sub/x', 403],
    ['GET', '/websocket-publisher/x', 403],
    ['POST', '/websocket-publisher/x', 403],
    ['GET', '/eventsource/x', 403],
  ])('%s %s gets %i and no body', async (method, target, status) => {
    const response = await send(method, target, method === 'POST' ? { body: 'x' } : {});
    expect(response.status).toBe(status);
    expect(ownHeaders(response)).toEqual(['Content-Length: 0']);
  });

  it.each([
    ['PATCH', '/pub/x', 'GET, POST, PUT, DELETE, OPTIONS'],
    ['HEAD', '/sub/x', 'GET, OPTIONS'],
    ['FOO', '/pubsub/x', 'GET, POST, PUT, DELETE, OPTIONS'],
  ])('%s %s gets 405 and is told what is allowed', async (method, target, allow) => {
    const response = await send(method, target);
    expect(response.statusLine).toBe('HTTP/1.1 405 Method Not Allowed');
    expect(ownHeaders(response)).toEqual(['Content-Length: 0', `Allow: ${allow}`]);
  });

  it('a location without a channel id says so', async () => {
    const response = await send('GET', '/no-id');
    expect(response.statusLine).toBe('HTTP/1.1 404 Not Found');
    expect(ownHeaders(response)).toEqual(['Content-Type: text/plain', 'Content-Length: 23']);
    expect(response.body.toString()).toBe('No channel id provided.');
  });

  it('an id longer than nchan_max_channel_id_length is refused', async () => {
    expect((await post('/brief/12345678', 'x')).status).toBe(202);
    const response = await post('/brief/123456789', 'x');
    expect(response.statusLine).toBe('HTTP/1.1 403 Forbidden');
    expect(ownHeaders(response)).toEqual(['Content-Length: 0']);
  });

  it('groups keep channels apart; m and slashes are refused', async () => {
    await post('/grouped/same?group=one', 'in one');
    await post('/grouped/same?group=two', 'in two');
    expect((await send('GET', '/grouped/same?group=one')).body.toString()).toBe('in one');
    expect((await send('GET', '/grouped/same?group=m')).status).toBe(403);
    expect((await send('GET', '/grouped/same?group=a/b')).status).toBe(403);
  });

  it('a bad message id is refused whatever the method', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const response = await send(method, '/pubsub/x', { headers: { 'If-None-Match': 'x:1' } });
      expect(response.statusLine).toBe('HTTP/1.1 400 Bad Request');
      expect(response.body.toString()).toBe('Message ID invalid');
    }
  });
});

describe('CORS (spec/http-protocol.md §7)', () => {
  const origin = { Origin: 'http://o.com' };
  const allowed = ['Access-Control-Allow-Credentials: true', 'Access-Control-Allow-Origin: http://o.com'];
  const long = 'If-None-Match, If-Modified-Since, Content-Type, Cache-Control, X-EventSource-Event';

  it.each([
    ['/pub/x', 'GET, POST, PUT, DELETE', 'Content-Type'],
    ['/sub/x', 'GET', long],
    ['/pubsub/x', 'GET, POST, PUT, DELETE', long],
  ])('OPTIONS %s', async (target, methods, headers) => {
    const plain = await send('OPTIONS', target);
    expect(plain.statusLine).toBe('HTTP/1.1 200 OK');
    expect(ownHeaders(plain)).toEqual(['Content-Length: 0', `Allow: ${methods}`]);
    const cross = await send('OPTIONS', target, { headers: origin });
    expect(ownHeaders(cross)).toEqual([
      'Content-Length: 0',
      `Allow: ${methods}`,
      `Access-Control-Allow-Headers: ${headers}`,
      `Access-Control-Allow-Methods: ${methods}`,
      ...allowed,
    ]);
  });

  it('a websocket-only publisher does not answer OPTIONS', async () => {
    const response = await send('OPTIONS', '/websocket-publisher/x', { headers: origin });
    expect(response.status).toBe(403);
    expect(ownHeaders(response)).toEqual(['Content-Length: 0', ...allowed]);
  });

  it('every answer to an Origin names it', async () => {
    for (const response of [
      await post('/pub/cors', 'x', origin),
      await send('GET', '/pub/cors', { headers: origin }),
      await send('GET', '/pub/never-was', { headers: origin }),
      await send('GET', '/no-id', { headers: origin }),
    ]) {
      expect(ownHeaders(response)).toEqual(expect.arrayContaining(allowed));
    }
  });
});

it('directives of the location act on the answer', async () => {
  const response = await post('/decorated/x', 'x');
  expect(response.headers['x-decorated']).toBe('yes');
});

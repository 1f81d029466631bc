import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { untilSubscribers } from '../support/channel-figures.ts';
import { LOCATIONS } from '../support/locations.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { type RawResponse, request } from '../support/raw-http.ts';
import { clientFrame, HANDSHAKE, shakeHands, WEBSOCKET_KEY } from '../support/raw-websocket.ts';
import { type HandshakeRefused, openWebSocket, type WebSocketClient } from '../support/websocket.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: LOCATIONS });
});

const open = (target: string, options = {}): Promise<WebSocketClient> =>
  openWebSocket(`${njchan.url}${target}`, options);
const publish = (channel: string, body: string | Buffer, headers = {}): Promise<RawResponse> =>
  request(njchan.port, 'POST', `/pub/${channel}`, { body, headers });
const get = (target: string, headers = {}): Promise<RawResponse> =>
  request(njchan.port, 'GET', target, { headers });

/** A connection after its handshake, for tests that write frames by the byte. */
const raw = (target: string, ...headers: string[]) => shakeHands(njchan.port, target, headers);

describe('the handshake (spec/http-protocol.md §5.7)', () => {
  it('answers 101 with the accept key of RFC 6455', async () => {
    const { head } = await raw('/sub/shake', 'Origin: http://o.com');
    expect(head).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
    const accept = createHash('sha1')
      .update(`${WEBSOCKET_KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    expect(head).toContain(`Sec-WebSocket-Accept: ${accept}\r\n`);
    expect(head).toMatch(/Upgrade: websocket\r\n/i);
    expect(head).toContain(
      'Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Origin: http://o.com\r\n',
    );
    expect(head).not.toContain('Sec-WebSocket-Protocol');
  });

  it.each([
    ['Sec-WebSocket-Version', undefined, 'No Sec-Websocket-Version header present'],
    ['Sec-WebSocket-Version', '8', 'Unsupported websocket protocol version (only version 13 is supported)'],
    ['Sec-WebSocket-Version', 'x', 'Unsupported websocket protocol version (only version 13 is supported)'],
    ['Sec-WebSocket-Key', undefined, 'No Sec-Websocket-Key header present'],
    ['Sec-WebSocket-Key', 'short', 'No Sec-Websocket-Key header present'],
  ])('with %s %s is refused: %s', async (name, value, text) => {
    const headers: Record<string, string | undefined> = { ...HANDSHAKE, [name]: value };
    if (value === undefined) delete headers[name];
    const response = await get('/sub/shake', headers as Record<string, string>);
    expect(response.statusLine).toBe('HTTP/1.1 400 Bad Request');
    expect(response.headers['content-type']).toBe('text/plain');
    expect(response.body.toString()).toBe(text);
  });

  it.each([
    ['/no-id', 404],
    ['/longpoll/x', 403],
    ['/http-publisher/x', 403],
    ['/brief/much-too-long', 403],
  ])('at %s is answered %i like any request', async (target, status) => {
    const refused = (await open(target).catch((error: unknown) => error)) as HandshakeRefused;
    expect(refused.status).toBe(status);
  });
});

describe('a WebSocket subscriber', () => {
  it('gets buffered and live messages, text or binary by content type', async () => {
    await publish('mixed', 'buffered');
    const client = await open('/sub/mixed');
    expect(await client.message()).toEqual({ data: Buffer.from('buffered'), binary: false });
    await publish('mixed', Buffer.from([0, 255, 10]), { 'Content-Type': 'application/octet-stream' });
    expect(await client.message()).toEqual({ data: Buffer.from([0, 255, 10]), binary: true });
    await publish('mixed', '');
    expect((await client.message()).data.length).toBe(0);
  });

  it('gets messages of every frame size', async () => {
    const client = await open('/sub/sizes');
    for (const size of [125, 126, 65535, 65536, 900_000]) {
      await publish('sizes', 'x'.repeat(size));
      expect((await client.text()).length).toBe(size);
    }
  });

  it.each([
    [['ws+meta.nchan'], true],
    [['foo', 'ws+meta.nchan'], true],
  ])('offering %j gets id and content type in each frame', async (protocols) => {
    const channel = `meta-${protocols.length}`;
    const client = await open(`/sub/${channel}`, { protocols });
    expect(client.socket.protocol).toBe('ws+meta.nchan');
    await publish(channel, 'hi', { 'Content-Type': 'a/b' });
    expect(await client.text()).toMatch(/^id: \d+:\d+\ncontent-type: a\/b\n\nhi$/);
    await publish(channel, 'hi');
    expect(await client.text()).toMatch(/^id: \d+:\d+\n\nhi$/);
  });

  it('resumes by the id of its last frame', async () => {
    for (const text of ['a', 'b', 'c']) await publish('resume', text);
    const client = await open('/sub/resume', { protocols: ['ws+meta.nchan'] });
    const id = /^id: (.*)\n/.exec(await client.text())?.[1] as string;
    const resumed = await open(`/sub/resume?last_event_id=${encodeURIComponent(id)}`);
    expect([await resumed.text(), await resumed.text()]).toEqual(['b', 'c']);
  });

  it('is closed with 1001 "410 Gone" when the channel is deleted, after the last message', async () => {
    const client = await open('/sub/deleted');
    await untilSubscribers(njchan.port, '/pub/deleted', 1);
    await publish('deleted', 'last');
    await request(njchan.port, 'DELETE', '/pub/deleted');
    expect(await client.text()).toBe('last');
    expect(await client.closed).toEqual({ code: 1001, reason: '410 Gone' });
  });

  it('is closed with 1000 when nothing comes', async () => {
    const client = await open('/impatient/ws');
    expect(await client.closed).toEqual({ code: 1000, reason: '408 Request Timeout' });
  });

  it('is closed with 1008 when it publishes where it may not', async () => {
    const client = await open('/websocket/read-only');
    client.send('hello');
    expect((await client.closed).code).toBe(1008);
    expect((await get('/pub/read-only')).body.toString()).not.toContain('queued messages: 1');
  });

  it('answers pings with their payload, and a close frame with its code and reason', async () => {
    const client = await open('/sub/polite');
    const pong = new Promise((resolve) => client.socket.once('pong', resolve));
    client.socket.ping('are you there');
    expect(await pong).toEqual(Buffer.from('are you there'));
    expect(await client.close(4321, 'bye')).toEqual({ code: 4321, reason: 'bye' });
  });

  it('answers an empty close frame with one', async () => {
    const { connection } = await raw('/sub/empty-close');
    connection.send(clientFrame(0x88, ''));
    expect(await connection.readToEnd()).toEqual(Buffer.from([0x88, 0]));
  });

  it('is forgotten when it leaves, by FIN or by RST', async () => {
    const [fin, rst] = [await raw('/sub/leavers'), await raw('/sub/leavers')];
    await untilSubscribers(njchan.port, '/pub/leavers', 2);
    fin.connection.end();
    rst.connection.reset();
    await untilSubscribers(njchan.port, '/pub/leavers', 0);
  });
});

// At such a message the worker of Nchan crashes.
it.each([
  ['missing', '/publishes-nowhere/w-none', '404 Not Found'],
  ['refused', '/publishes-too-long/w-long', '403 Forbidden'],
])('a subscriber whose publisher’s id is %s is closed when it publishes', async (_fault, target, reason) => {
  const client = await open(target);
  await publish(target.split('/')[2] as string, 'theirs');
  expect(await client.text()).toBe('theirs');
  client.send('mine');
  expect(await client.closed).toEqual({ code: 1008, reason });
});

describe('a WebSocket publisher (spec/http-protocol.md §3)', () => {
  it('is told about each message in the format of its handshake', async () => {
    const client = await open('/websocket-publisher/told', { headers: { Accept: 'text/json' } });
    for (let i = 1; i <= 3; i++) {
      client.send(`m${i}`);
      expect(JSON.parse(await client.text())).toMatchObject({ messages: i, subscribers: 0 });
    }
  });

  it('gets its own messages instead where it also subscribes', async () => {
    const client = await open('/pubsub/echo');
    client.send('hello');
    expect(await client.text()).toBe('hello');
    client.send('again');
    expect(await client.text()).toBe('again');
  });

  it('publishes text with the content type of the handshake and binary as octet-stream', async () => {
    const client = await open('/websocket-publisher/types', { headers: { 'Content-Type': 'x/y' } });
    client.send('text');
    client.send(Buffer.from([1, 2, 255]));
    await client.message();
    await client.message();
    const text = await get('/sub/types');
    expect([text.headers['content-type'], text.body.toString()]).toEqual(['x/y', 'text']);
    const binary = await get('/last/types');
    expect(binary.headers['content-type']).toBe('application/octet-stream');
    expect(binary.body).toEqual(Buffer.from([1, 2, 255]));
  });

  it('may send a message in fragments', async () => {
    const { connection } = await raw('/pubsub/fragments');
    connection.send(clientFrame(0x01, 'one '));
    connection.send(clientFrame(0x89, 'ping'));
    connection.send(clientFrame(0x00, 'two '));
    connection.send(clientFrame(0x80, 'three'));
    expect(await connection.readBytes(6)).toEqual(Buffer.from('\x8a\x04ping', 'latin1'));
    expect(await connection.readBytes(15)).toEqual(Buffer.from('\x81\x0done two three', 'latin1'));
  });

  it('keeps the order of a burst', async () => {
    const subscriber = await open('/sub/burst');
    const publisher = await open('/websocket-publisher/burst');
    const sent = Array.from({ length: 500 }, (_, i) => `m${i}`);
    for (const text of sent) publisher.send(text);
    const got: string[] = [];
    for (let i = 0; i < sent.length; i++) got.push(await subscriber.text());
    expect(got).toEqual(sent);
  });

  it('is closed with 1009 for a message beyond the limit', async () => {
    const client = await open('/websocket-publisher/huge');
    client.send(Buffer.alloc(1024 * 1024 + 1));
    expect((await client.closed).code).toBe(1009);
  });
});

describe('malformed frames close that connection only', () => {
  it.each([
    ['not UTF-8 in a text frame', clientFrame(0x81, Buffer.from([0xc3, 0x28])), 1007],
    ['a frame without a mask', Buffer.from('\x81\x02hi', 'latin1'), 1002],
    ['an unknown opcode', clientFrame(0x83, 'x'), 1002],
    ['a reserved bit', clientFrame(0xc1, 'x'), 1002],
    ['a continuation of nothing', clientFrame(0x80, 'x'), 1002],
    [
      'a new message inside a fragmented one',
      Buffer.concat([clientFrame(1, 'x'), clientFrame(1, 'y')]),
      1002,
    ],
    ['a fragmented ping', clientFrame(0x09, 'x'), 1002],
    ['a ping that is too long', clientFrame(0x89, 'x'.repeat(126)), 1002],
    ['a close code that is none', clientFrame(0x88, Buffer.from([0, 1])), 1002],
  ])('%s', async (name, bytes, code) => {
    const channel = `malformed-${code}-${name.replaceAll(' ', '-')}`;
    const bystander = await open(`/pubsub/${channel}`);
    const { connection } = await raw(`/pubsub/${channel}`);
    connection.send(bytes);
    const answer = await connection.readToEnd();
    expect(answer[0]).toBe(0x88);
    expect(answer.readUInt16BE(2)).toBe(code);
    await publish(channel, 'still here');
    expect(await bystander.text()).toBe('still here');
  });

  it('random bytes, many times over', async () => {
    let seed = 12345;
    const random = (): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed >> 8;
    };
    const bystander = await open('/sub/random');
    for (let i = 0; i < 200; i++) {
      const { connection } = await raw('/pubsub/garbage');
      connection.send(Buffer.from(Array.from({ length: 1 + (random() % 64) }, () => random() & 255)));
      connection.destroy();
    }
    await publish('random', 'alive');
    expect(await bystander.text()).toBe('alive');
    expect(njchan.output()).not.toMatch(/restart| error /i);
  });
});

/** Messages that pass by the gateway, as they come to the sidecar: whatever their pieces, and whatever else comes. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { atEnd } from '../support/cleanup.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { parseResponse, type RawResponse, request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({
    config: `location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
             location ~ ^/sub/(.*)$ { nchan_subscriber longpoll; nchan_channel_id $1; }`,
  });
});

const SETTINGS = '{"publisher":["http"]}';

/** A request as nginx writes it. */
function message(channel: string, body = 'hi', more = ''): string {
  const lines = ['Host: njchan', `Njchan-Settings: ${SETTINGS}`, `Njchan-Direct-Channel: /${channel}`];
  return `POST / HTTP/1.1\r\n${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
}

const INFO = `POST /info HTTP/1.1\r\nHost: njchan\r\nNjchan-Settings: ${SETTINGS}\r\nNjchan-Action: info\r\n`;
const info = (channel: string): string => `${INFO}Njchan-Channels: /${channel}\r\n\r\n`;

/** A connection as nginx opens it. */
function open(to = njchan) {
  const socket = connect(join(to.runDir, 'sidecar.sock'));
  atEnd(() => void socket.destroy());
  let received = Buffer.alloc(0);
  let isClosed = false;
  socket.on('data', (part) => {
    received = Buffer.concat([received, part]);
  });
  socket.on('close', () => {
    isClosed = true;
  });
  socket.on('error', () => {});
  return {
    send: (text: string): boolean => socket.write(text, 'latin1'),
    /** Resolves when the sidecar has read what was written, as far as anybody can know. */
    flushed: (): Promise<void> => new Promise((resolve) => setImmediate(resolve)),
    async response(): Promise<RawResponse> {
      await waitFor('a response', () => parseResponse(received) !== undefined);
      const response = parseResponse(received) as RawResponse;
      received = received.subarray(response.bytes.length);
      return response;
    },
    end: () => socket.end(),
    closed: (): Promise<unknown> => waitFor('the end of a connection', () => isClosed),
  };
}

const stored = async (channel: string): Promise<string> =>
  (await request(njchan.port, 'GET', `/sub/${channel}`)).body.toString('latin1');

it('one connection takes one message after the other', async () => {
  const connection = open();
  for (const channel of ['one', 'two', 'three']) {
    connection.send(message(channel, channel, 'Content-Type: text/x\r\n'));
    expect((await connection.response()).status).toBe(202);
    expect(await stored(channel)).toBe(channel);
  }
});

it('a message may come in pieces, cut anywhere', async () => {
  const text = message('pieces', 'a\r\n\r\nbody');
  const cuts = Array.from({ length: text.length - 1 }, async (_, i) => {
    const connection = open();
    connection.send(text.slice(0, i + 1));
    await connection.flushed();
    connection.send(text.slice(i + 1));
    return (await connection.response()).status;
  });
  expect(new Set(await Promise.all(cuts))).toEqual(new Set([202]));
  expect(await stored('pieces')).toBe('a\r\n\r\nbody');
});

it('a message may be large, or empty, or without a length', async () => {
  const connection = open();
  const large = 'x'.repeat(5_000_000);
  connection.send(message('large', large));
  expect((await connection.response()).status).toBe(202);
  connection.send(message('empty', ''));
  expect((await connection.response()).status).toBe(202);
  connection.send(message('no-length', '').replace('Content-Length: 0\r\n', ''));
  expect((await connection.response()).status).toBe(202);
  expect((await stored('large')) === large).toBe(true);
  expect(await stored('empty')).toBe('');
});

it('bytes of a name and of a header stay what they are', async () => {
  const connection = open();
  connection.send(message('\xc3\xa9%', 'hi', 'Origin: \xe9\r\n'));
  const response = await connection.response();
  expect([response.status, response.headers['access-control-allow-origin']]).toEqual([202, '\xe9']);
  expect(await stored('%C3%A9%25')).toBe('hi');
});

describe('a connection goes to the HTTP server', () => {
  it.each([
    ['with its first request', [info('none')], [404]],
    [
      'with a request of the gateway after a message',
      [message('x1'), info('x1'), message('x1')],
      [202, 200, 202],
    ],
    ['with a hand-off to the same target', [info('none').replace('/info', '/')], [404]],
    [
      'with a body in chunks',
      [
        message('x2', '')
          .replace('Content-Length: 0', 'Transfer-Encoding: chunked')
          .concat('2\r\nhi\r\n0\r\n\r\n'),
      ],
      [202],
    ],
    ['with a head that is none', ['POST / HTTP/1.1\r\nno colon\r\n\r\n'], []],
    ['with another protocol', ['\x00\x01\x02'], []],
  ])('%s', async (_name, requests, statuses) => {
    const connection = open();
    for (let i = 0; i < requests.length; i++) {
      connection.send(requests[i] as string);
      if (i < statuses.length) expect((await connection.response()).status).toBe(statuses[i]);
    }
    if (statuses.length === 0) await connection.closed();
  });

  it('in the middle of a request', async () => {
    const connection = open();
    const text = info('none');
    for (const part of [text.slice(0, 3), text.slice(3, 20), text.slice(20)]) {
      connection.send(part);
      await connection.flushed();
    }
    expect((await connection.response()).status).toBe(404);
  });
});

it.each([
  ['more body than was announced', `${message('over')}more`],
  ['a length that is none', message('bad-length').replace('Length: 2', 'Length: -2')],
])('%s closes the connection, and nothing is published', async (_name, text) => {
  const connection = open();
  connection.send(text);
  await connection.closed();
  expect((await request(njchan.port, 'GET', '/pub/over')).status).toBe(404);
  expect((await request(njchan.port, 'GET', '/pub/bad-length')).status).toBe(404);
});

it('a connection that nginx closes is closed, wherever it stands', async () => {
  for (const text of ['', 'POST', message('half').slice(0, -1), `${message('done')}`]) {
    const connection = open();
    if (text !== '') connection.send(text);
    connection.end();
    await connection.closed();
  }
});

it('a message that is cut off is not published', async () => {
  const connection = open();
  connection.send(message('cut').slice(0, -1));
  connection.end();
  await connection.closed();
  expect((await request(njchan.port, 'GET', '/pub/cut')).status).toBe(404);
});

it('bad settings are no hand-off', async () => {
  const connection = open();
  connection.send(message('x').replace(SETTINGS, '{'));
  const response = await connection.response();
  expect([response.status, response.body.toString()]).toEqual([400, 'not a hand-off\n']);
  await connection.closed();
});

it('a head in many pieces is read all the same', async () => {
  const connection = open();
  for (const char of message('crumbs')) {
    connection.send(char);
    await connection.flushed();
  }
  expect((await connection.response()).status).toBe(202);
  expect(await stored('crumbs')).toBe('hi');
});

it.each([
  ['that come before an answer', 2, 100],
  ['whose answers nobody takes', 100_000, 1],
])('requests %s close the connection', async (_name, count, atOnce) => {
  const socket = connect(join(njchan.runDir, 'sidecar.sock'));
  atEnd(() => void socket.destroy());
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.pause();
  const text = message('greedy', 'hi').repeat(atOnce);
  for (let i = 0; i < count && !socket.destroyed; i++) {
    if (!socket.write(text))
      await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.resume();
  await closed;
});

it('a sidecar that stops answers what it has begun to read, and keeps no connection', async () => {
  const own = await startNjchan({
    config: 'location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }',
  });
  const [idle, busy] = [open(own), open(own)];
  idle.send(message('first'));
  expect((await idle.response()).status).toBe(202);
  const text = message('last');
  busy.send(text.slice(0, -1));
  // It has been read when what was sent later over another connection is answered.
  idle.send(message('second'));
  expect((await idle.response()).headers.connection).toBeUndefined();
  process.kill(await own.sidecarPid(), 'SIGTERM');
  await idle.closed();
  busy.send(text.slice(-1));
  const response = await busy.response();
  expect([response.status, response.headers.connection]).toEqual([202, 'close']);
  await busy.closed();
});

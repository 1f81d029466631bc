/** HTTP/2 through nginx, with prior knowledge: EventSource and polling work as over HTTP/1.1 (Nchan's streams do not). */
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilSubscribers } from '../support/channel-figures.ts';
import { LOCATIONS } from '../support/locations.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

let session: ClientHttp2Session;
let http1: number;
beforeAll(async () => {
  const http2 = await freePort();
  const config = (port: number): string => nginxConf(port, `listen 127.0.0.1:${http2} http2;${LOCATIONS}`);
  http1 = (await startNjchan({ config })).port;
  session = connect(`http://127.0.0.1:${http2}`);
});
afterAll(() => session?.destroy());

interface Exchange {
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  text: string;
  ended: boolean;
  close(): void;
}

function get(path: string, headers: Record<string, string> = {}): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ...headers });
    stream.on('error', reject);
    stream.on('response', (response) => {
      const exchange: Exchange = { headers: response, text: '', ended: false, close: () => stream.close() };
      stream.setEncoding('utf8').on('data', (text: string) => {
        exchange.text += text;
      });
      stream.on('end', () => {
        exchange.ended = true;
      });
      resolve(exchange);
    });
    stream.end();
  });
}
const publish = (channel: string, body: string): Promise<unknown> =>
  request(http1, 'POST', `/pub/${channel}`, { body });

describe('over HTTP/2', () => {
  it('EventSource gets buffered and live events and the end', async () => {
    await publish('events', 'one');
    const stream = await get('/sub/events', { accept: 'text/event-stream' });
    expect(stream.headers[':status']).toBe(200);
    expect(stream.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(stream.headers.connection).toBeUndefined();
    await waitFor('the buffered one', () => stream.text.includes('data: one\n\n'));
    await publish('events', 'two');
    await waitFor('the live one', () => stream.text.includes('data: two\n\n'));
    await request(http1, 'DELETE', '/pub/events');
    await waitFor('the end', () => stream.ended);
    expect(stream.text.startsWith(': hi\n\nid: ')).toBe(true);
    expect(stream.text.endsWith(':410: 410 Gone\n\n')).toBe(true);
  });

  it('many streams share a connection, and one that is closed leaves the others alone', async () => {
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => get('/sub/shared', { accept: 'text/event-stream' })),
    );
    streams[0]?.close();
    await untilSubscribers(http1, '/pub/shared', 19);
    await publish('shared', 'x');
    await waitFor('all others', () => streams.slice(1).every(({ text }) => text.includes('data: x\n\n')));
  });

  it('a long-poll waits and is answered with its id', async () => {
    const waiting = get('/longpoll/poll');
    await untilSubscribers(http1, '/pub/poll', 1);
    await publish('poll', 'x');
    const answer = await waiting;
    await waitFor('the body', () => answer.ended);
    expect([answer.headers[':status'], answer.headers.etag, answer.text]).toEqual([200, '0', 'x']);
  });

  it('chunked transfer, which HTTP/2 does not have, is not chosen', async () => {
    await publish('te', 'x');
    const answer = await get('/sub/te', { te: 'trailers' });
    await waitFor('the body', () => answer.ended);
    expect([answer.headers['transfer-encoding'], answer.text]).toEqual([undefined, 'x']);
  });
});

/** The gateway inside a real nginx: what its variables and headers really hold, which test/njs has to assume. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCompiled } from '../support/compiled-nginx.ts';
import { REPOSITORY } from '../support/files.ts';
import { nginxConf } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { RawConnection } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

/** Frames of RFC 9113 §4.1, with header fields of RFC 7541 that are neither indexed nor compressed. */
const HEADERS = 1;
const SETTINGS = 4;
/** Flags: the end of the request, and of its headers. */
const END_OF_ALL = 5;
/** `:method: GET` and `:scheme: http` in the static table. */
const GET_HTTP = '\x82\x86';
const prefixed = (text: string): string => String.fromCharCode(text.length) + text;

function frame(type: number, flags: number, stream: number, payload: string): string {
  return String.fromCharCode(0, 0, payload.length, type, flags, 0, 0, 0, stream) + payload;
}

describe('in nginx', () => {
  let base = '';
  let http2Port = 0;

  /** What the sidecar is sent for a request. */
  async function sent(path: string, headers: Record<string, string> = {}): Promise<IncomingHttpHeaders> {
    const response = await fetch(`${base}${path}`, { headers });
    return (await response.json()) as IncomingHttpHeaders;
  }

  beforeAll(async () => {
    const port = await freePort();
    http2Port = await freePort();
    base = `http://127.0.0.1:${port}`;
    const sidecar = createServer((request, response) => response.end(JSON.stringify(request.headers)));
    sidecar.on('upgrade', (request, socket) => {
      const text = JSON.stringify(request.headers);
      socket.end(`HTTP/1.1 200 OK\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`);
    });
    await runCompiled(
      nginxConf(
        port,
        `
    listen 127.0.0.1:${http2Port} http2;
    nchan_subscriber longpoll chunked;
    location ~ ^/split/(.*)/(.*)$ { nchan_channel_id $1 $2 fixed; nchan_channel_id_split_delimiter ,; }
    location ~ ^/arrow/(.*)$ { nchan_channel_id $1; nchan_channel_id_split_delimiter "→"; }
    location /ids { nchan_channel_id x; nchan_subscriber_last_message_id $arg_a $http_x_last; }
    location /usual { nchan_channel_id x; rewrite_log off; } # else it passes by the gateway
    location /legacy { set $push_channel_id old; }
    location /settings {
      nchan_channel_id x;
      nchan_eventsource_ping_data "é \\"\\\\ \\t $x";
      nchan_websocket_client_heartbeat '{"ping": 1}' "it's";
    }`,
      ),
      sidecar,
      { njsBundle: join(REPOSITORY, 'dist/njs/njchan.js') },
    );
    await waitFor('nginx to answer', () => fetch(base).then(() => true));
  });

  it('several ids are split byte by byte', async () => {
    expect((await sent('/split/a,b,/c'))['njchan-channels']).toBe('/a,/b%2C,/c,/fixed');
    expect((await sent('/split/%ff,a%0d,/'))['njchan-channels']).toBe('/%FF,/a%0D%2C,/,/fixed');
    expect((await sent('/arrow/%e2%86%92%c3%a9%e2%86%92%e2%86%92%e2%86'))['njchan-channels']).toBe(
      '/,/%C3%A9,/,/%E2%86',
    );
  });

  it('a location without sources of its own uses the usual ones', async () => {
    expect((await sent('/usual?last_event_id=5%3A1'))['njchan-message-id']).toBe('5:1');
    expect((await sent('/usual', { 'Last-Event-ID': '6:1' }))['njchan-message-id']).toBe('6:1');
  });

  it('sources of the location stand for them', async () => {
    expect((await sent('/ids?last_event_id=5:1'))['njchan-message-id']).toBeUndefined();
    expect((await sent('/ids', { 'X-Last': '7:1' }))['njchan-message-id']).toBe('7:1');
    expect((await sent('/ids?a=8:1', { 'X-Last': '7:1' }))['njchan-message-id']).toBe('8:1');
  });

  it('an id in a header named Etag counts', async () => {
    expect((await sent('/usual', { Etag: '5:2' }))['njchan-message-id']).toBe('5:2');
  });

  it('the legacy variable names the channel', async () => {
    expect((await sent('/legacy'))['njchan-channels']).toBe('/old');
  });

  it('settings arrive as they were written', async () => {
    const settings = (await sent('/settings'))['njchan-settings'] as string;
    expect(JSON.parse(settings)).toMatchObject({
      eventsourcePingData: 'é "\\ \t $x',
      websocketHeartbeat: ['{"ping": 1}', "it's"],
    });
  });

  it('a request by HTTP/2 gets no chunks, which are none of its', async () => {
    expect((await sent('/usual', { TE: 'chunked' }))['njchan-transport']).toBe('http-chunked');
    // Node refuses to send such a TE by HTTP/2, so the frames are made by hand.
    const connection = await RawConnection.open(http2Port);
    connection.send(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`);
    connection.send(frame(SETTINGS, 0, 0, ''));
    const te = `\0${prefixed('te')}${prefixed('chunked')}`;
    connection.send(
      frame(HEADERS, END_OF_ALL, 1, `${GET_HTTP}\x04${prefixed('/usual')}\x01${prefixed('x')}${te}`),
    );
    const answer = (await connection.readThrough('"njchan-nginx"')).toString('latin1');
    expect(answer).toContain('"njchan-transport":"longpoll"');
  });
});

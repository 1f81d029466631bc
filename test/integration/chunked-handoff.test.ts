/** How the chunked transport gets through nginx: the sidecar's chunks must arrive as it made them. */
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCompiled } from '../support/compiled-nginx.ts';
import { REPOSITORY } from '../support/files.ts';
import { nginxConf } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { RawConnection, type RawResponse } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

const CHUNKS = '5\r\nplain\r\n9\r\ntwo\nlines\r\n1\r\n\0\r\n0\r\n\r\n';

let port = 0;

async function get(
  path: string,
  headers: Record<string, string> = {},
  version = '1.1',
): Promise<RawResponse> {
  const connection = await RawConnection.open(port);
  const lines = Object.entries({ Host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  connection.send(`GET ${path} HTTP/${version}\r\n${lines.join('')}\r\n`);
  return connection.readResponse();
}

const transferEncodings = ({ headerLines }: RawResponse): string[] =>
  headerLines.filter((line) => /^transfer-encoding:/i.test(line));

describe('behind nginx', () => {
  beforeAll(async () => {
    port = await freePort();
    const sidecar = createServer((_request, response) => {
      response.writeHead(403, { 'Content-Length': 7 });
      response.end('refused');
    });
    // A streaming transport writes its answer to the bare connection; its end is the connection's.
    sidecar.on('upgrade', (request: IncomingMessage, socket) => {
      const transport = request.headers['njchan-transport'];
      socket.end(`HTTP/1.1 200 OK\r\n\r\n${transport === 'http-chunked' ? CHUNKS : transport}`);
    });
    await runCompiled(
      nginxConf(
        port,
        `
    gzip on; gzip_types *;
    location = /plain { nchan_subscriber chunked eventsource multipart; nchan_channel_id x; }
    location = /own { nchan_subscriber chunked; nchan_channel_id x; add_header X-Own "yes"; expires 1h; }
    location = /expires { nchan_subscriber chunked longpoll; nchan_channel_id x; expires 1h; }
    location = /refused { nchan_subscriber chunked; nchan_channel_id x; nchan_max_channel_id_length 0; }
    location = /without { nchan_subscriber eventsource; nchan_channel_id x; expires 1h; }`,
        'add_header X-Http yes;',
      ),
      sidecar,
      { njsBundle: join(REPOSITORY, 'dist/njs/njchan.js') },
    );
    await waitFor('nginx to answer', () => fetch(`http://127.0.0.1:${port}/`).then(() => true));
  });

  it.each(['1.1', '1.0'])('chunks arrive as they are, announced once, by HTTP/%s', async (version) => {
    const response = await get('/plain', { TE: 'chunked' }, version);
    expect(response.status).toBe(200);
    expect(transferEncodings(response)).toEqual(['Transfer-Encoding: chunked']);
    expect(response.headers['content-length']).toBeUndefined();
    expect(response.bytes.toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(CHUNKS);
  });

  it('a client that reads chunks gets the messages', async () => {
    const response = await get('/plain', { TE: 'chunked', 'Accept-Encoding': 'gzip' });
    expect(response.body.toString()).toBe('plaintwo\nlines\0');
  });

  it.each([
    ['text/event-stream, */*', 'eventsource'],
    ['multipart/mixed', 'http-multipart'],
  ])('another transport is not announced: %s', async (accept, transport) => {
    const connection = await RawConnection.open(port);
    connection.send(`GET /plain HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\n\r\n`);
    const text = (await connection.readToEnd()).toString();
    expect(text).not.toMatch(/transfer-encoding/i);
    expect(text.endsWith(`\r\n\r\n${transport}`)).toBe(true);
  });

  it('headers of the location, or else of the outer levels, stay', async () => {
    const own = await get('/own', { TE: 'chunked' });
    expect(own.headers).toMatchObject({ 'x-own': 'yes', 'cache-control': 'max-age=3600' });
    expect(own.headers['x-http']).toBeUndefined();
    expect(transferEncodings(own)).toHaveLength(1);
    for (const path of ['/plain', '/expires']) {
      const response = await get(path, { TE: 'chunked' });
      expect(response.headers['x-http']).toBe('yes');
      expect(transferEncodings(response)).toHaveLength(1);
    }
    const without = await RawConnection.open(port);
    without.send('GET /without HTTP/1.1\r\nHost: x\r\nTE: chunked\r\nAccept: text/event-stream\r\n\r\n');
    expect((await without.readToEnd()).toString()).toContain('X-Http: yes\r\n');
  });

  it('an answer that is no stream keeps its length', async () => {
    for (const path of ['/refused', '/expires']) {
      const response = await get(path);
      expect(response.headers['content-length']).toBe('7');
      expect(transferEncodings(response)).toEqual([]);
    }
  });
});

/** The hand-off is the gateway's alone: nothing that a client sends adds to it, and nobody else may speak it. */
import { spawn, spawnSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DIRECT, HANDOFF, NGINX_HEADER, SECRET_HEADER } from '../../handoff/headers.ts';
import { threat } from '../security/threats.ts';
import { atEnd } from '../support/cleanup.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { LOCATIONS } from '../support/locations.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: LOCATIONS });
});

describe('internal headers that a client sends', () => {
  const values: Record<string, string> = {
    'Njchan-Action': 'delete',
    'Njchan-Transport': 'websocket',
    'Njchan-Channels': '/victim',
    'Njchan-Publisher-Channels': '/victim',
    'Njchan-Settings': '{"messageBufferLength":0,"publisher":["http"]}',
    'Njchan-Message-Id': '1:0',
    'Njchan-Message-Timeout': '1',
    'Njchan-Message-Buffer-Length': '0',
    'Njchan-Refusal': 'internal_error',
    'Njchan-Redis-Upstream': 'victim',
    'Njchan-Group-Limits': '1,1,1,1,1',
    [DIRECT.channel.header]: '/victim',
    [DIRECT.transport.header]: 'longpoll',
    [DIRECT.queryId.header]: '1:0',
    'Njchan-Allow-Origin': 'http://victim',
    'Njchan-Expires': '1',
    'Njchan-Read-Only': '1',
    [SECRET_HEADER]: 'guess',
    [NGINX_HEADER]: 'apache',
  };
  const names = Object.values(HANDOFF).map(({ header }) => header);

  it('the test knows them all', () => {
    expect(
      [...names, ...Object.values(DIRECT).map(({ header }) => header), SECRET_HEADER, NGINX_HEADER]
        .filter((name) => name.startsWith('Njchan'))
        .sort(),
    ).toEqual(Object.keys(values).sort());
  });

  it.each([
    ['as they are', (name: string) => name],
    ['in lower case', (name: string) => name.toLowerCase()],
    ['with underscores', (name: string) => name.replaceAll('-', '_')],
    ['by the name of Nchan', (name: string) => name.replace('Njchan', 'Nchan')],
  ])('change nothing: %s', async (how, rename) => {
    await request(njchan.port, 'POST', '/pub/victim', { body: 'safe' });
    const channel = `mine-${how.replaceAll(' ', '-')}`;
    const headers = Object.fromEntries(Object.entries(values).map(([name, value]) => [rename(name), value]));
    expect((await request(njchan.port, 'POST', `/pub/${channel}`, { body: 'a', headers })).status).toBe(202);
    expect((await request(njchan.port, 'POST', `/pub/${channel}`, { body: 'b', headers })).status).toBe(202);
    const first = await request(njchan.port, 'GET', `/longpoll/${channel}`, { headers });
    expect([first.status, first.body.toString()]).toEqual([200, 'a']);
    const forbidden = await request(njchan.port, 'GET', '/grouped/x?group=m', { headers });
    expect(forbidden.status).toBe(403);
    expect((await request(njchan.port, 'GET', '/longpoll/victim')).body.toString()).toBe('safe');
  });

  it('nginx variables in the query or the path are only text', async () => {
    const target = '/pub/$njchan_channels?njchan_channels=/victim&njchan_action=delete';
    expect((await request(njchan.port, 'POST', target, { body: 'x' })).status).toBe(202);
    expect((await request(njchan.port, 'GET', '/longpoll/victim')).body.toString()).toBe('safe');
  });

  it('the hand-off location is not reachable from outside', async () => {
    for (const target of ['/@njchan', '@njchan', '/%40njchan']) {
      const response = await request(njchan.port, 'GET', target);
      expect([400, 404]).toContain(response.status);
    }
  });
});

describe('headers that nginx takes and Node does not', () => {
  it.each(['Content-Type', 'Origin', 'Accept', 'X-EventSource-Event'])(
    '%s with a control character is 400',
    async (name) => {
      for (const value of ['a\x01b', 'a\x7fb', '\x1f']) {
        const response = await request(njchan.port, 'POST', '/pub/control', {
          body: 'x',
          headers: { [name]: value },
        });
        expect(response.status).toBe(400);
      }
      expect((await request(njchan.port, 'GET', '/pub/control')).status).toBe(404);
    },
  );

  it('a handshake that is no GET is none', async () => {
    const headers = { Connection: 'upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    expect((await request(njchan.port, 'POST', '/sub/x', { body: 'x', headers })).status).toBe(403);
    expect((await request(njchan.port, 'POST', '/pub/shake', { body: 'x', headers })).status).toBe(202);
  });
});

it('compression by nginx does not cost clients their Etag', async () => {
  const gzip = 'gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;';
  const zipped = await startNjchan({
    config: `${gzip} location ~ ^/(?<id>.*)$ { gzip on; nchan_pubsub; nchan_channel_id $id; }`,
  });
  const type = { 'Content-Type': 'text/html' };
  await request(zipped.port, 'POST', '/x', { body: 'x'.repeat(2000), headers: type });
  const response = await request(zipped.port, 'GET', '/x', { headers: { 'Accept-Encoding': 'gzip' } });
  expect(response.headers.etag).toMatch(/^\d+$/);
  expect(response.body.toString()).toBe('x'.repeat(2000));
});

describe('channel ids with bytes that mean something elsewhere', () => {
  it.each([
    ['a line break', '%0d%0aNjchan-Action:%20delete'],
    ['a final line break', 'final%0a'],
    ['a comma', 'one,two'],
    ['a quote and a brace', '%22%7D'],
    ['a percent sign', '100%25'],
    ['invalid UTF-8', '%ff%fe'],
    ['a byte 0x19', '%19'],
    ['a colon', 'a:b'],
  ])('%s', async (_name, id) => {
    const config = `location ~* "^/raw/(?<rest>[\\s\\S]*)$" { nchan_pubsub; nchan_channel_id $rest; }`;
    raw ??= await startNjchan({ config });
    const body = `for ${id}`;
    expect((await request(raw.port, 'POST', `/raw/${id}`, { body })).status).toBe(202);
    expect((await request(raw.port, 'GET', `/raw/${id}`)).body.toString()).toBe(body);
  });
  let raw: Njchan | undefined;
});

describe('the unix socket', () => {
  const path = (): string => join(njchan.runDir, 'sidecar.sock');

  it('belongs to nginx’s user and is closed to everyone else', async () => {
    threat('sidecar-socket');
    const { mode, uid } = statSync(path());
    expect(mode & 0o777).toBe(0o600);
    const worker = spawnSync('ps', ['-o', 'uid=', '--ppid', String(await njchan.nginxPid())]);
    expect(worker.stdout.toString().split('\n')[0]?.trim()).toBe(String(uid));
    const sidecar = spawnSync('ps', ['-o', 'uid=', '-p', String(await njchan.sidecarPid())]);
    expect(sidecar.stdout.toString().trim()).toBe(String(uid));
  });

  it.each([
    ['nothing', {}],
    ['an unknown action', { 'Njchan-Action': 'format' }],
    ['no channel', { 'Njchan-Action': 'publish' }],
    ['a channel that is not encoded', { 'Njchan-Action': 'publish', 'Njchan-Channels': 'a b' }],
    [
      'settings that are no JSON',
      { 'Njchan-Action': 'info', 'Njchan-Channels': '/a', 'Njchan-Settings': '{' },
    ],
    ['a bad id', { 'Njchan-Action': 'info', 'Njchan-Channels': '/a', 'Njchan-Message-Id': 'x' }],
    [
      'a publisher’s channel that is not encoded',
      { 'Njchan-Action': 'subscribe', 'Njchan-Channels': '/a', 'Njchan-Publisher-Channels': 'a b' },
    ],
    ['an upstream that is not encoded', { 'Njchan-Action': 'redis_stats', 'Njchan-Redis-Upstream': 'a b' }],
    [
      'limits that are none',
      { 'Njchan-Action': 'info', 'Njchan-Channels': '/a', 'Njchan-Group-Limits': '5' },
    ],
    ['a group without a name', { 'Njchan-Action': 'group_delete' }],
    ['an unknown refusal', { 'Njchan-Action': 'refuse', 'Njchan-Refusal': 'toString' }],
    ['an upgrade with nothing', { Connection: 'upgrade', Upgrade: 'websocket' }],
  ])('answers a request with %s by 400', async (_name, headers) => {
    const status = await new Promise((resolve, reject) => {
      const sent = httpRequest({ socketPath: path(), path: '/', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.on('error', reject).end();
    });
    expect(status).toBe(400);
  });
});

describe('over TCP', () => {
  it('every hand-off must carry the secret', async () => {
    const port = await freePort();
    const config = join(tempDir(), 'sidecar.json');
    const secret = 'correct horse battery';
    writeFileSync(config, JSON.stringify({ listen: { address: `127.0.0.1:${port}`, secret } }));
    const child = spawn(process.execPath, [join(REPOSITORY, 'dist/sidecar/main.js'), '--config', config]);
    atEnd(() => void child.kill());
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    await waitFor('the sidecar', () => log.includes('ready'));
    const headers = { 'Njchan-Action': 'publish', 'Njchan-Channels': '/a' };
    const status = async (more: Record<string, string>): Promise<number> =>
      (await request(port, 'POST', '/', { body: 'x', headers: { ...headers, ...more } })).status;
    expect(await status({})).toBe(400);
    expect(await status({ 'Njchan-Secret': 'correct horse batterx' })).toBe(400);
    expect(await status({ 'Njchan-Secret': '' })).toBe(400);
    expect(await status({ 'Njchan-Secret': secret })).toBe(202);
  });

  it.each([
    ['{"listen":{"address":"127.0.0.1:1"}}', '"listen.secret" must have at least 16 characters'],
    ['{"listen":{}}', '"listen" must have either "socket" or "address"'],
    ['{"listen":{"socket":"/x"},"limits":{"bytes":1}}', 'unknown limit "bytes"'],
    ['{"listen":{"socket":"/x"},"redis":{"upstreams":[]}}', '"redis.upstreams" must be an object'],
    [
      '{"listen":{"socket":"/x"},"hooks":{"sockets":"/h","redis":[null]}}',
      '"hooks" must have a text "sockets"',
    ],
    ['{', 'JSON'],
  ])('a configuration file %s is refused by name', (text, message) => {
    const file = join(tempDir(), 'sidecar.json');
    writeFileSync(file, text);
    const result = spawnSync(process.execPath, [join(REPOSITORY, 'dist/sidecar/main.js'), '--config', file]);
    expect(result.status).toBe(1);
    expect(result.stderr.toString()).toContain(`${file}: `);
    expect(result.stderr.toString()).toContain(message);
  });
});

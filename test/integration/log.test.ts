/** What a running njchan logs of a request that goes wrong: its id, and nothing that is nobody's business. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempDir } from '../support/files.ts';
import { startHookApplication } from '../support/hook-application.ts';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';

const application = await startHookApplication();
application.answer = (_, response) => response.destroy();

/** Makes the sidecar, and no other process, throw what nobody catches when it gets SIGUSR2. */
const FAULTY = `if (process.argv[1].endsWith("sidecar/main.js"))
  process.on("SIGUSR2", () => { throw new Error("un\\nexpected"); });`;
const FAULTY_ENV = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(FAULTY)}` };

async function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<[njchan: Njchan, accessLog: string]> {
  const accessLog = join(tempDir(), 'access.log');
  const server = `
    access_log ${accessLog} ids;
    location ~ ^/asked/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /app/; }
    location /app/ { proxy_pass ${application.url}; }
    location ~ ^/big/(.*)$ {
      nchan_publisher; nchan_channel_id $1; nchan_channel_group $arg_group; client_max_body_size 4m; }
    location ~ ^/talk/(.*)$ { nchan_pubsub; nchan_channel_id $1; }`;
  const http = "log_format ids '$request_id'; nchan_shared_memory_size 1m;";
  const njchan = await startNjchan({ config: (port) => nginxConf(port, server, http), args, env });
  return [njchan, accessLog];
}

/** Publishes something that fails, and returns the line about it. */
async function fail(njchan: Njchan, target: string, body: string, code: string): Promise<string> {
  const headers = {
    Authorization: 'Bearer sekret.to.ken',
    Cookie: 'session=sekret',
    'X-Request-Id': 'sekret',
  };
  await request(njchan.port, 'POST', target, { body, headers });
  return lineWith(njchan, code);
}

async function lineWith(njchan: Njchan, code: string): Promise<string> {
  const line = () =>
    njchan
      .output()
      .split('\n')
      .find((text) => text.includes(code));
  return (await waitFor(`a line with ${code}`, line)) as string;
}

/** nginx's id for the last request, which it logs when that is over. */
const lastId = (accessLog: string) =>
  waitFor('the access log', () => readFileSync(accessLog, 'utf8').trim().split('\n').at(-1));
const CHANNEL = 'x%1b%5b31m%e2%80%a8%07';

describe('the log', () => {
  it('has the id that nginx has for the request, and neither message nor credentials', async () => {
    const [njchan, accessLog] = await start([]);
    const line = await fail(njchan, `/asked/${CHANNEL}?token=sekret`, 'sekret message', 'NJ-HOOK-PUBLISH');
    expect(line).toMatch(
      / warn sidecar: a nchan_publisher_upstream_request failed: .* location=\S+:\d+ request=[0-9a-f]{32}$/,
    );
    expect(line).toContain(`request=${await lastId(accessLog)}`);
    const own = njchan
      .output()
      .split('\n')
      .filter((text) => / (?:info|warn|error) (?:sidecar|njchan): /.test(text));
    expect(own.join('\n')).not.toMatch(/sekret|[\u0000-\u0009\u000b-\u001f\u2028]/);
  });

  it('says as much as JSON', async () => {
    const [njchan, accessLog] = await start(['--log-format', 'json']);
    const line = await fail(njchan, `/big/${CHANNEL}?group=g`, 'sekret'.repeat(400_000), 'NJ-MEMORY-FULL');
    expect(JSON.parse(line)).toMatchObject({
      name: 'sidecar',
      code: 'NJ-MEMORY-FULL',
      cure: expect.stringContaining('nchan_shared_memory_size'),
      location: expect.stringMatching(/nginx\.conf:\d+$/),
      request: await lastId(accessLog),
    });
    expect(line).not.toContain('sekret');
  });

  it('has the id of a subscriber that passes by the gateway', async () => {
    const [njchan, accessLog] = await start([]);
    const socket = await openWebSocket(`ws://127.0.0.1:${njchan.port}/talk/x`);
    for (let i = 0; i < 2; i++) socket.send('x'.repeat(600_000));
    const line = await lineWith(njchan, 'NJ-MEMORY-FULL');
    await socket.close();
    expect(line).toContain(` request=${await lastId(accessLog)}`);
  });

  it('tells what recurs once', async () => {
    const [njchan] = await start([]);
    for (let i = 0; i < 5; i++)
      await fail(njchan, `/big/${i}?group=g`, 'x'.repeat(2_400_000), 'NJ-MEMORY-FULL');
    expect(njchan.output().match(/NJ-MEMORY-FULL/g)).toHaveLength(1);
  });

  it.each([
    ['NJ-NOT-A-HANDOFF', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['NJ-NOT-A-HANDOFF', 'POST / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['NJ-NGINX-CONNECTION', 'GET / HTTP/1.1\r\nno header\r\n\r\n'],
  ])('tells %s once, of whoever has found the socket', async (code, sent) => {
    const [njchan] = await start([]);
    for (let i = 0; i < 5; i++) {
      const socket = connect(join(njchan.runDir, 'sidecar.sock'));
      socket.on('error', () => {}).resume();
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.end(sent);
      await closed;
    }
    await waitFor('the line', () => njchan.output().includes(code));
    expect(njchan.output().match(new RegExp(code, 'g'))).toHaveLength(1);
  });

  it('has one line, with its code, of what ends the sidecar', async () => {
    const [njchan] = await start(['--log-format', 'json'], FAULTY_ENV);
    process.kill(await njchan.sidecarPid(), 'SIGUSR2');
    await waitFor('the next sidecar', () => njchan.output().includes('the sidecar is back'));
    const lines = njchan.output().split('\n');
    const about = lines.filter((line) => /nexpected|NJ-/.test(line)).map((line) => JSON.parse(line));
    expect(about).toMatchObject([
      { name: 'sidecar', code: 'NJ-SIDECAR-FAULT', err: { message: 'un\nexpected' } },
      { name: 'njchan', code: 'NJ-SIDECAR-ENDED' },
    ]);
    expect(njchan.output()).not.toMatch(/^ {4}at /m);
  });

  it('leaves out what is less grave than it was told', async () => {
    const [njchan] = await start(['--log-level', 'error']);
    await request(njchan.port, 'POST', '/asked/x', { body: 'x' });
    process.kill(await njchan.sidecarPid(), 'SIGKILL');
    await waitFor('the error', () => njchan.output().includes('NJ-SIDECAR-ENDED'));
    expect(njchan.output()).not.toMatch(/ (?:info|warn) (?:sidecar|njchan)/);
  });
});

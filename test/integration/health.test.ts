/** Health checks: over HTTP and from the command line, which say the same. */
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../cli/exit-codes.ts';
import type { ServerContext } from '../../sidecar/context.ts';
import { healthReply } from '../../sidecar/statistics/health.ts';
import { nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { type RawResponse, request } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';

const LOCATIONS = `
  error_page 503 502 /sorry.html;
  location = /health { njchan_health; }
  location = /ready { njchan_health ready; add_header X-Own yes always; }
  location = /live { njchan_health live; error_page 503 /sorry.html; }
  location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }`;

const jsonOf = ({ body }: RawResponse): unknown => JSON.parse(body.toString());
const OK = { check: 'sidecar', ok: true };
const GOING_ON = { check: 'stopping', ok: true };

async function cli(runDir: string, ...args: string[]): Promise<[code: number | null, said: string]> {
  const { code, stdout, stderr } = await runCli(['health', '--run-dir', runDir, ...args]);
  return [code, `${stdout}${stderr}`];
}

describe('a health check', () => {
  it('of a server that serves is 200, and says what was looked at', async () => {
    const njchan = await startNjchan({ config: LOCATIONS });
    const get = (target: string, method = 'GET') => request(njchan.port, method, target);
    const health = await get('/health');
    expect([health.status, health.headers['content-type'], health.headers['cache-control']]).toEqual([
      200,
      'application/json',
      'no-store',
    ]);
    expect(jsonOf(health)).toEqual({ ready: true, checks: [OK, GOING_ON] });
    expect((await get('/ready')).headers['x-own']).toBe('yes');
    expect(jsonOf(await get('/live'))).toEqual({ live: true, checks: [OK] });
    for (const method of ['HEAD', 'POST', 'OPTIONS']) expect((await get('/health', method)).status).toBe(200);
    expect(await cli(njchan.runDir, '--live')).toEqual([EXIT.ok.code, 'njchan: healthy\n']);
  });

  it('of a sidecar that hangs is 503, and does not wait for another', async () => {
    const njchan = await startNjchan({ config: LOCATIONS });
    const pid = await njchan.sidecarPid();
    process.kill(pid, 'SIGSTOP');
    try {
      const [ready, live] = await Promise.all(
        ['/ready', '/live'].map((target) => request(njchan.port, 'GET', target)),
      );
      for (const answer of [ready, live] as RawResponse[]) {
        expect([answer.status, answer.headers['content-type']]).toEqual([503, 'application/json']);
        expect(jsonOf(answer)).toEqual({ checks: [{ check: 'sidecar', ok: false }] });
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await waitFor('it to be back', async () => (await request(njchan.port, 'GET', '/live')).status === 200);
  });

  it('is not ready, and alive, while Redis is away', async () => {
    const port = await freePort();
    const http = `upstream r { nchan_redis_server redis://127.0.0.1:${port}; nchan_redis_reconnect_delay 100ms; }`;
    const server = `${LOCATIONS} location ~ ^/redis/(.*)$ { nchan_pubsub; nchan_channel_id $1; nchan_redis_pass r; }`;
    const njchan = await startNjchan({ config: (own) => nginxConf(own, server, http) });
    const ready = () => request(njchan.port, 'GET', '/ready');
    const answer = await ready();
    expect(answer.status).toBe(503);
    expect(jsonOf(answer)).toEqual({
      ready: false,
      checks: [OK, GOING_ON, { check: 'redis', upstream: 'r', ok: false }],
    });
    expect((await request(njchan.port, 'GET', '/live')).status).toBe(200);
    const away = 'njchan: the sidecar is not ready: redis r cannot be used\n';
    for (const args of [[], ['--sidecar']]) {
      expect(await cli(njchan.runDir, ...args)).toEqual([EXIT.refused.code, away]);
      expect(await cli(njchan.runDir, ...args, '--live')).toEqual([EXIT.ok.code, 'njchan: healthy\n']);
    }
    await startRedis({ port });
    await waitFor('Redis to be used', async () => (await ready()).status === 200);
    expect(await cli(njchan.runDir)).toEqual([EXIT.ok.code, 'njchan: healthy\n']);
  });

  it('is good without Redis where Redis has a copy only', async () => {
    const http = `upstream r { nchan_redis_server redis://127.0.0.1:${await freePort()}; nchan_redis_storage_mode backup; }`;
    const server = `${LOCATIONS} location ~ ^/redis/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_redis_pass r; }`;
    const njchan = await startNjchan({ config: (own) => nginxConf(own, server, http) });
    expect((await request(njchan.port, 'GET', '/redis/x')).status).toBe(404);
    expect((await request(njchan.port, 'GET', '/ready')).status).toBe(200);
  });

  it('is not ready before the process ends', () => {
    const context = { stopping: () => true, stores: { linkStats: () => new Map() } };
    const { status, body } = healthReply(context as unknown as ServerContext, 'ready');
    expect([status, JSON.parse(body as string)]).toEqual([
      503,
      { ready: false, checks: [OK, { check: 'stopping', ok: false }] },
    ]);
    expect(healthReply(context as unknown as ServerContext, 'live').status).toBe(200);
  });
});

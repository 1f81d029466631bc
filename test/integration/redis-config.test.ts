/** How what a configuration says about Redis gets to the sidecar, and to nobody else. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findNginx } from '../../cli/nginx-binary.ts';
import { resolveAccount } from '../../cli/users.ts';
import { tempDir } from '../support/files.ts';
import { nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY_UID = 65_534;
const PASSWORD = 'hush-hush';
/** Nobody listens on port 1. */
const UPSTREAM = `upstream main { nchan_redis_server redis://:${PASSWORD}@127.0.0.1:1; nchan_redis_namespace app; }`;
const SERVER = `
location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; }
location ~ ^/redis/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_redis_pass main; }
location ~ ^/stats/(.+)$ { nchan_redis_upstream_stats $1; }
`;
const config = (port: number): string => nginxConf(port, SERVER, UPSTREAM);

describe('sidecar.json', () => {
  it('has the upstreams, and can be read by njchan alone', async () => {
    const njchan = await startNjchan({ config });
    const file = join(njchan.runDir, 'sidecar.json');
    const { redis } = JSON.parse(readFileSync(file, 'utf8'));
    expect(redis.upstreams.main.servers).toEqual([{ url: `redis://:${PASSWORD}@127.0.0.1:1` }]);
    const { mode, uid, gid } = statSync(file);
    expect(uid).toBe(process.getuid?.());
    if (!isRoot) {
      expect(mode & 0o777).toBe(0o600);
      return;
    }
    // The sidecar, which is nobody special, reads it; but it must not be able to make itself root.
    const account = await resolveAccount((await findNginx()).defaultUser);
    expect(mode & 0o777).toBe(0o640);
    expect(gid).toBe(account.gid);
  });

  it.runIf(isRoot)('of a user who is not root is for that user', async () => {
    const njchan = await startNjchan({ config, uid: NOBODY_UID });
    const { mode, uid } = statSync(join(njchan.runDir, 'sidecar.json'));
    expect([mode & 0o777, uid]).toEqual([0o600, NOBODY_UID]);
  });

  it('is read again by the sidecar after a reload', async () => {
    const njchan = await startNjchan({ config });
    writeFileSync(njchan.configFile, config(njchan.port).replace('app', 'other').replace(':1;', ':2;'));
    const { code, stderr } = await runCli(['reload', '--run-dir', njchan.runDir]);
    expect([code, stderr]).toEqual([0, '']);
    await waitFor('the sidecar to read it', () => njchan.output().includes('configuration read again'));
    expect(readFileSync(join(njchan.runDir, 'sidecar.json'), 'utf8')).toContain('127.0.0.1:2');
  });
});

describe('a password', () => {
  it('is not in what njchan compile and njchan check print', async () => {
    const file = join(tempDir(), 'nginx.conf');
    const nested = SERVER.replace('main; }', `main; location ~ /x { } }`);
    writeFileSync(file, nginxConf(8080, nested, UPSTREAM));
    const compiled = await runCli(['compile', file]);
    expect([compiled.code, compiled.stdout.includes('# upstream main { ... }')]).toEqual([0, true]);
    const checked = await runCli(['check', file]);
    expect(checked.code, checked.stderr).toBe(0);
    for (const { stdout, stderr } of [compiled, checked]) {
      expect(stdout + stderr).not.toContain(PASSWORD);
      expect(stderr).toMatch(
        /nginx\.conf:\d+: nchan_redis_pass main of .* is not inherited, so this location/,
      );
    }
  });

  it('is not in the configuration of nginx', async () => {
    const njchan = await startNjchan({ config });
    expect(readFileSync(join(njchan.runDir, 'nginx.conf'), 'utf8')).not.toContain(PASSWORD);
  });
});

describe('nchan_redis_upstream_stats', () => {
  it.each(['GET', 'POST', 'PROPFIND'])('%s for an upstream that there is not is 404', async (method) => {
    const njchan = await startNjchan({ config });
    const response = await request(njchan.port, method, '/stats/no%20"such"%0d');
    expect([response.status, response.headers['content-type']]).toEqual([404, 'text/plain']);
    expect(response.body.toString()).toBe('Redis upstream "no "such"\r" not found');
  });
});

it('a channel id with the byte 0x19 is refused where channels are in Redis', async () => {
  const njchan = await startNjchan({
    config: (port) =>
      nginxConf(
        port,
        `location ~ ^/redis/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_redis_pass main; }
         location ~ ^/memory/(.*)$ { nchan_publisher; nchan_channel_id $1; }`,
        UPSTREAM,
      ),
  });
  const refused = await request(njchan.port, 'POST', '/redis/a%19', { body: 'x' });
  expect([refused.status, refused.body.length]).toEqual([403, 0]);
  expect((await request(njchan.port, 'POST', '/memory/a%19', { body: 'x' })).status).toBe(202);
});

/** The commands that start nothing, and the ways in which `up` refuses to. */
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../cli/exit-codes.ts';
import { atEnd } from '../support/cleanup.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { nginxConf, runCli } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';

const PUBSUB = `location ~ ^/pubsub/(\\w+)$ {
    nchan_pubsub;
    nchan_channel_id $1;
}`;
const UNKNOWN_DIRECTIVE = 'location /bad { nchan_frobnicate on; }';
const NGINX_PROBLEM = `${PUBSUB}\nlocation /bad { no_such_directive 1; }`;

/** Writes an nginx.conf and gives its path. */
function configFile(text: string): string {
  const file = join(tempDir(), 'nginx.conf');
  writeFileSync(file, text);
  return file;
}

/** The line on which a text stands in a file. */
function lineOf(file: string, text: string): number {
  return (
    readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1
  );
}

describe('njchan', () => {
  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await runCli(['--version'])).toMatchObject({
      code: EXIT.ok.code,
      stdout: `njchan ${version}\n`,
      stderr: '',
    });
  });

  it('prints help to standard output', async () => {
    const { code, stdout, stderr } = await runCli(['--help']);
    expect(code).toBe(EXIT.ok.code);
    expect(stdout).toMatch(/^njchan gives a stock nginx/);
    expect(stderr).toBe('');
  });

  it('ends with status 2 and a hint after a wrong command line', async () => {
    const { code, stdout, stderr } = await runCli(['up', '--frob']);
    expect(code).toBe(EXIT.usage.code);
    expect(stdout).toBe('');
    expect(stderr).toBe(`njchan up: unknown option '--frob'; see "njchan up --help"\n`);
  });
});

describe('njchan compile', () => {
  it('prints plain nginx configuration', async () => {
    const file = configFile(nginxConf(8080, PUBSUB));
    const { code, stdout } = await runCli(['compile', file, '--run-dir', '/run/somewhere']);
    expect(code).toBe(EXIT.ok.code);
    expect(stdout).toContain('listen 127.0.0.1:8080;');
    expect(stdout).toContain('/run/somewhere/sidecar.sock');
    expect(stdout).not.toMatch(/^\s*nchan_/m);
  });

  it('writes the same to a file with -o', async () => {
    const file = configFile(nginxConf(8080, PUBSUB));
    const out = join(tempDir(), 'out.conf');
    const { stdout: printed } = await runCli(['compile', file]);
    expect(await runCli(['compile', '-c', file, '-o', out])).toMatchObject({
      code: EXIT.ok.code,
      stdout: '',
    });
    expect(readFileSync(out, 'utf8')).toBe(printed);
  });

  it('says which file it cannot read', async () => {
    const missing = join(tempDir(), 'none.conf');
    const { code, stderr } = await runCli(['compile', missing]);
    expect(code).toBe(EXIT.refused.code);
    expect(stderr).toContain(missing);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('njchan check', () => {
  it('ends with status 0 for a good configuration and leaves nothing behind', async () => {
    const file = configFile(nginxConf(await freePort(), PUBSUB));
    const tmp = tempDir();
    const { code, stdout, stderr } = await runCli(['check', file], { env: { TMPDIR: tmp } });
    expect({ code, stderr }).toEqual({ code: EXIT.ok.code, stderr: '' });
    expect(stdout).toBe(`${file}: good, 1 location with Nchan's directives\n`);
    expect(readdirSync(tmp)).toEqual([]);
  });

  it('names file and line of a wrong directive of Nchan', async () => {
    const file = configFile(nginxConf(8080, UNKNOWN_DIRECTIVE));
    const { code, stderr } = await runCli(['check', '-c', file]);
    expect(code).toBe(EXIT.refused.code);
    expect(stderr).toMatch(new RegExp(`^${file}:${lineOf(file, 'nchan_frobnicate')}: .*nchan_frobnicate`));
  });

  it('lets nginx log to /dev/stdout and /dev/stderr, as configurations for containers do', async () => {
    const logs = 'access_log /dev/stdout;\nerror_log /dev/stderr;';
    const file = configFile(nginxConf(await freePort(), `${PUBSUB}\n${logs}`));
    expect(await runCli(['check', file])).toMatchObject({ code: EXIT.ok.code, stderr: '' });
  });

  it('quotes the line of the compiled file that nginx refuses', async () => {
    const file = configFile(nginxConf(8080, NGINX_PROBLEM));
    const { code, stderr } = await runCli(['check', '-c', file]);
    expect(code).toBe(EXIT.refused.code);
    expect(stderr).toContain('unknown directive "no_such_directive"');
    expect(stderr).toMatch(/the line is: .*no_such_directive 1;/);
  });
});

describe('njchan up refuses to start', () => {
  it.each([
    ['a wrong directive of Nchan', UNKNOWN_DIRECTIVE, /nginx\.conf:\d+: .*nchan_frobnicate/],
    ['what nginx refuses', NGINX_PROBLEM, /unknown directive "no_such_directive"/],
  ])('with %s, and starts nothing', async (_, server, message) => {
    const runDir = join(tempDir(), 'run');
    const file = configFile(nginxConf(await freePort(), server));
    const { code, stdout, stderr } = await runCli(['up', '-c', file, '--run-dir', runDir]);
    expect(code).toBe(EXIT.refused.code);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('sidecar: ready');
    expect(existsSync(runDir)).toBe(false);
  });

  it('on a port in use, naming the directive and the port', async () => {
    const port = await freePort();
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(port, '127.0.0.1', resolve));
    atEnd(() => {
      occupant.close();
    });
    const runDir = join(tempDir(), 'run');
    const file = configFile(nginxConf(port, PUBSUB));
    const { code, stderr } = await runCli(['up', '-c', file, '--run-dir', runDir]);
    expect(code).toBe(EXIT.refused.code);
    expect(stderr).toBe(`${file}:${lineOf(file, 'listen')}: port ${port} is already in use\n`);
    expect(existsSync(runDir)).toBe(false);
  });

  it('on a run directory whose sockets would have too long a path', async () => {
    const file = configFile(nginxConf(8080, PUBSUB));
    const { code, stderr } = await runCli(['up', '-c', file, '--run-dir', `/tmp/${'x'.repeat(100)}`]);
    expect(code).toBe(EXIT.usage.code);
    expect(stderr).toContain('choose a shorter --run-dir');
  });
});

describe('without a usable nginx', () => {
  /** A program that says what nginx -V says. */
  function pretendNginx(output: string): string {
    const script = join(tempDir(), 'nginx');
    writeFileSync(script, `#!/bin/sh\ncat >&2 <<'END'\n${output}\nEND\n`);
    chmodSync(script, 0o755);
    return script;
  }
  const PACKAGES = 'apt-get install nginx libnginx-mod-http-js';

  it('njchan check names the packages when nginx is missing', async () => {
    const missing = join(tempDir(), 'nginx');
    const file = configFile(nginxConf(8080, PUBSUB));
    const { code, stderr } = await runCli(['check', file], { env: { NJCHAN_NGINX: missing } });
    expect(code).toBe(EXIT.nginxMissing.code);
    expect(stderr).toContain(missing);
  });

  it('njchan up says where it looked for the njs module', async () => {
    const nginx = pretendNginx('nginx version: nginx/1.22.1\nconfigure arguments: --modules-path=/nowhere');
    const file = configFile(nginxConf(8080, PUBSUB));
    const { code, stderr } = await runCli(['up', '-c', file, '--run-dir', join(tempDir(), 'run')], {
      env: { NJCHAN_NGINX: nginx },
    });
    expect(code).toBe(EXIT.nginxMissing.code);
    expect(stderr).toContain('/nowhere');
    expect(stderr).toContain(PACKAGES);
  });

  it('njchan up shows what a program said that is no nginx', async () => {
    const file = configFile(nginxConf(8080, PUBSUB));
    const { code, stderr } = await runCli(['up', '-c', file], {
      env: { NJCHAN_NGINX: pretendNginx('hello') },
    });
    expect(code).toBe(EXIT.nginxMissing.code);
    expect(stderr).toContain('hello');
  });
});

describe.each(['status', 'reload'])('njchan %s', (command) => {
  it('ends with status 3 when nothing runs there', async () => {
    const { code, stderr } = await runCli([command, '--run-dir', tempDir()]);
    expect(code).toBe(EXIT.notRunning.code);
    expect(stderr).toMatch(/^njchan: no njchan runs here: /);
  });
});

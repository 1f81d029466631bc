/** Runs the real Nchan: the nginx of the system with its module of Nchan. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '../support/cleanup.ts';
import { tempDir } from '../support/files.ts';
import { nginxConf } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { waitFor, within } from '../support/wait.ts';

/** Debian's package libnginx-mod-nchan. */
const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';
const NGINX = process.env.NJCHAN_NGINX ?? '/usr/sbin/nginx';
const TEMP_PATHS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

export interface Nchan {
  readonly port: number;
  /** Everything that nginx logged so far. */
  output(): string;
}

/**
 * Starts Nchan on a free port and waits until it serves. Stopped after the test file.
 * @param server - the inside of the `server` block, the same that njchan gets
 * @param http - what stands in the `http` block before it
 * @throws Error with nginx's words, when it does not start
 */
export async function startNchan(server: string, http = ''): Promise<Nchan> {
  if (!existsSync(MODULE)) throw new Error(`${MODULE} is missing (Debian package libnginx-mod-nchan)`);
  const port = await freePort();
  const dir = tempDir();
  const config = join(dir, 'nginx.conf');
  const temp = TEMP_PATHS.map((name) => `    ${name}_temp_path ${join(dir, name)};`).join('\n');
  const main = `load_module ${MODULE};\ndaemon off;\npid ${join(dir, 'nginx.pid')};\n`;
  writeFileSync(config, main + nginxConf(port, server, `${temp}\n${http}`));

  const child = spawn(NGINX, ['-c', config, '-p', dir, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  let ended = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
    });
    child.once('close', () => {
      ended = true;
      resolve();
    });
  });
  atEnd(async () => {
    child.kill('SIGTERM');
    await within('Nchan to stop', exited).catch(() => child.kill('SIGKILL'));
  });

  await waitFor(
    'Nchan to serve',
    async () => ended || (await request(port, 'GET', '/info/x')).status === 404,
  );
  if (ended) throw new Error(`Nchan did not start; nginx said:\n${output}`);
  return { port, output: () => output };
}

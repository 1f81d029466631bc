/** Compiled configurations for a real nginx, with stand-ins for the gateway and the sidecar. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { dirname, join } from 'node:path';
import { findNginx } from '../../cli/nginx-binary.ts';
import { type CompileOptions, compile, type Problem } from '../../nginx/compiler/index.ts';
import { atEnd } from './cleanup.ts';
import { tempDir } from './files.ts';

/** The nginx that njchan would use here. */
export const nginx = await findNginx(process.env);

/** Stands in for the gateway: hands everything off at once, with the channel id as the channel. */
export const STUB_GATEWAY = `
function handOff(r) {
  var v = r.variables;
  v.njchan_channels = v['njchan_' + v.njchan_location + '_channel_id'] || '';
  r.internalRedirect(v.njchan_handoff);
}
function role(name) { return function (r) { r.variables.njchan_action = name; handOff(r); }; }
export default { publisher: role('publisher'), subscriber: role('subscriber'), pubsub: role('pubsub') };
`;

export interface Outcome {
  readonly status: number;
  readonly output: string;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args, (error, stdout, stderr) =>
      resolve({ status: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
}

/** Lets nginx test a configuration. */
export async function testConfig(text: string): Promise<Outcome> {
  const file = join(tempDir(), 'nginx.conf');
  writeFileSync(file, text);
  return run(nginx.path, ['-t', '-q', '-c', file, ...nginx.baseArguments]);
}

/** Writes the files of a configuration, `nginx.conf` among them, and compiles them for the stand-in of the gateway. */
export function compileFiles(
  files: Record<string, string>,
  options: Partial<CompileOptions> = {},
): { config: string; notices: readonly Problem[]; dir: string } {
  const dir = tempDir();
  for (const [name, content] of Object.entries({ ...files, 'stub.js': STUB_GATEWAY })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  mkdirSync(join(dir, 'tmp'));
  mkdirSync(join(dir, 'hooks'));
  const { config, notices } = compile({
    file: join(dir, 'nginx.conf'),
    sidecar: { socket: join(dir, 'sidecar.sock') },
    njsBundle: join(dir, 'stub.js'),
    ...(nginx.jsModule === undefined ? {} : { jsModule: nginx.jsModule }),
    supervised: { pidFile: join(dir, 'pid'), tempDir: join(dir, 'tmp') },
    ...options,
  });
  return { config, notices, dir };
}

/**
 * Compiles a configuration and runs nginx with it until the tests of the file end. It may take a moment to answer.
 * @param sidecar gets what nginx hands off
 */
export async function runCompiled(
  text: string,
  sidecar: Server,
  options: Partial<CompileOptions> = {},
): Promise<void> {
  const { config, dir } = compileFiles({ 'nginx.conf': text }, options);
  const file = join(dir, 'compiled.conf');
  writeFileSync(file, config);
  const socket = join(dir, 'sidecar.sock');
  await new Promise<void>((resolve) => sidecar.listen(socket, resolve));
  chmodSync(socket, 0o666);
  chmodSync(join(dir, 'tmp'), 0o777);
  atEnd(() => {
    sidecar.closeAllConnections();
    sidecar.close();
  });
  const child = spawn(nginx.path, ['-c', file, ...nginx.baseArguments], { stdio: 'ignore' });
  atEnd(
    () =>
      new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
        if (!child.kill('SIGTERM')) resolve();
      }),
  );
}

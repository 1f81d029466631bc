/** The image that the Dockerfile builds on: Debian's own, or a stand-in where no registry can be reached. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { atEnd } from '../support/cleanup.ts';
import { attempt, run } from './commands.ts';
import { makeBase } from './debian.ts';
import type { Engine } from './engine.ts';

const IMAGE = 'debian:trixie-slim';
const PULL_DEADLINE_MS = 60_000;
/** Left out of the stand-in, as they are out of Debian's image. */
const EXCLUDED = ['var/lib/apt/lists', 'var/cache/apt', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'];

/** Makes the content of a directory an image. */
async function importImage(root: string, name: string, env: NodeJS.ProcessEnv): Promise<void> {
  const excludes = EXCLUDED.map((path) => `--exclude=./${path}/*`);
  const tar = spawn('tar', ['-C', root, ...excludes, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const load = spawn('docker', ['import', '-', name], { env, stdio: ['pipe', 'ignore', 'inherit'] });
  tar.stdout.pipe(load.stdin);
  const [[packed], [loaded]] = await Promise.all([once(tar, 'close'), once(load, 'close')]);
  if (packed !== 0 || loaded !== 0) throw new Error(`docker import of ${root} failed`);
}

/**
 * The name of a base image that the engine has. What had to be fetched or made for it goes after the test file, unless
 * the whole engine does.
 */
export async function baseImage({ env, own, dir }: Engine): Promise<string> {
  const remove = (image: string) => {
    if (!own) atEnd(async () => void (await run(['docker', 'image', 'rm', image], { env })));
  };
  if ((await attempt(['docker', 'image', 'inspect', IMAGE], { env })).status === 0) return IMAGE;
  if (
    (await attempt(['docker', 'pull', '--quiet', IMAGE], { env, deadlineMs: PULL_DEADLINE_MS })).status === 0
  ) {
    remove(IMAGE);
    return IMAGE;
  }
  const standIn = `njchan-test-base-${process.pid}`;
  const root = join(dir, 'base');
  await makeBase(root);
  await importImage(root, standIn, env);
  rmSync(root, { recursive: true, force: true });
  remove(standIn);
  return standIn;
}

/** The image that the Dockerfile builds on: Debian's own, or a stand-in where no registry can be reached. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Undo } from '../undos.ts';
import { cachedFile, keyOf } from './cache.ts';
import { attempt, progress, run } from './commands.ts';
import { makeBase, ownSettings } from './debian.ts';
import type { Engine } from './engine.ts';

const IMAGE = 'debian:trixie-slim';
const PULL_DEADLINE_MS = 60_000;
/** Left out of the stand-in, as they are out of Debian's image. */
const EXCLUDED = ['var/lib/apt/lists', 'var/cache/apt', 'usr/share/doc', 'usr/share/man', 'usr/share/locale'];
/** What a stand-in is made by. */
const RECIPE = ['debian.ts', 'base-image.ts'].map((name) =>
  readFileSync(join(import.meta.dirname, name), 'utf8'),
);

export interface Image {
  readonly name: string;
  /** Changes with its content. */
  readonly key: string;
}

/** Makes an archive of what is in the stand-in. */
async function makeArchive(dir: string, file: string): Promise<void> {
  const root = join(dir, 'base');
  await makeBase(root);
  await run(['tar', '-C', root, ...EXCLUDED.map((path) => `--exclude=./${path}/*`), '-cf', file, '.']);
  rmSync(root, { recursive: true, force: true });
}

/**
 * A base image that the engine has. What had to be fetched or made for it goes in the end.
 * @param index - the archive's state, of which the stand-in is made
 */
export async function baseImage(engine: Engine, index: string, atEnd: (undo: Undo) => void): Promise<Image> {
  const { env, own, dir } = engine;
  const remove = (image: string) => {
    if (!own) atEnd(async () => void (await run(['docker', 'image', 'rm', image], { env })));
  };
  const id = async () =>
    (await attempt(['docker', 'image', 'inspect', '--format', '{{.Id}}', IMAGE], { env })).stdout.trim();
  const present = await id();
  if (present) return { name: IMAGE, key: keyOf(present) };
  const pull = ['docker', 'pull', '--quiet', IMAGE];
  if ((await attempt(pull, { env, deadlineMs: PULL_DEADLINE_MS })).status === 0) {
    remove(IMAGE);
    return { name: IMAGE, key: keyOf(await id()) };
  }
  const key = keyOf(index, await ownSettings(), ...RECIPE);
  const name = `njchan-test-base:${process.pid}`;
  const file = await cachedFile('base', key, (path) => makeArchive(dir, path));
  progress('loading the base image …');
  await run(['docker', 'import', file, name], { env });
  remove(name);
  return { name, key };
}

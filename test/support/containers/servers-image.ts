/** The image with the Redis servers that this machine does not have. */
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Undo } from '../undos.ts';
import type { Image } from './base-image.ts';
import { cachedFile, keyOf } from './cache.ts';
import { buildArguments, progress, run } from './commands.ts';
import type { Engine } from './engine.ts';

const DOCKERFILE = join(import.meta.dirname, 'servers.Dockerfile');

/**
 * The name of the image, which the engine has. It goes in the end.
 * @param base - what it builds on
 * @param index - the state of Debian's archive, from which it gets packages
 */
export async function serversImage(
  { env, own, dir }: Engine,
  base: Image,
  index: string,
  atEnd: (undo: Undo) => void,
): Promise<string> {
  const key = keyOf(base.key, index, readFileSync(DOCKERFILE, 'utf8'));
  const name = `njchan-test-servers:${key}`;
  const file = await cachedFile('servers', key, async (path) => {
    progress('building the image with Redis 8 and Valkey …');
    const context = join(dir, 'servers');
    mkdirSync(context);
    cpSync(DOCKERFILE, join(context, 'Dockerfile'));
    const args = Object.entries({ ...buildArguments(), BASE: base.name }).flatMap(([arg, value]) => [
      '--build-arg',
      `${arg}=${value}`,
    ]);
    // Our own engine gives containers no way to the outside.
    const network = own ? ['--network', 'host'] : [];
    await run(['docker', 'build', ...network, ...args, '--tag', name, context], { env });
    await run(['docker', 'save', '--output', path, name], { env });
  });
  progress('loading the image with Redis 8 and Valkey …');
  await run(['docker', 'load', '--quiet', '--input', file], { env });
  if (!own) atEnd(async () => void (await run(['docker', 'image', 'rm', name], { env })));
  return name;
}

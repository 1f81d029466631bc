/** The scripts in lua/, as they are now. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from '../../../lua/hsss/script.ts';
import { splinter } from '../../../lua/hsss/splinter.ts';
import { REPOSITORY } from '../../support/files.ts';

const DIRECTORY = join(REPOSITORY, 'lua');

/** All of them, sorted by name. */
export function ourScripts(): Script[] {
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith('.lua'));
  return splinter(files.sort().map((name) => join(DIRECTORY, name)));
}

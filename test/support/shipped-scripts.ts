/** The scripts in lua/, as they are now. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from '../../lua/hsss/script.ts';
import { splinter } from '../../lua/hsss/splinter.ts';
import { REPOSITORY } from './files.ts';

const DIRECTORY = join(REPOSITORY, 'lua');

let shipped: Script[] | undefined;

/** All of them, sorted by name. */
export function shippedScripts(): Script[] {
  shipped ??= splinter(
    readdirSync(DIRECTORY)
      .filter((name) => name.endsWith('.lua'))
      .sort()
      .map((name) => join(DIRECTORY, name)),
  );
  return shipped;
}

/** One of them. */
export function shippedScript(name: string): Script {
  const script = shippedScripts().find((one) => one.name === name);
  if (!script) throw new Error(`there is no lua/${name}.lua`);
  return script;
}

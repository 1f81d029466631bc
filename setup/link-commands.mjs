/**
 * npx links a package's commands when it first sees the package, and never looks again: in a checkout in which
 * `npx njchan` was run before there was an hsss, `npx hsss` would not be found. It does look into node_modules/.bin.
 */
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');

/** Commands that package.json got after its first one, with their files. */
const COMMANDS = { hsss: 'lua/hsss/bin/hsss.js' };

function statIfThere(path) {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Links the commands into node_modules, unless that belongs to another checkout. */
export function linkCommands() {
  if (!statIfThere(modules)?.isDirectory()) return;
  const bin = join(modules, '.bin');
  mkdirSync(bin, { recursive: true });
  for (const [name, file] of Object.entries(COMMANDS)) {
    const link = join(bin, name);
    const target = relative(bin, join(root, file));
    const found = statIfThere(link);
    if (found?.isSymbolicLink() && readlinkSync(link) === target) continue;
    rmSync(link, { force: true });
    symlinkSync(target, link);
  }
}

/** The module that embeds the scripts in lua/. It is committed, so that it can be read and compared. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SCRIPTS = join(root, 'lua');
export const SCRIPTS_MODULE = 'lua/scripts.generated.ts';

/** What the module has to be; hsss must have been built. */
async function madeModule() {
  const { embed } = await import(pathToFileURL(join(root, 'dist/lua/hsss/embed.js')).href);
  const files = readdirSync(SCRIPTS)
    .filter((name) => name.endsWith('.lua'))
    .sort()
    .map((name) => relative(process.cwd(), join(SCRIPTS, name)));
  return embed(files);
}

function isCurrent(made) {
  const file = join(root, SCRIPTS_MODULE);
  return existsSync(file) && readFileSync(file, 'utf8') === made;
}

/** @throws Error when a script is wrong or the module is not what the scripts make it */
export async function checkScripts() {
  if (isCurrent(await madeModule())) return;
  throw new Error(`${SCRIPTS_MODULE} is out of date: run "npm run scripts"`);
}

/** @throws Error when a script is wrong */
export async function writeScripts() {
  const made = await madeModule();
  // A file that is touched is built again.
  if (!isCurrent(made)) writeFileSync(join(root, SCRIPTS_MODULE), made);
}

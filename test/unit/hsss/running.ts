/** Runs hsss's command line in this process, up to the point where it would print. */
import { join } from 'node:path';
import { readCommandLine } from '../../../lua/hsss/command-line.ts';
import { emitC } from '../../../lua/hsss/emit-c.ts';
import { emitTypeScript } from '../../../lua/hsss/emit-typescript.ts';
import { splinter } from '../../../lua/hsss/splinter.ts';
import { directoryOf, type Files } from './files.ts';

/** The two scripts of the gem's example. */
export const EXAMPLE: Files = {
  'delete.lua': "--deletes first key\nredis.call('del', KEYS[1])\n",
  'echo.lua': "--echoes the first argument\nredis.call('echo', ARGV[1])\n",
};

function printed(options: readonly string[], files: Files): Buffer {
  const dir = directoryOf(files);
  const paths = Object.keys(files)
    .filter((name) => !name.includes('/'))
    .map((name) => join(dir, name));
  const run = readCommandLine([...options, ...paths]);
  if (run.kind !== 'run') throw new Error(`hsss would print its ${run.kind}`);
  const scripts = splinter(run.files, run.splinter);
  if (run.settings.language === 'c') return emitC(scripts, run.files, run.settings);
  return Buffer.from(emitTypeScript(scripts, run.settings), 'utf8');
}

/** What `hsss OPTIONS FILES` prints. */
export function outputOf(options: readonly string[], files: Files = EXAMPLE): string {
  return printed(options, files).toString('utf8');
}

/** What `hsss --language c OPTIONS FILES` prints, bytes as Latin-1. */
export function cOf(options: readonly string[] = [], files: Files = EXAMPLE): string {
  return printed(['--language', 'c', ...options], files).toString('latin1');
}

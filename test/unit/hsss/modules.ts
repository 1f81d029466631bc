/** Runs modules that hsss printed. */
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import type { Script } from '../../../lua/hsss/script.ts';
import { REPOSITORY, tempDir } from '../../support/files.ts';

export type Module = Readonly<Record<string, unknown>>;

/** Loads a TypeScript module from its text. */
export async function load(typescript: string): Promise<Module> {
  const { code } = transformSync(typescript, {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    isModule: true,
  });
  const file = join(tempDir(), 'module.mjs');
  writeFileSync(file, code);
  return (await import(pathToFileURL(file).href)) as Module;
}

/** The scripts of a module of the whole format. */
export async function scriptsOf(typescript: string): Promise<Readonly<Record<string, Script>>> {
  return (await load(typescript)).scripts as Readonly<Record<string, Script>>;
}

/** What TypeScript, at its strictest, has to say about the files; empty when it is content. */
export function typeErrors(files: Readonly<Record<string, string>>): string {
  const dir = tempDir();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const settings = {
    extends: join(REPOSITORY, 'tsconfig.json'),
    compilerOptions: {
      noEmit: true,
      rootDir: dir,
      isolatedModules: true,
    },
    include: [dir],
  };
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(settings));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(dir, 'node_modules'));
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  const tsc = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', dir], { encoding: 'utf8' });
  return stdout + stderr;
}

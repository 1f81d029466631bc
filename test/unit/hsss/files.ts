/** Scripts in temporary files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { HsssError } from '../../../lua/hsss/hsss-error.ts';
import type { Script } from '../../../lua/hsss/script.ts';
import { type SplinterOptions, splinter } from '../../../lua/hsss/splinter.ts';
import { tempDir } from '../../support/files.ts';

/** Name, below the directory of the scripts, to content; bytes as Latin-1. */
export type Files = Readonly<Record<string, string>>;

/** Writes the files into a new directory. @returns its path */
export function directoryOf(files: Files): string {
  const dir = tempDir();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text, 'latin1');
  }
  return dir;
}

/** Splinters those of the files that are not below another directory. */
export function splinterFiles(files: Files, options?: SplinterOptions): Script[] {
  const dir = directoryOf(files);
  const scripts = Object.keys(files).filter((name) => !name.includes('/'));
  return splinter(
    scripts.map((name) => join(dir, name)),
    options,
  );
}

/** The only script of the files. */
export function splinterOne(files: Files, options?: SplinterOptions): Script {
  const [script, ...others] = splinterFiles(files, options);
  expect(others).toEqual([]);
  return script as Script;
}

/** The problems of the files, one a line, with paths below their directory. */
export function problemsOf(files: Files, options?: SplinterOptions): string[] {
  const dir = directoryOf(files);
  const scripts = Object.keys(files).filter((name) => !name.includes('/'));
  try {
    splinter(
      scripts.map((name) => join(dir, name)),
      options,
    );
  } catch (error) {
    if (!(error instanceof HsssError)) throw error;
    return error.message.replaceAll(`${dir}/`, '').split('\n');
  }
  return [];
}

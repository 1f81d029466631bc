import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { atEnd } from './cleanup.ts';

/** The repository's root. */
export const REPOSITORY = resolve(import.meta.dirname, '../..');

/** The command that users run. */
export const CLI = join(REPOSITORY, 'cli/bin/njchan.js');

/**
 * A new empty directory under the system's temporary directory, removed after the test file. Everybody may enter it:
 * nginx's workers run as another user when the tests run as root.
 */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'njchan-test-'));
  chmodSync(dir, 0o755);
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

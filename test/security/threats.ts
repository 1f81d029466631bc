/** The threats of docs/security.md. Tests name those that they drive. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/files.ts';

/** The id of every row: `| \`id\`: what it tries | … |`. */
export function documentedThreats(): string[] {
  const document = readFileSync(join(REPOSITORY, 'docs/security.md'), 'utf8');
  return [...document.matchAll(/^\| `([a-z-]+)`: /gm)].map(([, id]) => id as string);
}

/**
 * Names a threat that a test drives.
 * @throws Error when docs/security.md has no such row
 */
export function threat(id: string): string {
  if (!documentedThreats().includes(id)) throw new Error(`docs/security.md has no threat "${id}"`);
  return id;
}

/** Every command that docs/scripts.md shows is run, on the scripts that it shows, and must print what it says. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsOf, contains } from '../support/console-blocks.ts';
import { REPOSITORY } from '../support/files.ts';
import { directoryOf } from '../unit/hsss/files.ts';
import { typeErrors } from '../unit/hsss/modules.ts';

const DOCUMENT = readFileSync(join(REPOSITORY, 'docs/scripts.md'), 'utf8');

/** The scripts: each block of Lua, under the file name that was mentioned last before it. */
function scriptsOf(markdown: string): Record<string, string> {
  const blocks = [...markdown.matchAll(/^```lua\n([\s\S]*?)^```$/gm)];
  const named = blocks.map(({ 1: text, index }) => {
    const names = [...markdown.slice(0, index).matchAll(/`([\w/]+\.lua)`/g)];
    return [names.at(-1)?.[1], text];
  });
  return Object.fromEntries(named) as Record<string, string>;
}

describe('docs/scripts.md', () => {
  const scripts = scriptsOf(DOCUMENT);
  const dir = directoryOf(scripts);
  const hsss = `'${process.execPath}' '${join(REPOSITORY, 'lua/hsss/bin/hsss.js')}'`;

  it('shows the scripts that its commands need', () => {
    expect(Object.keys(scripts)).toEqual(['greet.lua', 'include/check.lua', 'broken.lua']);
  });

  it.each(commandsOf(DOCUMENT).map((one) => [one.line, one] as const))('$ %s', (_line, { line, shows }) => {
    // npx finds the command in this repository only; hsss.test.ts shows that it does.
    const local = line.replaceAll('npx hsss', hsss);
    const cwd = line.startsWith('npm ') ? REPOSITORY : dir;
    const { stdout: output } = spawnSync('bash', ['-c', `exec 2>&1; ${local}`], { cwd, encoding: 'utf8' });
    if (!contains(output, shows)) expect(output).toBe(shows.join('\n'));
    if (shows.length === 0 && !line.startsWith('npm ')) expect(output).toBe('');
  });

  it('shows TypeScript that fits the module', () => {
    const use = /^```ts\n([\s\S]*?)^```$/m.exec(DOCUMENT)?.[1] as string;
    const { stdout } = spawnSync('bash', ['-c', `${hsss} greet.lua`], { cwd: dir, encoding: 'utf8' });
    expect(typeErrors({ 'scripts.ts': stdout, 'use.ts': use })).toBe('');
  });
});

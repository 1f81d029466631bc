/** Every command that a document shows is run, with the files that it shows, and must print what it says. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Console } from '../support/console.ts';
import { commandsOf } from '../support/console-blocks.ts';
import { filesOf } from '../support/document-files.ts';
import { CLI, REPOSITORY, tempDir } from '../support/files.ts';
import { freePort } from '../support/ports.ts';

const DEADLINE_MS = 60_000;

describe.each([
  { name: 'docs/groups.md', files: ['nginx.conf'], leastCommands: 9 },
  { name: 'docs/tokens.md', files: ['nginx.conf', 'token.mjs'], leastCommands: 5 },
])('$name', async ({ name, files, leastCommands }) => {
  const document = readFileSync(join(REPOSITORY, name), 'utf8');
  const commands = commandsOf(document);
  const port = await freePort();
  const dir = tempDir();
  for (const [name, text] of Object.entries(filesOf(document))) {
    writeFileSync(join(dir, name), text.replace('listen 8080', `listen ${port}`));
  }
  const njchan = `'${process.execPath}' '${CLI}'`;
  const here = (line: string): string => {
    const local = line.replaceAll('localhost:8080', `127.0.0.1:${port}`);
    return `cd '${dir}' && ${local.replace(/^njchan up/, `exec ${njchan} up --run-dir '${join(dir, 'run')}'`)}`;
  };
  const shown = (text: string): string => text.replaceAll('localhost:8080', `localhost:${port}`);
  const shell = new Console({ here, shown, endless: /^njchan up/, deadlineMs: DEADLINE_MS });

  it('shows what is needed', () => {
    expect(Object.keys(filesOf(document))).toEqual(files);
    expect(commands.length).toBeGreaterThanOrEqual(leastCommands);
  });

  it.each(commands.map((one) => [one.line, one] as const))(
    '$ %s',
    (_line, command) => shell.run(command),
    DEADLINE_MS * 1.5,
  );
});

/** Every command that the README shows is run, in order, and must print what the README says it prints. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Console } from '../support/console.ts';
import { commandsOf } from '../support/console-blocks.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { freePort } from '../support/ports.ts';

/** Does not end by itself, or would start this very run again. */
const ENDLESS = /^(npm start|curl -N|node --input-type)/;
const THIS_RUN = 'npm test';
const DEADLINE_MS = 60_000;

describe('the README', async () => {
  const commands = commandsOf(readFileSync(join(REPOSITORY, 'README.md'), 'utf8'));
  const port = await freePort();
  const dir = tempDir();
  const conf = join(dir, 'nginx.conf');
  const shipped = readFileSync(join(REPOSITORY, 'nginx/nginx.conf'), 'utf8');
  writeFileSync(conf, shipped.replace('listen 8080', `listen ${port}`));
  const runDir = join(dir, 'run');

  /** The same command on this test's port, configuration and run directory. */
  const here = (line: string): string => {
    const local = line.replaceAll('localhost:8080', `127.0.0.1:${port}`);
    if (line === 'npm start') return `npm start -- -c ${conf} --run-dir ${runDir}`;
    if (/^npx njchan (status|reload)/.test(line)) return `${local} --run-dir ${runDir}`;
    return local;
  };
  const shown = (text: string) =>
    text.replaceAll('localhost:8080', `localhost:${port}`).replace('nginx/nginx.conf', conf);
  const shell = new Console({ here, shown, endless: ENDLESS, deadlineMs: DEADLINE_MS });

  it('shows the commands that a newcomer needs', () => {
    expect(commands.length).toBeGreaterThan(9);
    expect(commands.map(({ line }) => line)).toEqual(expect.arrayContaining(['npm start', THIS_RUN]));
  });

  it.each(commands.filter(({ line }) => line !== THIS_RUN).map((one) => [one.line, one] as const))(
    '$ %s',
    (_line, command) => shell.run(command),
    DEADLINE_MS * 1.5,
  );
});

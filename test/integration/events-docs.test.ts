/** Every command that docs/events.md shows is run against its configuration, and must print what it says. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsOf, contains } from '../support/console-blocks.ts';
import { REPOSITORY } from '../support/files.ts';
import { startNjchan } from '../support/njchan.ts';

const DOCUMENT = readFileSync(join(REPOSITORY, 'docs/events.md'), 'utf8');
const CONFIGURATION = /^```nginx\n([\s\S]*?)^```$/m.exec(DOCUMENT)?.[1] as string;
const COMMANDS = commandsOf(DOCUMENT);

describe('docs/events.md', async () => {
  const njchan = await startNjchan({
    config: (port) =>
      `events {}\nhttp {\n${CONFIGURATION.replace('listen 8080', `listen 127.0.0.1:${port}`)}}\n`,
  });

  it.each(COMMANDS.map((one) => [one.line, one] as const))('$ %s', (_line, { line, shows }) => {
    const here = line.replaceAll('localhost:8080', `127.0.0.1:${njchan.port}`);
    const { stdout } = spawnSync('bash', ['-c', `exec 2>&1; ${here}`], { encoding: 'utf8' });
    expect(shows.length).toBeGreaterThan(0);
    expect(contains(stdout, shows), `it printed ${stdout}`).toBe(true);
  });
});

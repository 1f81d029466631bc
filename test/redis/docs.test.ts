/** Every command that docs/redis.md shows is run, in order, against its first configuration, and must print what it says. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsOf, contains } from '../support/console-blocks.ts';
import { REPOSITORY } from '../support/files.ts';
import { startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { compileText } from '../unit/compiler/compiling.ts';
import { startSharedRedis } from './support.ts';

const DOCUMENT = readFileSync(join(REPOSITORY, 'docs/redis.md'), 'utf8');
const CONFIGURATIONS = [...DOCUMENT.matchAll(/^```nginx\n([\s\S]*?)^```$/gm)].map(
  (match) => match[1] as string,
);
const COMMANDS = commandsOf(DOCUMENT);
const MAKES_USER = 'ACL SETUSER';

const redis = await startSharedRedis();

function run(line: string, httpPort = 0): string {
  const here = line
    .replace(/^redis-cli/, `redis-cli -p ${redis.port}`)
    .replaceAll('localhost:8080', `127.0.0.1:${httpPort}`);
  const { stdout } = spawnSync('bash', ['-c', `exec 2>&1; ${here}`], { encoding: 'utf8' });
  return stdout;
}

describe('docs/redis.md', async () => {
  const makesUser = COMMANDS.find(({ line }) => line.includes(MAKES_USER));
  // Nobody but the user of the document gets in, except for redis-cli.
  expect(run(makesUser?.line as string)).toBe('OK\n');
  const njchan = await startNjchan({
    config: (port) =>
      `events {}\nhttp {\n${(CONFIGURATIONS[0] as string)
        .replace('127.0.0.1:6379', `127.0.0.1:${redis.port}`)
        .replace('listen 8080', `listen 127.0.0.1:${port}`)}}\n`,
  });
  await waitFor('the upstream', async () => (await request(njchan.port, 'GET', '/pub/x')).status === 404);

  it.each(CONFIGURATIONS)('shows configuration that is taken: %s', (text) => {
    expect(() => compileText(`events {} http { ${text} }`)).not.toThrow();
  });

  it.each(COMMANDS.map((one) => [one.line, one] as const))('$ %s', async (_line, { line, shows }) => {
    // What is being put right again may take a moment.
    let output = '';
    await waitFor(line, () => {
      output = run(line, njchan.port);
      return contains(output, shows);
    }).catch(() => expect(output).toBe(shows.join('\n')));
  });

  it('its user may do all that was asked for, and no more', async () => {
    expect(njchan.output()).not.toMatch(/NOPERM/);
    expect(CONFIGURATIONS[0]).toContain('njchan:secret@');
  });
});

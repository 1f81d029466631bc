/** Every command that the README shows is run, in order, and must print what the README says it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commandsOf, contains } from '../support/console-blocks.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { freePort } from '../support/ports.ts';
import { waitFor } from '../support/wait.ts';

/** Replaces what differs from run to run. */
function normalized(text: string): string {
  return text
    .replace(/\d{10}:\d+/g, 'ID')
    .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, 'DATE')
    .replace(/pid \d+, up \d+ \w+/g, 'pid N, up N')
    .replace(/-?\d+ sec\. ago/g, 'N sec. ago')
    .replace(/(Content-Length: 10)\d/g, '$1N')
    .replace(/\r/g, '');
}

/** Does not end by itself, or would start this very run again. */
const ENDLESS = /^(npm start|curl -N|node --input-type)/;
const THIS_RUN = 'npm test';

describe('the README', async () => {
  const commands = commandsOf(readFileSync(join(REPOSITORY, 'README.md'), 'utf8'));
  const port = await freePort();
  const dir = tempDir();
  const conf = join(dir, 'nginx.conf');
  const shipped = readFileSync(join(REPOSITORY, 'nginx/nginx.conf'), 'utf8');
  writeFileSync(conf, shipped.replace('listen 8080', `listen ${port}`));
  const runDir = join(dir, 'run');
  const running: { line: string; child: ChildProcess }[] = [];
  afterAll(async () => {
    for (const { child } of running.reverse()) {
      if (child.exitCode === null) process.kill(-(child.pid as number), 'SIGTERM');
    }
    await waitFor('everything to stop', () =>
      running.every(({ child }) => child.exitCode !== null || child.signalCode !== null),
    );
  });

  /** The same command on this test's port, configuration and run directory. */
  const here = (line: string): string => {
    const local = line.replaceAll('localhost:8080', `127.0.0.1:${port}`);
    if (line === 'npm start') return `npm start -- -c ${conf} --run-dir ${runDir}`;
    if (/^npx njchan (status|reload)/.test(line)) return `${local} --run-dir ${runDir}`;
    return local;
  };

  it('shows the commands that a newcomer needs', () => {
    expect(commands.length).toBeGreaterThan(9);
    expect(commands.map(({ line }) => line)).toEqual(expect.arrayContaining(['npm start', THIS_RUN]));
  });

  it.each(commands.filter(({ line }) => line !== THIS_RUN).map((one) => [one.line, one] as const))(
    '$ %s',
    async (_line, { line, shows }) => {
      const child = spawn('bash', ['-c', here(line)], { cwd: REPOSITORY, detached: true });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
      }
      running.push({ line, child });
      const expected = shows.map((shown) =>
        shown.replaceAll('localhost:8080', `localhost:${port}`).replace('nginx/nginx.conf', conf),
      );
      if (!ENDLESS.test(line)) {
        await waitFor(`${line} to end`, () => child.exitCode !== null, 60_000);
        expect({ status: child.exitCode, output }).toMatchObject({ status: 0 });
      }
      await waitFor(
        `what the README shows`,
        () => contains(normalized(output), expected.map(normalized)),
        60_000,
      ).catch(() => {
        expect(normalized(output)).toBe(expected.map(normalized).join('\n'));
      });
      if (ENDLESS.test(line)) expect(child.exitCode).toBeNull();
    },
    90_000,
  );
});

/** The shutdown connection of a process that goes down. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { atEnd } from '../support/cleanup.ts';
import { REPOSITORY } from '../support/files.ts';
import { upstreamOf, urlOf } from '../support/link.ts';
import { outageRow } from '../support/outage-table.ts';
import { startRedis } from '../support/redis.ts';
import { sampleScript } from '../support/scripts.ts';
import { waitFor, within } from '../support/wait.ts';

const PROCESS = join(REPOSITORY, 'test/support/shutdown-process.mjs');
const CALLS = 2_000;

const append = sampleScript({ name: 'append', source: "return redis.call('RPUSH', KEYS[1], ARGV[1])" });

/** With the numbers of subscribers among them. */
const ROW = outageRow('the sidecar is stopped, or crashes');

describe(`${ROW.what}: a process that goes down runs its last calls, in their order,`, () => {
  it.each([
    ['when it exits', 'exit', 0],
    ['when an exception is not caught', 'throw', 1],
    ['on SIGTERM', 'SIGTERM', 0],
  ])('%s', async (_, way, status) => {
    const redis = await startRedis();
    const upstream = JSON.stringify(upstreamOf([urlOf(redis)]));
    const script = JSON.stringify({ ...append, source: append.source.toString() });
    const child = spawn(process.execPath, [PROCESS, upstream, script, way, String(CALLS)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    atEnd(() => void child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    if (way === 'SIGTERM') {
      await waitFor('the process to be ready', () => output.includes('ready'));
      child.kill('SIGTERM');
    }
    expect(await within('the process to end', ended)).toBe(status);
    expect(output).toContain(`answered ${CALLS}`);
    const client = await redis.connect();
    expect(await client.lrange('{list}', 0, -1)).toEqual(Array.from({ length: CALLS }, (_, i) => String(i)));
  });
});

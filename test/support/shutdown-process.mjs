/**
 * A process that has a link and goes down as it is told: `node shutdown-process.mjs UPSTREAM SCRIPT WAY CALLS`. In its
 * exit handler it runs the script so often; it prints `ready`, and last how many calls were answered.
 */
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { createLink } from '../../dist/sidecar/store/redis/create-link.js';

const [upstream, script, way, calls] = process.argv.slice(2);
const parsed = JSON.parse(script);
const append = { ...parsed, source: Buffer.from(parsed.source) };
const link = createLink(JSON.parse(upstream), [append], pino({ enabled: false }), {
  available: () => goDown(),
  unavailable: () => {},
  announced: () => {},
  listening: () => {},
});

process.on('exit', () => {
  const all = Array.from({ length: Number(calls) }, (_, i) => ({
    script: append,
    keys: [Buffer.from('{list}')],
    args: [i],
  }));
  writeSync(1, `answered ${link.runAtShutdown(all, 10_000)}\n`);
});

const WAYS = {
  exit: () => process.exit(0),
  throw: () => {
    throw new Error('on purpose');
  },
  SIGTERM: () => {
    process.on('SIGTERM', () => process.exit(0));
    writeSync(1, 'ready\n');
  },
};

function goDown() {
  setImmediate(WAYS[way]);
}

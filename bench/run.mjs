/** `npm run bench -- NAME …`: runs one benchmark, or says which there are. */
import { fanout } from './fanout.mjs';
import { memory } from './memory.mjs';
import { publish } from './publish.mjs';
import { redis } from './redis.mjs';
import { scripts } from './scripts.mjs';

/** @type {Record<string, (args: string[]) => Promise<void>>} */
const BENCHMARKS = { fanout, publish, redis, memory, scripts };

const [name = '', ...args] = process.argv.slice(2);
const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (benchmark) {
  await benchmark(args);
} else {
  console.error(
    `usage: npm run bench -- ${Object.keys(BENCHMARKS).join('|')} [options, see bench/README.md]`,
  );
  process.exitCode = 2;
}

/** What a call of each script costs Redis, beside Nchan's script that does the same. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { NCHAN_SCRIPTS } from '../dist/cli/trace/nchan-scripts.js';
import { splinter } from '../dist/lua/hsss/splinter.js';
import { readOptions } from './options.mjs';
import { cases, keyOf } from './script-cases.mjs';
import { median, startNchan, startRedis } from './servers.mjs';

const LUA = join(dirname(dirname(fileURLToPath(import.meta.url))), 'lua');
const DEFAULTS = { calls: '500', bytes: '100', rounds: '21', only: '' };
const WARM_UP_CALLS = 100;
/** Calls that are sent at once. */
const BATCH = 100;
const LOAD_DEADLINE_MS = 10_000;
const POLL_MS = 50;

/** Loads njchan's scripts. @returns {Promise<Map<string, string>>} hashes by name */
async function loadOurs(redis) {
  const files = readdirSync(LUA).filter((name) => name.endsWith('.lua'));
  const scripts = splinter(files.map((name) => join(LUA, name)));
  for (const { source } of scripts) await redis.call('SCRIPT', 'LOAD', source);
  return new Map(scripts.map(({ name, sha1 }) => [name, sha1]));
}

/** Has Nchan load its scripts. @returns {Promise<Map<string, string> | undefined>} undefined where it is not installed */
async function loadNchans(redis, port) {
  const nchan = await startNchan(`
        nchan_use_redis on;
        nchan_redis_url redis://127.0.0.1:${port};
        location / { nchan_publisher; nchan_channel_id x; }`);
  if (!nchan) return undefined;
  try {
    const end = Date.now() + LOAD_DEADLINE_MS;
    for (;;) {
      const found = new Map();
      for (const { name, sha1s } of NCHAN_SCRIPTS) {
        const loaded = await redis.script('EXISTS', ...sha1s);
        const sha1 = sha1s.find((_, i) => loaded[i] === 1);
        if (sha1) found.set(name, sha1);
      }
      if (found.size === NCHAN_SCRIPTS.length) return found;
      if (Date.now() > end) throw new Error('Nchan does not load the scripts that are known here');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    await nchan.stop();
  }
}

/** Microseconds of Redis's time that an EVALSHA took since CONFIG RESETSTAT, all that the script called included. */
async function microsecondsPerCall(redis) {
  const stats = await redis.info('commandstats');
  const figures = /^cmdstat_evalsha:.*\busec_per_call=([0-9.]+).*\bfailed_calls=0\b/m.exec(stats);
  if (!figures) throw new Error(`calls failed, or there were none:\n${stats}`);
  return Number(figures[1]);
}

/** Sends commands and waits for the answers. @throws the first error among them */
async function run(redis, commands) {
  const pipeline = redis.pipeline(commands.map(([name, ...args]) => ['call', name, ...args]));
  for (const [error] of await pipeline.exec()) if (error) throw error;
}

/** @param {'nchan' | 'njchan'} side */
async function measure(redis, one, side, sha1, calls) {
  const prepared = (commands, id) =>
    (commands ?? []).map((command) => command.map((word) => word.replace(/^KEY/, keyOf(id))));
  let number = 0;
  const next = () => {
    number += 1;
    const id = one.spread ? `${one.name} ${number}` : one.name;
    const [keys, args] = one[side](id);
    return [
      ...prepared(one.each, id),
      ['EVALSHA', sha1, String(keys.length), ...[...keys, ...args].map(String)],
    ];
  };
  const send = async (count) => {
    for (let done = 0; done < count; done += BATCH) {
      await run(redis, Array.from({ length: Math.min(BATCH, count - done) }, next).flat());
    }
  };
  await redis.flushdb();
  await run(redis, prepared(one.before, one.name));
  await send(WARM_UP_CALLS);
  await redis.config('RESETSTAT');
  await send(calls);
  return microsecondsPerCall(redis);
}

function print(name, theirs, ours) {
  const columns = [
    name.padEnd(42),
    theirs?.toFixed(2) ?? '-',
    ours.toFixed(2),
    theirs ? (ours / theirs).toFixed(2) : '-',
  ];
  console.log(columns.map((text) => text.padStart(8)).join(' '));
}

async function compareAll(redis, nchan, njchan, options) {
  const [calls, rounds] = [Number(options.calls), Number(options.rounds)];
  console.log(`${'µs of Redis a call'.padEnd(42)}    Nchan   njchan    ratio`);
  for (const one of cases(Number(options.bytes)).filter(({ name }) => name.startsWith(options.only))) {
    const figures = { nchan: [], njchan: [] };
    const subscriber = one.subscriber ? redis.duplicate() : undefined;
    await subscriber?.subscribe(`${keyOf(one.name)}:pubsub`);
    // By turns, so that other work on the machine disturbs both.
    for (let round = 0; round < rounds; round++) {
      for (const [side, hashes] of Object.entries({ nchan, njchan })) {
        const sha1 = hashes?.get(one.script);
        if (sha1) figures[side].push(await measure(redis, one, side, sha1, calls));
      }
    }
    subscriber?.disconnect();
    print(one.name, nchan && median(figures.nchan), median(figures.njchan));
  }
}

/** @param {string[]} args see bench/README.md */
export async function scripts(args) {
  const options = readOptions(args, DEFAULTS);
  const server = await startRedis();
  const redis = new Redis({ host: '127.0.0.1', port: server.port, protocol: 2 });
  try {
    await compareAll(redis, await loadNchans(redis, server.port), await loadOurs(redis), options);
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

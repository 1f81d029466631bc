/** The servers that are compared: njchan as users run it, nginx with the Nchan module; and the Redis for scripts. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childrenOf } from './proc.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NCHAN_MODULES = [
  '/usr/lib/nginx/modules/ngx_nchan_module.so',
  '/usr/lib64/nginx/modules/ngx_nchan_module.so',
];
const PORTS = { njchan: 19_411, nchan: 19_412, redis: 19_413 };
const START_DEADLINE_MS = 10_000;
const POLL_MS = 50;

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {number} port
 * @property {() => Record<string, number[]>} processes ids by what the processes are: nginx, sidecar
 * @property {() => Promise<void>} stop
 */

export const LOCATIONS = `
        location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; nchan_subscriber_first_message newest; }
        location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
        location ~ ^/deflating/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_deflate_message_for_websocket on; }`;

/** One worker each, since Nchan's own figures are per worker too; the same locations for both. */
function configuration(dir, port, main, locations = LOCATIONS) {
  return `${main}
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 10000; }
http {
    access_log off;
    client_body_temp_path ${dir}/body;
    proxy_temp_path ${dir}/proxy;
    fastcgi_temp_path ${dir}/fastcgi;
    uwsgi_temp_path ${dir}/uwsgi;
    scgi_temp_path ${dir}/scgi;
    keepalive_requests 1000000;
    server {
        listen 127.0.0.1:${port} backlog=4096;${locations}
    }
}
`;
}

/** Everybody may enter it: nginx's workers run as another user when this runs as root. */
function temporaryDirectory() {
  const dir = mkdtempSync(join(tmpdir(), 'njchan-bench-'));
  chmodSync(dir, 0o755);
  return dir;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

async function startProcess(name, command, args, dir, processes) {
  const port = PORTS[name];
  if (await answers(port)) throw new Error(`port ${port} is taken`);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const kill = () => child.kill('SIGTERM');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await exited;
    rmSync(dir, { recursive: true, force: true });
  };
  const end = Date.now() + START_DEADLINE_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > end) {
      await stop();
      throw new Error(`${name} does not start: ${said}`);
    }
    await sleep(POLL_MS);
  }
  return { name, port, processes: () => processes(child.pid), stop };
}

/**
 * @param {string} [locations] the inside of the server, in place of what both servers have
 * @param {string} [root] of another checkout, built, in place of this one
 * @returns {Promise<Server>}
 */
export function startNjchan(locations, root = ROOT) {
  const dir = temporaryDirectory();
  const file = join(dir, 'nginx.conf');
  // The command writes its own pid file and temporary paths.
  const text = configuration(dir, PORTS.njchan, '', locations).replace(
    /^ *(?:pid|error_log|\w+_temp_path) .*\n/gm,
    '',
  );
  writeFileSync(file, text);
  const args = [join(root, 'cli/bin/njchan.js'), 'up', '-c', file, '--run-dir', join(dir, 'run')];
  return startProcess('njchan', process.execPath, args, dir, (pid) => {
    const children = childrenOf(pid);
    const isNginx = (child) => readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('nginx');
    const nginx = children.filter(isNginx);
    return {
      nginx: nginx.flatMap((master) => childrenOf(master)),
      sidecar: children.filter((child) => !isNginx(child)),
    };
  });
}

/**
 * @param {string} [locations] the inside of the server, in place of what both servers have
 * @returns {Promise<Server | undefined>} undefined where Nchan is not installed: there is nothing to compare with then
 */
export async function startNchan(locations) {
  const module = NCHAN_MODULES.find((path) => existsSync(path));
  if (!module) return undefined;
  const dir = temporaryDirectory();
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, configuration(dir, PORTS.nchan, `load_module ${module};\ndaemon off;`, locations));
  return startProcess('nchan', 'nginx', ['-c', file, '-p', dir], dir, (pid) => ({ nginx: childrenOf(pid) }));
}

/** @returns {Promise<Server>} a Redis of its own, that writes nothing to disk */
export function startRedis() {
  const dir = temporaryDirectory();
  const settings = {
    port: PORTS.redis,
    bind: '127.0.0.1',
    dir,
    save: '',
    appendonly: 'no',
    logfile: join(dir, 'log'),
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return startProcess('redis', 'redis-server', args, dir, (pid) => ({ redis: [pid] }));
}

/**
 * A server with a Redis of its own behind it.
 * @param {(locations: string) => Promise<Server | undefined>} start
 * @returns {Promise<Server | undefined>} as `start` does
 */
export async function startWithRedis(start) {
  const redis = await startRedis();
  try {
    const server = await start(`
        nchan_use_redis on;
        nchan_redis_url redis://127.0.0.1:${redis.port};${LOCATIONS}`);
    if (server) return { ...server, processes: both(server, redis), stop: () => stopBoth(server, redis) };
  } catch (error) {
    await redis.stop();
    throw error;
  }
  await redis.stop();
  return undefined;
}

function both(server, redis) {
  return () => ({ ...server.processes(), ...redis.processes() });
}

async function stopBoth(server, redis) {
  await server.stop();
  await redis.stop();
}

/** The middle one, for figures that other work on the machine disturbs. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** What is compared unless something else is said, by what it is called. */
const SIDES = { njchan: () => startNjchan(), Nchan: () => startNchan() };

/**
 * The servers to compare.
 * @param {string} against the root of another checkout of njchan; '' compares with Nchan
 * @returns {Record<string, () => Promise<Server | undefined>>}
 */
export function sidesAgainst(against) {
  if (against === '') return SIDES;
  const other = resolve(against);
  return { njchan: SIDES.njchan, [`njchan in ${other}`]: () => startNjchan(undefined, other) };
}

/**
 * Measures two or more servers, one after the other and several times, and prints the medians and the first one's part
 * of the rate of each other.
 * @param {string} title
 * @param {number} rounds
 * @param {string} rate which of the figures is compared
 * @param {(server: Server) => Promise<Record<string, number>>} measure
 * @param {Record<string, () => Promise<Server | undefined>>} [sides] by their names; the first one is set against the others
 */
export async function compare(title, rounds, rate, measure, sides = SIDES) {
  /** @type {Record<string, Record<string, number>[]>} */
  const all = {};
  for (let round = 0; round < rounds; round++) {
    for (const [side, start] of Object.entries(sides)) {
      const server = await start();
      if (!server) continue;
      try {
        all[side] = [...(all[side] ?? []), await measure(server)];
      } finally {
        await server.stop();
      }
    }
  }
  const rates = Object.entries(all).map(([side, figures]) => {
    const medians = Object.keys(figures[0]).map((name) => [name, median(figures.map((one) => one[name]))]);
    const text = medians.map(
      ([name, value]) => `${value < 100 ? value.toFixed(2) : Math.round(value)} ${name}`,
    );
    console.log(`${title} ${side}: ${text.join(', ')}`);
    return [side, Object.fromEntries(medians)];
  });
  const [[first, ours], ...others] = rates;
  for (const [side, theirs] of others) {
    const ratios = Object.keys(ours)
      .filter((name) => name in theirs && (name === rate || name.startsWith('redis')))
      .map((name) => `${name} ${(ours[name] / theirs[name]).toFixed(2)}`);
    console.log(`${title}: ${first} / ${side} = ${ratios.join(', ')}`);
  }
}

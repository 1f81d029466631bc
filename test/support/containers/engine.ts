/** A container engine for the tests: the one that runs on this machine, or one started for them alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from '../../../cli/nginx-binary.ts';
import { commandLine } from '../../../cli/proc.ts';
import type { Undo } from '../undos.ts';
import { waitFor } from '../wait.ts';
import { attempt, lastLines, progress, run } from './commands.ts';
import { unpackPackages } from './debian.ts';

export interface Engine {
  /** The environment in which `docker` and `docker compose` reach it. */
  readonly env: NodeJS.ProcessEnv;
  /** True when it was started for the tests: all that is in it goes with it. */
  readonly own: boolean;
  /** A directory of the tests', on a disk. */
  readonly dir: string;
}

/** There can be no containers here; the message says why. */
export class NoContainersError extends Error {}

/** Not the system's temporary directory, which may be in memory and without device files. */
const PARENT = '/var/tmp';
/** The process id of the run follows. */
const PREFIX = 'njchan-test-';
/** Of the machine's own engine. */
const PID_FILE = '/var/run/docker.pid';
const ENGINE_START_DEADLINE_MS = 60_000;
const ENGINE_STOP_DEADLINE_MS = 60_000;
const LOG_LINES = 10;

/** The client and its compose: Debian 12 has no compose 2, Debian 13 has the client in a package of its own. */
const CLIENTS = [
  { package: 'docker-cli', works: ['docker', '--version'] },
  { package: 'docker-compose', works: ['docker', 'compose', 'version'] },
];
const PLUGINS = 'usr/libexec/docker/cli-plugins';

/** An environment with a `docker` that knows `docker compose`, fetched when this machine has none. */
async function withClient(dir: string): Promise<NodeJS.ProcessEnv> {
  const missing: string[] = [];
  for (const client of CLIENTS) {
    if ((await attempt(client.works)).status !== 0) missing.push(client.package);
  }
  if (missing.length === 0) return process.env;
  const root = await unpackPackages(missing, join(dir, 'client'));
  if (missing.includes('docker-compose')) {
    const plugins = join(dir, 'config/cli-plugins');
    mkdirSync(plugins, { recursive: true });
    cpSync(join(root, PLUGINS, 'docker-compose'), join(plugins, 'docker-compose'));
  }
  return {
    ...process.env,
    PATH: `${process.env.PATH}:${join(root, 'usr/bin')}`,
    DOCKER_CONFIG: join(dir, 'config'),
  };
}

/** True when an engine that ran here before left its rules, which drop what no engine allows. */
async function hasFirewallRules(): Promise<boolean> {
  return (await attempt(['iptables', '--list-rules', 'DOCKER-USER'])).status === 0;
}

/** Keeps the engine off this machine's own: its files, its firewall, its bridges and its settings. */
async function engineArguments(dir: string): Promise<string[]> {
  const config = join(dir, 'daemon.json');
  writeFileSync(config, '{}');
  return [
    ...['--config-file', config, '--log-level', 'warn'],
    ...['--host', `unix://${join(dir, 'docker.sock')}`, '--pidfile', join(dir, 'engine.pid')],
    ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')],
    // Published ports then go through its proxy, and containers reach each other but nothing outside.
    ...['--bridge', 'none', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
    `--iptables=${await hasFirewallRules()}`,
  ];
}

/**
 * Starts an engine of our own.
 * @throws NoContainersError when it does not come up
 */
async function startEngine(
  dir: string,
  client: NodeJS.ProcessEnv,
  atEnd: (undo: Undo) => void,
): Promise<NodeJS.ProcessEnv> {
  if (process.getuid?.() !== 0) throw new NoContainersError('no engine runs, and only root can start one');
  const dockerd = findOnPath('dockerd', { PATH: `${process.env.PATH}:/usr/sbin:/sbin` });
  if (!dockerd) throw new Error('dockerd is not installed: run "node setup/setup.mjs test"');
  // Ours would take its bridge away.
  const other = existsSync(PID_FILE) ? Number(readFileSync(PID_FILE, 'utf8')) : 0;
  if (other > 0 && commandLine(other).includes('dockerd')) {
    throw new NoContainersError(`an engine runs (pid ${other}), but "docker version" does not reach it`);
  }

  progress('no container engine runs: starting one …');
  const command = [dockerd, ...(await engineArguments(dir))];
  // Should this process be killed, the engine still ends, and its containers with it.
  const setpriv = findOnPath('setpriv', process.env);
  if (setpriv) command.unshift(setpriv, '--pdeathsig', 'TERM', '--');
  const [program = dockerd, ...args] = command;
  const engine = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let log = '';
  engine.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  engine.on('error', (error) => {
    log += error.message;
  });
  atEnd(() => stopEngine(engine));

  const env = { ...client, DOCKER_HOST: `unix://${join(dir, 'docker.sock')}` };
  const isUp = async () => (await attempt(['docker', 'version'], { env })).status === 0;
  await waitFor('the engine', async () => hasEnded(engine) || (await isUp()), ENGINE_START_DEADLINE_MS).catch(
    () => {}, // asked for below
  );
  if (hasEnded(engine) || !(await isUp())) {
    const said = log.trim().split('\n').slice(-LOG_LINES).join('\n');
    throw new NoContainersError(`dockerd does not start here; it said:\n${said}`);
  }
  return env;
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

async function stopEngine(engine: ChildProcess): Promise<void> {
  engine.kill('SIGTERM');
  await waitFor('the engine to end', () => hasEnded(engine), ENGINE_STOP_DEADLINE_MS);
}

/** Tries what some surroundings forbid, such as a container of which this machine itself is made. */
async function tryOut(env: NodeJS.ProcessEnv): Promise<void> {
  const network = `njchan-test-${process.pid}`;
  const created = await attempt(['docker', 'network', 'create', network], { env });
  if (created.status !== 0) {
    throw new NoContainersError(`the engine can make no network here; it said:\n${lastLines(created)}`);
  }
  await run(['docker', 'network', 'rm', network], { env });
}

/** Removes the directory, with what an engine or debootstrap may have left mounted below it. */
async function removeDir(dir: string): Promise<void> {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${dir}/`));
  for (const point of points.reverse()) await run(['umount', point]);
  rmSync(dir, { recursive: true, force: true });
}

/** Removes the directories of runs that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(PARENT)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (!Number.isNaN(pid) && !existsSync(`/proc/${pid}`)) await removeDir(join(PARENT, name));
  }
}

/**
 * Finds a running engine, else starts one.
 * @param atEnd - takes how to end it, and all that is in it
 * @throws NoContainersError when there is none and none can be started
 */
export async function findEngine(atEnd: (undo: Undo) => void): Promise<Engine> {
  await removeLeftovers();
  const dir = mkdtempSync(join(PARENT, `${PREFIX}${process.pid}-`));
  atEnd(() => removeDir(dir));
  const client = await withClient(dir);
  const running = await attempt(['docker', 'version', '--format', '{{.Server.Version}}'], { env: client });
  if (running.status === 0) {
    progress(`using the container engine that runs here, ${running.stdout.trim()}`);
    return { env: client, own: false, dir };
  }
  const env = await startEngine(dir, client, atEnd);
  await tryOut(env);
  return { env, own: true, dir };
}

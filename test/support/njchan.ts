/** Runs the real command, as users do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StatusReport, sendCommand } from '../../cli/control.ts';
import { controlSocketPath } from '../../cli/run-dir.ts';
import { atEnd } from './cleanup.ts';
import { CLI, tempDir } from './files.ts';
import { freePort } from './ports.ts';
import { waitFor, within } from './wait.ts';

/** How a process ended: one of the two is null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface CliResult extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment. */
  env?: NodeJS.ProcessEnv;
  /** Runs the command as this user and the group of the same number, which only root can. */
  uid?: number;
}

/** Starting and stopping real servers on a busy machine takes a while. */
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 40_000;

function spawnCli(args: readonly string[], options: RunOptions): ChildProcess {
  return spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
}

/**
 * Resolves when the process ended (`exit`), or when moreover nobody holds its output any more and all was read
 * (`close`), which an nginx that outlives it can delay.
 */
function exitOf(child: ChildProcess, event: 'exit' | 'close'): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once(event, (code, signal) => resolve({ code, signal }));
  });
}

/** Runs `njchan ARGS…` to its end. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<CliResult> {
  const child = spawnCli(args, options);
  atEnd(() => {
    child.kill('SIGTERM');
  });
  const text = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (data: string) => {
    text.stdout += data;
  });
  child.stderr?.setEncoding('utf8').on('data', (data: string) => {
    text.stderr += data;
  });
  const exit = await within(`njchan ${args.join(' ')}`, exitOf(child, 'close'), START_DEADLINE_MS);
  return { ...exit, ...text };
}

/**
 * A whole nginx.conf around one server.
 * @param server - what stands in the `server` block after its `listen`
 * @param http - what stands in the `http` block before the server
 * @param connections - that it takes at a time; a client of the sidecar counts twice
 */
export function nginxConf(port: number, server: string, http = '', connections = 1024): string {
  return `worker_processes 1;
error_log stderr notice;
events {
    worker_connections ${connections};
}
http {
    access_log off;
${http}
    server {
        listen 127.0.0.1:${port};
${server}
    }
}
`;
}

export interface StartOptions extends RunOptions {
  /** A string is the inside of the `server` block (see nginxConf); a function gives the whole nginx.conf. */
  config: string | ((port: number) => string);
  /** Default: a new temporary directory. */
  runDir?: string;
  /** Default: a free port. */
  port?: number;
  /** Further arguments of `njchan up`. */
  args?: readonly string[];
}

/** A running `njchan up`. Stopped after the test file, if it still runs. */
export interface Njchan {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  readonly runDir: string;
  /** The configuration file that it was started with, for tests that change it. */
  readonly configFile: string;
  readonly pid: number;
  /** Everything printed so far, standard output and standard error as they came. */
  output(): string;
  /** What `njchan status` knows. */
  status(): Promise<StatusReport>;
  sidecarPid(): Promise<number>;
  nginxPid(): Promise<number>;
  /** Sends a signal to `njchan up`. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when `njchan up` ended. */
  readonly exited: Promise<Exit>;
  /** SIGTERM, and waits for the end; no more than the exit status when it ended before. */
  stop(): Promise<Exit>;
}

/**
 * Starts `njchan up` on a free port and waits until it serves.
 * @throws Error with the output, when it ended or did not serve before the deadline
 */
export async function startNjchan(options: StartOptions): Promise<Njchan> {
  const port = options.port ?? (await freePort());
  const dir = tempDir();
  if (options.uid !== undefined) chownSync(dir, options.uid, options.uid);
  const runDir = options.runDir ?? join(dir, 'run');
  const configFile = join(dir, 'nginx.conf');
  const config = typeof options.config === 'string' ? nginxConf(port, options.config) : options.config(port);
  writeFileSync(configFile, config);

  const child = spawnCli(['up', '-c', configFile, '--run-dir', runDir, ...(options.args ?? [])], options);
  let output = '';
  let ended = false;
  const collect = (data: string) => {
    output += data;
  };
  child.stdout?.setEncoding('utf8').on('data', collect);
  child.stderr?.setEncoding('utf8').on('data', collect);
  const exited = exitOf(child, 'exit').finally(() => {
    ended = true;
  });
  // Whoever waits for the end sees the failure; nobody waiting is not an unhandled rejection.
  exited.catch(() => {});

  const stop = async () => {
    if (!ended) child.kill('SIGTERM');
    try {
      return await within('njchan up to stop', exited, STOP_DEADLINE_MS);
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`njchan up did not stop; it said:\n${output}`, { cause: error });
    }
  };
  atEnd(async () => {
    await stop();
  });

  const control = controlSocketPath(runDir);
  const status = async () => (await sendCommand(control, 'status')) as StatusReport;
  await waitFor(
    'njchan up to serve',
    async () => {
      if (ended) return true;
      return (await status()).serving;
    },
    START_DEADLINE_MS,
  ).catch((error: unknown) => {
    throw new Error(`njchan up does not serve; it said:\n${output}`, { cause: error });
  });
  if (ended) throw new Error(`njchan up ended instead of serving; it said:\n${output}`);

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    runDir,
    configFile,
    pid: child.pid as number,
    output: () => output,
    status,
    sidecarPid: async () => (await status()).sidecar.pid as number,
    nginxPid: async () => (await status()).nginx.pid as number,
    kill: (signal) => {
      child.kill(signal);
    },
    exited,
    stop,
  };
}

/** nginx as a child process, and what a killed `njchan up` may have left of it. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { type Logger, logFault } from '../sidecar/log.ts';
import { type ChildExit, childExit, describeExit } from './child-exit.ts';
import { CliError } from './exit-codes.ts';
import { findOnPath, type NginxBinary } from './nginx-binary.ts';
import { childrenOf, commandLine, processGroup } from './proc.ts';
import type { RunDir } from './run-dir.ts';
import { pollUntil } from './timing.ts';

const START_DEADLINE_MS = 10_000;
const RELOAD_DEADLINE_MS = 10_000;
const LEFTOVER_DEADLINE_MS = 5_000;
/** How a worker names itself once it takes no more connections. */
const RETIRING = 'is shutting down';

/** Sends a signal to a process, or with a negative id to a process group; no matter if it is gone. */
function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The process id that nginx wrote; undefined when there is none. An empty file is what `nginx -t` leaves. */
function readPidFile(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

export class NginxProcess {
  readonly startedAt = Date.now();
  readonly exited: Promise<ChildExit>;
  readonly pid: number | undefined;
  readonly #pidFile: string;
  #running = true;

  private constructor(pid: number | undefined, exited: Promise<ChildExit>, pidFile: string) {
    this.pid = pid;
    this.#pidFile = pidFile;
    this.exited = exited;
    void this.exited.then(() => {
      this.#running = false;
      // Workers outlive a master that was killed, and keep its ports.
      if (pid !== undefined) signalTo(-pid, 'SIGKILL');
    });
  }

  /** Starts nginx in the foreground on the compiled file; its standard error is ours. */
  static start(nginx: NginxBinary, dir: RunDir): NginxProcess {
    const command = [nginx.path, '-c', dir.nginxConfig, ...nginx.baseArguments];
    // nginx does not notice when its parent is killed; with setpriv the kernel tells it.
    const setpriv = findOnPath('setpriv', process.env);
    if (setpriv) command.unshift(setpriv, '--pdeathsig', 'TERM', '--');
    const [program = nginx.path, ...args] = command;
    const child = spawn(program, args, {
      stdio: ['ignore', 'inherit', 'inherit'],
      // A process group of its own: Ctrl-C on the terminal must reach only the supervisor, which stops in order.
      detached: true,
    });
    return new NginxProcess(child.pid, childExit(child), dir.nginxPid);
  }

  /** Resolves when it listens on all its addresses: it writes its pid file after that. Throws CliError `refused`. */
  async accepting(): Promise<void> {
    await pollUntil(() => !this.#running || readPidFile(this.#pidFile) === this.pid, START_DEADLINE_MS);
    if (!this.#running) {
      const exit = describeExit(await this.exited);
      throw new CliError(
        'refused',
        `njchan: nginx ended with ${exit} while it started; what it said is above`,
      );
    }
    if (readPidFile(this.#pidFile) !== this.pid) {
      throw new CliError('refused', `njchan: nginx did not listen within ${START_DEADLINE_MS / 1000} s`);
    }
  }

  /** Sends a signal to the master, if it still runs; SIGKILL goes to its workers too. */
  kill(signal: NodeJS.Signals): void {
    if (this.#running && this.pid !== undefined)
      signalTo(signal === 'SIGKILL' ? -this.pid : this.pid, signal);
  }

  /**
   * Makes nginx read its configuration again.
   * @returns true when new workers took over from the old ones, false when that did not happen in time
   */
  async reload(): Promise<boolean> {
    const { pid } = this;
    if (pid === undefined) return false;
    const before = childrenOf(pid);
    this.kill('SIGHUP');
    const retired = (worker: number) => {
      const title = commandLine(worker);
      return title === '' || title.includes(RETIRING);
    };
    return pollUntil(
      () => before.every(retired) && childrenOf(pid).some((child) => !before.includes(child)),
      RELOAD_DEADLINE_MS,
    );
  }
}

/** The processes of the nginx that an earlier `njchan up` started on this run directory: master, else its workers. */
function leftoverPids(dir: RunDir): number[] {
  const master = readPidFile(dir.nginxPid);
  if (master === undefined) return [];
  if (commandLine(master).includes(dir.nginxConfig)) return [master];
  // A process id is not given out again while it is a group's id, so workers in that group are those of our nginx.
  return processGroup(master).filter((pid) => commandLine(pid).startsWith('nginx: worker process'));
}

/**
 * Stops what a killed `njchan up` left behind on this run directory, since it holds the ports.
 * @throws CliError `refused` when it does not end
 */
export async function stopLeftover(dir: RunDir, log: Logger): Promise<void> {
  const pids = leftoverPids(dir);
  for (const [signal, title] of [
    ['SIGTERM', 'stopping'],
    ['SIGKILL', 'killing'],
  ] as const) {
    if (leftoverPids(dir).length === 0) break;
    logFault(
      log,
      'NJ-NGINX-LEFTOVER',
      `${title} the nginx that an earlier njchan left running here (pid ${leftoverPids(dir).join(', ')})`,
    );
    for (const pid of leftoverPids(dir)) signalTo(pid, signal);
    await pollUntil(() => leftoverPids(dir).length === 0, LEFTOVER_DEADLINE_MS);
  }
  if (leftoverPids(dir).length > 0) {
    throw new CliError(
      'refused',
      `njchan: the nginx of an earlier njchan (pid ${pids.join(', ')}) does not end`,
    );
  }
  rmSync(dir.nginxPid, { force: true });
}

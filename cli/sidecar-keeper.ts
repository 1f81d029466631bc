/** Keeps one sidecar running: starts another when it dies. */
import { type Logger, logFault } from '../sidecar/log.ts';
import { Backoff } from './backoff.ts';
import { describeExit } from './child-exit.ts';
import type { ProcessReport, SidecarCounts } from './control.ts';
import { SidecarProcess } from './sidecar-process.ts';

export class SidecarKeeper {
  readonly #program: string;
  readonly #configFile: string;
  readonly #log: Logger;
  readonly #backoff = new Backoff();
  #process: SidecarProcess | undefined;
  #restarts = 0;
  #timer: NodeJS.Timeout | undefined;
  #kept = true;

  /** @param program - sidecar/main.js */
  constructor(program: string, configFile: string, log: Logger) {
    this.#program = program;
    this.#configFile = configFile;
    this.#log = log;
  }

  /**
   * Starts the first process and waits until it accepts connections.
   * @throws CliError `refused`; it is not restarted then
   */
  async start(): Promise<void> {
    this.#process = SidecarProcess.start(this.#program, this.#configFile);
    await this.#process.ready();
    this.#watch(this.#process);
  }

  /** From now on a sidecar that ends is not started again. */
  release(): void {
    this.#kept = false;
    clearTimeout(this.#timer);
  }

  /** Sends a signal to the process that runs, if any. */
  kill(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Resolves when the present process ended; at once when there is none. */
  async exited(): Promise<void> {
    await this.#process?.exited;
  }

  /** Process id, uptime and restarts. */
  report(): ProcessReport & { restarts: number } {
    const pid = this.#process?.pid;
    if (!this.#process || pid === undefined) return { restarts: this.#restarts };
    const uptimeSeconds = Math.floor((Date.now() - this.#process.startedAt) / 1000);
    return { pid, uptimeSeconds, restarts: this.#restarts };
  }

  /** What the sidecar counts, or undefined when it does not answer. */
  async counts(): Promise<SidecarCounts | undefined> {
    return this.#process?.counts();
  }

  #watch(sidecar: SidecarProcess): void {
    void sidecar.exited.then((exit) => {
      if (!this.#kept) return;
      const delayMs = this.#backoff.delayAfter(Date.now() - sidecar.startedAt);
      const message = `the sidecar ended with ${describeExit(exit)}; starting another in ${delayMs} ms`;
      logFault(this.#log, 'NJ-SIDECAR-ENDED', message);
      this.#timer = setTimeout(() => this.#restart(), delayMs);
    });
  }

  #restart(): void {
    this.#restarts++;
    const failed = (error: Error) => {
      if (this.#kept) logFault(this.#log, 'NJ-SIDECAR-START', error.message.replace(/^njchan: /, ''));
    };
    let sidecar: SidecarProcess;
    try {
      sidecar = SidecarProcess.start(this.#program, this.#configFile);
    } catch (error) {
      // The installation is being replaced under us: try again as if it had died.
      failed(error as Error);
      this.#timer = setTimeout(() => this.#restart(), this.#backoff.delayAfter(0));
      return;
    }
    this.#process = sidecar;
    this.#watch(sidecar);
    sidecar.ready().then(() => this.#log.info(`the sidecar is back (pid ${sidecar.pid})`), failed);
  }
}

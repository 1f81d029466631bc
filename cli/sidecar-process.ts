/** One process of the sidecar. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type ChildExit, childExit, describeExit } from './child-exit.ts';
import type { SidecarCounts } from './control.ts';
import { CliError } from './exit-codes.ts';
import { settledWithin } from './timing.ts';

const READY_DEADLINE_MS = 10_000;
const STATUS_DEADLINE_MS = 2_000;

export class SidecarProcess {
  readonly startedAt = Date.now();
  readonly exited: Promise<ChildExit>;
  readonly #child: ChildProcess;
  #running = true;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.exited = childExit(child);
    // Writing to a channel whose other end is gone; the exit says more.
    child.on('error', () => {});
    void this.exited.then(() => {
      this.#running = false;
    });
  }

  /**
   * Starts the sidecar. It ends by itself when this process does, since its IPC channel closes then.
   * @param program - sidecar/main.js
   * @param configFile - see sidecar/config.ts
   */
  static start(program: string, configFile: string): SidecarProcess {
    if (!existsSync(program)) {
      throw new CliError(
        'refused',
        `njchan: ${program} is missing: run "npm run build" in njchan's directory`,
      );
    }
    const child = spawn(process.execPath, [program, '--config', configFile], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // A process group of its own: Ctrl-C on the terminal must reach only the supervisor, which stops in order.
      detached: true,
    });
    return new SidecarProcess(child);
  }

  get pid(): number | undefined {
    return this.#running ? this.#child.pid : undefined;
  }

  /** Resolves when it accepts connections. Kills it and throws CliError `refused` when it does not. */
  async ready(): Promise<void> {
    const ready = this.#message('ready');
    const inTime = await settledWithin(Promise.race([ready, this.exited]), READY_DEADLINE_MS);
    if (!inTime) {
      this.kill('SIGKILL');
      throw new CliError('refused', `njchan: the sidecar was not ready within ${READY_DEADLINE_MS / 1000} s`);
    }
    if (!this.#running) {
      const exit = describeExit(await this.exited);
      throw new CliError('refused', `njchan: the sidecar ended with ${exit} before it was ready`);
    }
  }

  /** What it counts, or undefined when it does not answer. */
  async counts(): Promise<SidecarCounts | undefined> {
    if (!this.#child.connected) return undefined;
    const reply = this.#message('status');
    this.#child.send({ type: 'status' });
    if (!(await settledWithin(Promise.race([reply, this.exited]), STATUS_DEADLINE_MS)) || !this.#running) {
      return undefined;
    }
    const { channels, subscribers, messages, bytes } = await reply;
    return { channels, subscribers, messages, bytes };
  }

  /** Sends a signal, if it still runs. */
  kill(signal: NodeJS.Signals): void {
    if (this.#running) this.#child.kill(signal);
  }

  /** The next message of a type. Stays pending when it never comes. */
  #message(type: string): Promise<SidecarCounts> {
    return new Promise((resolve) => {
      const listen = (message: unknown) => {
        if ((message as { type?: unknown } | null)?.type !== type) return;
        this.#child.off('message', listen);
        resolve(message as SidecarCounts);
      };
      this.#child.on('message', listen);
      void this.exited.then(() => this.#child.off('message', listen));
    });
  }
}

/** `njchan up`: nginx and the sidecar on one run directory, from start to stop. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CompileResult } from '../nginx/compiler/index.ts';
import type { SidecarConfig } from '../sidecar/config.ts';
import { type Logger, type LogLevel, logFault } from '../sidecar/log.ts';
import { describeExit, exitStatus } from './child-exit.ts';
import { addressOf, checkPortsFree, compileForRunDir, formatProblem, testCompiled } from './configuration.ts';
import { type ReloadReport, type StatusReport, takeLock } from './control.ts';
import { CliError, EXIT } from './exit-codes.ts';
import type { NginxBinary } from './nginx-binary.ts';
import { NginxProcess, stopLeftover } from './nginx-process.ts';
import { PACKAGE_FILES, VERSION } from './package-files.ts';
import {
  clearRunDir,
  makeRunDir,
  makeSidecarDirs,
  type RunDir,
  removeRunDir,
  removeTokenKeys,
  writeAtomically,
} from './run-dir.ts';
import { shutDown } from './shutdown.ts';
import { SidecarKeeper } from './sidecar-keeper.ts';
import { sidecarAnswers } from './sidecar-probe.ts';
import { SignalInbox } from './signals.ts';
import { type Account, firstClosedDirectory, resolveAccount } from './users.ts';
import { WaitingRoom } from './waiting-room.ts';

/** nginx.conf may hold secrets of the user's, and only nginx's master, which runs as we do, reads it. */
const NGINX_CONFIG_MODE = 0o600;
/** It has the passwords of Redis, and the sidecar reads it. */
const SIDECAR_CONFIG_MODE = 0o600;
/**
 * Started by root, the sidecar reads it again after it gave that up, so its group may. The file must not be its own:
 * it says as whom a sidecar that is started again shall run.
 */
const SIDECAR_CONFIG_MODE_BY_ROOT = 0o640;

export interface SupervisorOptions {
  /** The user's nginx.conf, as the user named it. */
  readonly file: string;
  readonly dir: RunDir;
  readonly nginx: NginxBinary;
  readonly logFormat: 'human' | 'json';
  readonly logLevel: LogLevel | undefined;
  /** False when the sidecar is run by somebody else, from the file that we write. */
  readonly ownSidecar: boolean;
  readonly log: Logger;
  /** Called once, when requests are served. */
  readonly onServing: (compiled: CompileResult) => void;
}

/** Thrown inside to leave the start sequence when the user wants to stop. */
class StopRequested extends Error {}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #startedAt = Date.now();
  readonly #signals: SignalInbox;
  #compiled: CompileResult | undefined;
  #account: Account | undefined;
  #sidecar: SidecarKeeper | undefined;
  #nginx: NginxProcess | undefined;
  #waitingRoom: WaitingRoom | undefined;
  #serving = false;
  #reloads = 0;
  /** Counts configurations that were compiled. */
  #generation = 0;
  #lastReload: Promise<unknown> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#signals = new SignalInbox(() => void this.#reloadOnSignal());
  }

  /**
   * Runs until nginx dies or the user asks to stop.
   * @returns the exit status for this process
   * @throws CliError when it does not come to serving; nothing is left running or lying about then
   */
  async run(): Promise<number> {
    const { dir, log, ownSidecar } = this.#options;
    const made = makeRunDir(dir);
    const lock = await takeLock(dir.controlSocket, {
      status: () => this.#status(),
      reload: () => this.#reload(),
    });
    try {
      return await this.#startAndWatch();
    } finally {
      this.#serving = false;
      this.#waitingRoom?.close();
      const hooksFirst = this.#compiled?.hooks ?? false;
      await shutDown(this.#nginx, this.#sidecar, () => this.#signals.nextStop(), log, hooksFirst);
      clearRunDir(dir, ownSidecar);
      lock.close(); // removes the control socket
      if (made) removeRunDir(dir);
    }
  }

  async #startAndWatch(): Promise<number> {
    const { log, onServing } = this.#options;
    try {
      await this.#start();
    } catch (error) {
      if (error instanceof StopRequested) return EXIT.ok.code;
      throw error;
    }
    const nginx = this.#nginx as NginxProcess;
    this.#serving = true;
    onServing(this.#compiled as CompileResult);

    const stopped = this.#signals.nextStop().then(() => undefined);
    const died = await Promise.race([nginx.exited, stopped]);
    if (died) {
      logFault(log, 'NJ-NGINX-ENDED', `nginx ended with ${describeExit(died)}; stopping`);
      return exitStatus(died);
    }
    log.info('stopping: subscribers are told to go, requests finish; once more to hurry');
    return EXIT.ok.code;
  }

  async #start(): Promise<void> {
    const { file, dir, nginx, log, ownSidecar } = this.#options;
    removeTokenKeys(dir); // of a process that was killed
    const compiled = compileForRunDir(file, nginx, dir, this.#generation);
    this.#notice(compiled);
    this.#account = await this.#accountFor(compiled);
    await stopLeftover(dir, log);
    this.#continue();

    rmSync(dir.temp, { recursive: true, force: true });
    mkdirSync(dir.temp, { mode: 0o755 });
    makeSidecarDirs(dir, this.#account);
    writeAtomically(dir.nginxConfig, compiled.config, NGINX_CONFIG_MODE);
    await testCompiled(nginx, dir.nginxConfig);
    await checkPortsFree(compiled.listens);
    this.#compiled = compiled;
    this.#writeSidecarConfig(compiled);
    this.#continue();

    if (ownSidecar) {
      this.#sidecar = new SidecarKeeper(PACKAGE_FILES.sidecar, dir.sidecarConfig, log);
      await this.#sidecar.start();
      this.#continue();
    }
    this.#waitingRoom = await WaitingRoom.open(dir.waitingSocket, dir.sidecarSocket, this.#account);
    this.#nginx = NginxProcess.start(nginx, dir);
    await this.#nginx.accepting();
    this.#continue();
  }

  /** Leaves the start sequence when the user asked to stop meanwhile. */
  #continue(): void {
    if (this.#signals.stopRequested) throw new StopRequested();
  }

  #notice(compiled: CompileResult): void {
    for (const notice of compiled.notices) {
      logFault(this.#options.log, 'NJ-CONFIG-NOTICE', formatProblem(notice));
    }
  }

  /** The account of nginx's workers and the sidecar; undefined unless we are root, since nothing changes then. */
  async #accountFor(compiled: CompileResult): Promise<Account | undefined> {
    if (process.getuid?.() !== 0) return undefined;
    const { dir, nginx, log } = this.#options;
    const account = await resolveAccount(compiled.user ?? nginx.defaultUser);
    const closed = firstClosedDirectory(dir.path, account);
    if (closed) {
      logFault(
        log,
        'NJ-RUN-DIR-CLOSED',
        `nginx's workers run as ${account.name}, who may not enter ${closed}: they will not reach the sidecar in ` +
          `${dir.path} ("chmod o+x ${closed}", or another --run-dir)`,
      );
    }
    return account;
  }

  #writeSidecarConfig({ memoryBytes, redis, keptHooks, figuresFile }: CompileResult): void {
    const { dir, logFormat, logLevel } = this.#options;
    const account = this.#account;
    const config: SidecarConfig = {
      listen: { socket: dir.sidecarSocket },
      ...(account ? { user: { uid: account.uid, gid: account.gid } } : {}),
      logFormat,
      ...(logLevel === undefined ? {} : { logLevel }),
      ...(memoryBytes === undefined ? {} : { limits: { storeBytes: memoryBytes } }),
      ...(redis ? { redis } : {}),
      ...(keptHooks ? { hooks: keptHooks } : {}),
      ...(figuresFile === undefined ? {} : { figuresFile }),
    };
    const mode = account ? SIDECAR_CONFIG_MODE_BY_ROOT : SIDECAR_CONFIG_MODE;
    writeAtomically(dir.sidecarConfig, `${JSON.stringify(config, undefined, 2)}\n`, mode, account?.gid);
  }

  async #reloadOnSignal(): Promise<void> {
    const { log } = this.#options;
    const { ok, lines } = await this.#reload();
    if (!ok) logFault(log, 'NJ-RELOAD-REFUSED', `the configuration was not reloaded: ${lines.join('; ')}`);
  }

  /** Reloads one after another: two at once would test each other's files. */
  #reload(): Promise<ReloadReport> {
    const reload = this.#lastReload.then(async (): Promise<ReloadReport> => {
      try {
        return { ok: true, lines: await this.#replaceConfiguration() };
      } catch (error) {
        if (error instanceof CliError) return { ok: false, lines: error.message.split('\n') };
        logFault(this.#options.log, 'NJ-RELOAD-FAILED', 'the reload failed', { err: error });
        return { ok: false, lines: [`njchan: ${(error as Error).message}`] };
      }
    });
    this.#lastReload = reload;
    return reload;
  }

  /** @returns what the compiler noticed. @throws CliError `refused`; the old configuration is in force then */
  async #replaceConfiguration(): Promise<string[]> {
    const { dir } = this.#options;
    const before = this.#generation;
    const next = ++this.#generation;
    let inForce = before;
    try {
      const notices = await this.#takeOver(next);
      inForce = next;
      return notices;
    } finally {
      this.#generation = inForce;
      removeTokenKeys(dir, dir.tokenKeys(inForce));
    }
  }

  /** Compiles, tests and puts in force. */
  async #takeOver(generation: number): Promise<string[]> {
    const { file, dir, nginx, log } = this.#options;
    const running = this.#nginx;
    const before = this.#compiled;
    if (!this.#serving || !running || !before)
      throw new CliError('refused', 'njchan: it is starting or stopping');

    const compiled = compileForRunDir(file, nginx, dir, generation);
    const account = await this.#accountFor(compiled);
    if (account?.uid !== this.#account?.uid || account?.gid !== this.#account?.gid) {
      throw new CliError('refused', "njchan: another user for nginx's workers needs a restart of njchan up");
    }
    const next = `${dir.nginxConfig}.next`;
    try {
      writeAtomically(next, compiled.config, NGINX_CONFIG_MODE);
      await testCompiled(nginx, next);
    } finally {
      rmSync(next, { force: true });
    }
    const ownPorts = new Set(before.listens.map(({ port }) => port));
    await checkPortsFree(compiled.listens.filter(({ port }) => !ownPorts.has(port)));

    const oldConfig = readFileSync(dir.nginxConfig, 'utf8');
    writeAtomically(dir.nginxConfig, compiled.config, NGINX_CONFIG_MODE);
    if (!(await running.reload())) {
      writeAtomically(dir.nginxConfig, oldConfig, NGINX_CONFIG_MODE);
      throw new CliError(
        'refused',
        "njchan: nginx did not take the configuration over; njchan up's log says why",
      );
    }
    this.#compiled = compiled;
    this.#writeSidecarConfig(compiled);
    this.#sidecar?.kill('SIGHUP');
    this.#reloads++;
    this.#notice(compiled);
    log.info(`reloaded ${file}`);
    return compiled.notices.map(formatProblem);
  }

  async #status(): Promise<StatusReport> {
    const { file, dir, nginx, ownSidecar } = this.#options;
    const counts = await this.#sidecar?.counts();
    const pid = this.#nginx?.pid;
    return {
      version: VERSION,
      pid: process.pid,
      uptimeSeconds: secondsSince(this.#startedAt),
      serving: this.#serving,
      config: resolve(file),
      runDir: dir.path,
      listens: (this.#compiled?.listens ?? []).map(addressOf),
      locations: this.#compiled?.locations ?? 0,
      reloads: this.#reloads,
      nginx: {
        version: nginx.version,
        ...(this.#nginx && pid !== undefined
          ? { pid, uptimeSeconds: secondsSince(this.#nginx.startedAt) }
          : {}),
      },
      sidecar: {
        ...(this.#sidecar?.report() ?? { restarts: 0 }),
        elsewhere: !ownSidecar,
        answers: ownSidecar ? counts !== undefined : await sidecarAnswers(dir.sidecarSocket),
      },
      ...(counts ? { counts } : {}),
    };
  }
}

function secondsSince(startMs: number): number {
  return Math.floor((Date.now() - startMs) / 1000);
}

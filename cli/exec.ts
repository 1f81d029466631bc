import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';

/** How a short-lived program ended and what it printed. */
export interface Finished {
  /** Its exit status; undefined when it could not be run or was killed, which `output` then explains. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** Standard output and standard error, the latter last. */
  readonly output: string;
}

/** No program that the command asks something takes longer. */
const EXEC_TIMEOUT_MS = 30_000;

/** Runs a program to its end, without a shell. Never throws. */
export function exec(program: string, args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: EXEC_TIMEOUT_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      if (!error) resolve({ status: 0, stdout, output });
      else if (typeof error.code === 'number') resolve({ status: error.code, stdout, output });
      else resolve({ status: undefined, stdout, output: output || error.message });
    });
  });
}

/**
 * Runs a program as `exec` does, but with its output in a file, which goes afterwards. Node's pipes are sockets, which a
 * program cannot open by the names /dev/stdout and /dev/stderr.
 * @param file - made new; for its owner only, since nginx may quote its configuration
 * @throws Error when the file cannot be made
 */
export async function execToFile(program: string, args: readonly string[], file: string): Promise<Finished> {
  rmSync(file, { force: true });
  const output = openSync(file, 'ax', 0o600);
  try {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const child = spawn(program, args, {
        stdio: ['ignore', output, output],
        timeout: EXEC_TIMEOUT_MS,
        killSignal: 'SIGKILL',
      });
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? undefined));
    });
    const text = readFileSync(file, 'utf8');
    return { status, stdout: text, output: text };
  } catch (error) {
    return { status: undefined, stdout: '', output: (error as Error).message };
  } finally {
    closeSync(output);
    rmSync(file, { force: true });
  }
}

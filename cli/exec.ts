import { execFile } from 'node:child_process';

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

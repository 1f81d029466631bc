import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

/** How a child process ended: one of the two is null. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Added to the number of the signal that killed a process, as shells do. */
const SIGNAL_EXIT_BASE = 128;
/** What shells give for a program that could not be run. */
const CANNOT_RUN = 126;

/** Resolves when the process ended, also when it could not be started; never fails. */
export function childExit(child: ChildProcess): Promise<ChildExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => {
      if (child.pid === undefined) resolve({ code: CANNOT_RUN, signal: null });
    });
  });
}

/** `status 1` or `signal SIGKILL`, for log lines. */
export function describeExit(exit: ChildExit): string {
  return exit.signal ? `signal ${exit.signal}` : `status ${exit.code}`;
}

/** The exit status that a shell would report. */
export function exitStatus(exit: ChildExit): number {
  return exit.signal ? SIGNAL_EXIT_BASE + constants.signals[exit.signal] : (exit.code ?? 0);
}

/** Running programs for tests in containers, and saying how far they are. */
import { spawn } from 'node:child_process';

/** Enough of a program's output to see why it failed. */
const SHOWN_LINES = 25;

const startedAt = Date.now();

/** Prints a line at once, with the seconds since the start: it takes minutes where everything has to be made. */
export function progress(line: string): void {
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  process.stderr.write(`containers: ${seconds} s: ${line}\n`);
}

export interface RunOptions {
  /** The whole environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly deadlineMs?: number;
}

export interface Outcome {
  /** undefined when it could not be started, or was ended at the deadline. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** Standard output and error, as they came. */
  readonly output: string;
}

/** Longer than any step takes on a slow machine. */
const DEFAULT_DEADLINE_MS = 300_000;

/** Runs a program to its end. Never throws. */
export function attempt(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: options.env ?? process.env,
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.deadlineMs ?? DEFAULT_DEADLINE_MS,
    });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', (error) => resolve({ status: undefined, stdout, output: output + error.message }));
    child.once('close', (code) => resolve({ status: code ?? undefined, stdout, output }));
  });
}

/** The end of a program's output. */
export function lastLines({ output }: Outcome): string {
  return output.trim().split('\n').slice(-SHOWN_LINES).join('\n');
}

/**
 * Runs a program that has to succeed.
 * @returns its standard output, without blanks around it
 * @throws Error with the end of its output
 */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await attempt(command, options);
  if (outcome.status === 0) return outcome.stdout.trim();
  throw new Error(
    `${command.join(' ')} ended with ${outcome.status ?? 'a signal'}; it said:\n${lastLines(outcome)}`,
  );
}

/** What a build needs of this machine's way to the outside. */
export function buildArguments(): Record<string, string> {
  const proxies = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name));
  return Object.fromEntries(proxies.map(([name, value = '']) => [name, value]));
}

/** Runs commands that a document shows, and compares what they print with what it says they print. */
import { type ChildProcess, spawn } from 'node:child_process';
import { expect } from 'vitest';
import { atEnd } from './cleanup.ts';
import { type Command, contains } from './console-blocks.ts';
import { REPOSITORY } from './files.ts';
import { waitFor } from './wait.ts';

/** Replaces what differs from run to run. */
function normalized(text: string): string {
  return text
    .replace(/\d{10}:\d+/g, 'ID')
    .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, 'DATE')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replace(/pid \d+, up \d+ \w+/g, 'pid N, up N')
    .replace(/-?\d+ sec\. ago/g, 'N sec. ago')
    .replace(/(Content-Length: 10)\d/g, '$1N')
    .replace(/\r/g, '');
}

export interface ConsoleOptions {
  /** The whole environment; default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** What stands in for a command line here: another port, another file. */
  readonly here?: (line: string) => string;
  /** The same for what is shown. */
  readonly shown?: (text: string) => string;
  /** Commands that do not end by themselves: they go on until the end of the test file. */
  readonly endless?: RegExp;
  /** How long a command may take. */
  readonly deadlineMs: number;
}

/** A shell in the repository, as the reader of a document has. */
export class Console {
  readonly #options: ConsoleOptions;
  readonly #running: ChildProcess[] = [];

  constructor(options: ConsoleOptions) {
    this.#options = options;
    atEnd(() => this.end());
  }

  /** Runs a command and expects success, as far as it ends, and the output that is shown. */
  async run({ line, shows }: Command): Promise<void> {
    const { env, here = same, shown = same, endless, deadlineMs } = this.#options;
    const child = spawn('bash', ['-c', here(line)], {
      cwd: REPOSITORY,
      detached: true,
      env: env ?? process.env,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    this.#running.push(child);
    const goesOn = endless?.test(line) ?? false;
    const expected = shows.map((text) => normalized(shown(text)));
    if (!goesOn) {
      await waitFor(`${line} to end`, () => child.exitCode !== null, deadlineMs).catch((error: Error) => {
        throw new Error(`${error.message}; it said:\n${output}`);
      });
      expect({ status: child.exitCode, output }).toMatchObject({ status: 0 });
    }
    await waitFor(
      `what is shown for ${line}`,
      () => contains(normalized(output), expected),
      deadlineMs,
    ).catch(() => {
      expect(normalized(output)).toBe(expected.join('\n'));
    });
    if (goesOn) expect(child.exitCode).toBeNull();
  }

  /** Ends the commands that go on, the last first. */
  async end(): Promise<void> {
    const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
    for (const child of this.#running.reverse()) {
      if (!hasEnded(child)) process.kill(-(child.pid as number), 'SIGTERM');
    }
    await waitFor('everything to stop', () => this.#running.every(hasEnded));
    this.#running.length = 0;
  }
}

function same(text: string): string {
  return text;
}

/** A running redis-server: a process of this machine, or of a container. */
import { type ChildProcess, spawn } from 'node:child_process';
import { within } from './wait.ts';

export interface RedisProcess {
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  readonly ended: boolean;
  /** Why it could not be started, or what it printed. */
  readonly failure: Error | undefined;
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Ends it, stopped by a signal or not. */
  stop(): Promise<void>;
}

/** A child that is watched, with the ways to reach the server that is in it or behind it. */
export function watched(child: ChildProcess, ways: Pick<RedisProcess, 'signal' | 'stop'>): RedisProcess {
  let ended = false;
  let failure: Error | undefined;
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      failure = error;
    });
    child.once('close', () => {
      ended = true;
      resolve();
    });
  });
  return {
    exited,
    get ended() {
      return ended;
    },
    get failure() {
      return failure ?? (said === '' ? undefined : new Error(said));
    },
    signal: ways.signal,
    async stop() {
      if (ended) return;
      await ways.stop();
      await within('redis-server to stop', exited);
    },
  };
}

/** Starts a server as a process of this machine. */
export function startProcess(program: string, args: readonly string[]): RedisProcess {
  const child = spawn(program, args, { stdio: 'ignore' });
  const server = watched(child, {
    async signal(signal) {
      child.kill(signal);
    },
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await within('redis-server to stop', server.exited).catch(() => child.kill('SIGKILL'));
    },
  });
  return server;
}

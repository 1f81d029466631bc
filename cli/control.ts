/** The control socket of a run directory: lock, and one JSON line asked and one answered on each connection. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { childExit } from './child-exit.ts';
import { CliError } from './exit-codes.ts';

export interface ProcessReport {
  /** Undefined while it is being restarted. */
  readonly pid?: number;
  readonly uptimeSeconds?: number;
}

/** What the sidecar counts. */
export interface SidecarCounts {
  readonly channels: number;
  readonly subscribers: number;
  readonly messages: number;
  readonly bytes: number;
}

/** Of a sidecar elsewhere nothing is known but whether it answers. */
export interface SidecarReport extends ProcessReport {
  readonly restarts: number;
  /** True with `--without-sidecar`. */
  readonly elsewhere: boolean;
  readonly answers: boolean;
}

/** The answer to `status`. */
export interface StatusReport {
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** False while it starts and while it stops. */
  readonly serving: boolean;
  readonly config: string;
  readonly runDir: string;
  readonly listens: readonly string[];
  /** Locations with Nchan's directives. */
  readonly locations: number;
  readonly reloads: number;
  readonly nginx: ProcessReport & { readonly version: string };
  readonly sidecar: SidecarReport;
  /** Absent while the sidecar does not answer, or runs elsewhere. */
  readonly counts?: SidecarCounts;
}

/** The answer to `reload`. */
export interface ReloadReport {
  readonly ok: boolean;
  /** Lines for the user: why it was refused, or what the compiler noticed. */
  readonly lines: readonly string[];
}

/** Every command of the control socket, with its answer. */
export interface ControlReplies {
  status: StatusReport;
  reload: ReloadReport;
}
export type ControlCommand = keyof ControlReplies;
export type ControlHandlers = { [C in ControlCommand]: () => Promise<ControlReplies[C]> };

/** Longer than nginx -t and a graceful change of workers take. */
const REPLY_DEADLINE_MS = 60_000;
/** For the question whether anybody is there. */
const PROBE_DEADLINE_MS = 2_000;
/** Taking the lock takes milliseconds; whoever takes longer is stopped, and bind still keeps out all but one. */
const FLOCK_DEADLINE_S = 5;
const MAX_REQUEST_BYTES = 1024;
/** Only the user of `njchan up` may command it. */
const SOCKET_UMASK = 0o177;

/** Nobody listens there: the socket is missing, or left over from a process that was killed. */
const NOBODY = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR']);

async function exchange(path: string, request: object, deadlineMs: number): Promise<unknown> {
  const socket = connect(path);
  socket.setTimeout(deadlineMs, () => socket.destroy(new Error(`no answer within ${deadlineMs} ms`)));
  socket.write(`${JSON.stringify(request)}\n`);
  socket.setEncoding('utf8');
  let text = '';
  for await (const part of socket) text += part;
  if (!text.endsWith('\n')) throw new Error('it ended before it answered');
  return JSON.parse(text);
}

/**
 * Asks a running `njchan up`.
 * @throws CliError `notRunning` when there is none, `refused` when it gave no answer or may not be asked
 */
export async function sendCommand<C extends ControlCommand>(
  path: string,
  command: C,
  deadlineMs = REPLY_DEADLINE_MS,
): Promise<ControlReplies[C]> {
  try {
    return (await exchange(path, { command }, deadlineMs)) as ControlReplies[C];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (NOBODY.has(code ?? '')) {
      throw new CliError('notRunning', `njchan: no njchan runs here: nobody answers on ${path}`);
    }
    throw new CliError('refused', `njchan: ${path}: ${message}`);
  }
}

/** True when a process listens on the socket, whether or not it answers. */
async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    return !NOBODY.has((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    socket.destroy();
  }
}

/** @returns false when the path is taken */
async function bind(server: Server, path: string): Promise<boolean> {
  const umask = process.umask(SOCKET_UMASK);
  try {
    server.listen(path); // binds before it returns, so the umask is in force
  } finally {
    process.umask(umask);
  }
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw new CliError('refused', `njchan: cannot listen on ${path}: ${(error as Error).message}`);
  }
}

async function refusal(path: string): Promise<CliError> {
  const owner = await sendCommand(path, 'status', PROBE_DEADLINE_MS).then(
    ({ pid }) => `pid ${pid}`,
    () => 'it does not answer',
  );
  return new CliError(
    'alreadyRunning',
    `njchan: an njchan already runs on this run directory (${owner}): stop it, or choose another --run-dir`,
  );
}

/**
 * Keeps other processes out of takeLock for the same directory until the result is called.
 *
 * Node has no flock(2), but util-linux's flock can lock a descriptor of ours: the lock belongs to the open file, which
 * we share. Where it is missing we go on: only two starts in the same moment after a crash could get in each other's
 * way.
 */
async function enterDirectory(path: string): Promise<() => void> {
  const descriptor = openSync(path, 'r');
  const flock = spawn('flock', ['-x', '-w', String(FLOCK_DEADLINE_S), '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  });
  await childExit(flock);
  return () => closeSync(descriptor);
}

/**
 * Takes the lock of a run directory by listening on its control socket.
 * @returns the server; closing it gives the lock back
 * @throws CliError `alreadyRunning` when another process has it
 */
export async function takeLock(path: string, handlers: ControlHandlers): Promise<Server> {
  const leave = await enterDirectory(dirname(path));
  try {
    const server = createServer((socket) => serve(socket, handlers));
    if (await bind(server, path)) return server;
    if (await isListening(path)) throw await refusal(path);
    rmSync(path, { force: true }); // left over from a process that was killed
    if (await bind(server, path)) return server;
    throw await refusal(path);
  } finally {
    leave();
  }
}

/** Answers one connection. */
function serve(socket: Socket, handlers: ControlHandlers): void {
  socket.setEncoding('utf8');
  socket.setTimeout(REPLY_DEADLINE_MS, () => socket.destroy());
  socket.on('error', () => {}); // the client went away
  socket.unref(); // a client that asks nothing does not keep a stopping njchan alive
  let text = '';
  const read = (part: string) => {
    text += part;
    if (text.length > MAX_REQUEST_BYTES) socket.destroy();
    if (!text.includes('\n')) return;
    socket.off('data', read);
    void answer(text, handlers).then(
      (reply) => socket.end(`${JSON.stringify(reply)}\n`),
      () => socket.destroy(),
    );
  };
  socket.on('data', read);
}

async function answer(line: string, handlers: ControlHandlers): Promise<unknown> {
  const { command } = JSON.parse(line) as { command: string };
  if (!Object.hasOwn(handlers, command)) throw new Error('unknown command');
  return handlers[command as ControlCommand]();
}

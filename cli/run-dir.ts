/** The run directory: compiled files, sockets and pid files of one `njchan up`. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FIGURES_FILE, HOOKS_DIRECTORY } from '../nginx/compiler/index.ts';
import { CliError } from './exit-codes.ts';

/** sun_path of Linux, without the zero at its end. */
const MAX_SOCKET_PATH_BYTES = 107;
/** nginx lets everybody open its sockets, so the directory keeps others out. */
const SIDECAR_DIR_MODE = 0o700;
/** Everybody may enter: nginx's workers connect to the sidecar's socket, whose own mode keeps others out. */
const DIR_MODE = 0o755;
const TOKEN_KEYS_PREFIX = 'token-keys-';
/** What is left of a mode while the file is still being written, and may have the wrong group. */
const OWNER_BITS = 0o700;

export interface RunDir {
  readonly path: string;
  /** The lock, and how `reload` and `status` reach the supervisor. */
  readonly controlSocket: string;
  readonly sidecarSocket: string;
  /** Where nginx waits for a sidecar that is being restarted. */
  readonly waitingSocket: string;
  /** Directory of the sockets on which nginx takes what the sidecar asks for hooks. */
  readonly hooks: string;
  /** What the sidecar tells nginx about itself; its directory is the sidecar's. */
  readonly figures: string;
  readonly sidecarConfig: string;
  readonly nginxConfig: string;
  readonly nginxPid: string;
  /** The keys of tokens, of which each configuration has a file of its own: the old one must stay good. */
  readonly tokenKeys: (generation: number) => string;
  /** Parent of nginx's directories for request bodies and the like. */
  readonly temp: string;
}

/** Where njchan runs when --run-dir is not given. */
export function defaultRunDir(uid = process.getuid?.() ?? 0, env: NodeJS.ProcessEnv = process.env): string {
  if (uid === 0) return '/run/njchan';
  const runtimeDir = env.XDG_RUNTIME_DIR;
  return runtimeDir ? join(runtimeDir, 'njchan') : `/tmp/njchan-${uid}`;
}

/** The control socket of a run directory. */
export function controlSocketPath(dir: string): string {
  return join(dir, 'control.sock');
}

/**
 * The paths in a run directory, which need not exist.
 * @param given - the value of --run-dir
 * @throws CliError `usage` when a socket's path would be longer than the kernel allows
 */
export function runDirAt(given: string | undefined): RunDir {
  const path = resolve(given ?? defaultRunDir());
  const dir = {
    path,
    controlSocket: controlSocketPath(path),
    sidecarSocket: join(path, 'sidecar.sock'),
    waitingSocket: join(path, 'waiting.sock'),
    hooks: join(path, HOOKS_DIRECTORY),
    figures: join(path, FIGURES_FILE),
    sidecarConfig: join(path, 'sidecar.json'),
    nginxConfig: join(path, 'nginx.conf'),
    nginxPid: join(path, 'nginx.pid'),
    tokenKeys: (generation: number) => join(path, `${TOKEN_KEYS_PREFIX}${generation}.json`),
    temp: join(path, 'temp'),
  };
  for (const socket of [dir.controlSocket, dir.sidecarSocket, dir.waitingSocket]) {
    const length = Buffer.byteLength(socket);
    if (length > MAX_SOCKET_PATH_BYTES) {
      throw new CliError(
        'usage',
        `njchan: the socket ${socket} would have a path of ${length} bytes, but the system allows ` +
          `${MAX_SOCKET_PATH_BYTES}: choose a shorter --run-dir`,
      );
    }
  }
  return dir;
}

/** Directories in which somebody else could swap our files and sockets. */
const WRONG_DIRECTORY: readonly { is: (found: Stats) => boolean; why: string }[] = [
  { is: (found) => !found.isDirectory(), why: 'is not a directory, or a link to one' },
  { is: (found) => found.uid !== process.getuid?.(), why: 'belongs to another user' },
  { is: (found) => (found.mode & 0o022) !== 0, why: 'can be written by others than its owner' },
];

/**
 * Makes the run directory, unless it is there.
 * @returns true when it was made
 * @throws CliError `refused` when it cannot be made or others may write to it
 */
export function makeRunDir(dir: RunDir): boolean {
  let made: boolean;
  try {
    made = mkdirSync(dir.path, { recursive: true, mode: DIR_MODE }) !== undefined;
    // The umask may have taken bits away.
    if (made) chmodSync(dir.path, DIR_MODE);
  } catch (error) {
    throw new CliError('refused', `njchan: cannot make the run directory: ${(error as Error).message}`);
  }
  const found = lstatSync(dir.path);
  const why = WRONG_DIRECTORY.find(({ is }) => is(found))?.why;
  if (why) {
    throw new CliError('refused', `njchan: the run directory ${dir.path} ${why}: choose another --run-dir`);
  }
  return made;
}

/**
 * Makes the directories for hooks and for the sidecar's figures anew: a socket that nginx could not take away, because it
 * was killed, would keep it from starting.
 * @param account that the sidecar and nginx's workers run as; undefined unless we are root
 */
export function makeSidecarDirs(
  { hooks, figures }: RunDir,
  account: { uid: number; gid: number } | undefined,
): void {
  for (const directory of [hooks, dirname(figures)]) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { mode: SIDECAR_DIR_MODE });
    if (account) chownSync(directory, account.uid, account.gid);
  }
}

/**
 * Replaces a file in one step: whoever reads it sees the old text or the new.
 * @param gid the group that it is given to; without, it stays ours
 */
export function writeAtomically(file: string, text: string, mode: number, gid?: number): void {
  const next = `${file}.${process.pid}`;
  rmSync(next, { force: true });
  writeFileSync(next, text, { mode: mode & OWNER_BITS, flag: 'wx' });
  if (gid !== undefined) chownSync(next, -1, gid);
  chmodSync(next, mode);
  renameSync(next, file);
}

/**
 * Removes the files with keys of tokens.
 * @param but the one to keep
 */
export function removeTokenKeys(dir: RunDir, but?: string): void {
  const names = existsSync(dir.path) ? readdirSync(dir.path) : [];
  for (const name of names) {
    const path = join(dir.path, name);
    if (name.startsWith(TOKEN_KEYS_PREFIX) && path !== but) rmSync(path, { force: true });
  }
}

/**
 * Removes what njchan put into the run directory, but for the control socket, which goes with its server.
 * @param ownSidecar - false leaves what belongs to a sidecar that goes on running without us
 */
export function clearRunDir(dir: RunDir, ownSidecar: boolean): void {
  removeTokenKeys(dir);
  const sidecars = ownSidecar ? [dir.sidecarSocket, dir.sidecarConfig] : [];
  for (const path of [
    ...sidecars,
    dir.waitingSocket,
    dir.hooks,
    dirname(dir.figures),
    dir.nginxConfig,
    dir.nginxPid,
    dir.temp,
  ]) {
    rmSync(path, { recursive: true, force: true });
  }
}

/** Removes the directory itself, if nothing else is in it. */
export function removeRunDir(dir: RunDir): void {
  try {
    rmdirSync(dir.path);
  } catch {
    // Somebody keeps other files there, or started the next njchan already.
  }
}

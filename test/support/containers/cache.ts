/** Images that were made for the tests, kept between runs, and a lock for those who make them. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { progress } from './commands.ts';

const CACHE = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'njchan-test');
const LOCK = 'lock';
/** Enough to tell any two apart. */
const KEY_LENGTH = 16;

/** A short name for all that something was made of. */
export function keyOf(...inputs: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, KEY_LENGTH);
}

/**
 * The file of a kind that was made of these inputs; it is made when there is none, and then those of the kind that were
 * made of others go.
 * @param make - makes the file at the path that it gets
 */
export async function cachedFile(
  kind: string,
  key: string,
  make: (file: string) => Promise<void>,
): Promise<string> {
  const name = `${kind}-${key}.tar`;
  const file = join(CACHE, name);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  // Whoever is killed half-way leaves no half of a file under its name.
  const unfinished = join(CACHE, `${kind}-unfinished`);
  await make(unfinished);
  renameSync(unfinished, file);
  for (const other of readdirSync(CACHE)) {
    if (other.startsWith(`${kind}-`) && other !== name) rmSync(join(CACHE, other));
  }
  return file;
}

/**
 * Remembers a text until the next run.
 * @param text - undefined when it could not be had
 * @returns the text, or the one of the last run that had one
 */
export function remembered(name: string, text: string | undefined): string | undefined {
  const file = join(CACHE, name);
  if (text === undefined) return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  writeFileSync(file, text);
  return text;
}

/** Does something while no other process does, whatever checkout it belongs to. */
export async function alone<T>(action: () => Promise<T>): Promise<T> {
  mkdirSync(CACHE, { recursive: true });
  // The kernel ends the lock along with this program, and that ends along with us.
  const holder = spawn('flock', [join(CACHE, LOCK), 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  const waiting = setTimeout(() => progress('waiting for another run that prepares …'), 1_000);
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      ended.then(() => Promise.reject(new Error('flock ended'))),
    ]);
    clearTimeout(waiting);
    return await action();
  } finally {
    clearTimeout(waiting);
    holder.stdin.end();
    await ended;
  }
}

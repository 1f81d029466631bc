/** Gets the scripts into a server. */
import type { Script } from '../../../lua/hsss/script.ts';
import { scriptError, scriptsBySha1 } from '../../../lua/script-error.ts';
import type { Connection } from './connection.ts';

/** Redis calls a script by another hash than hsss does: one of the two has another text. */
export class ScriptHashError extends Error {}

/** The scripts that the server does not have. */
async function missingScripts(connection: Connection, scripts: readonly Script[]): Promise<Script[]> {
  const hashes = scripts.map(({ sha1 }) => sha1);
  const known = (await connection.send('script', ['exists', ...hashes])) as number[];
  return scripts.filter((_, i) => known[i] !== 1);
}

/**
 * Loads the scripts that a server lacks.
 * @param always loads all of them, whatever the server has.
 * @returns how many were loaded.
 * @throws ScriptHashError
 * @throws ScriptError when Redis cannot compile one.
 */
export async function loadScripts(
  connection: Connection,
  scripts: readonly Script[],
  always: boolean,
): Promise<number> {
  if (scripts.length === 0) return 0;
  const missing = always ? scripts : await missingScripts(connection, scripts);
  await Promise.all(missing.map((script) => loadScript(connection, script)));
  return missing.length;
}

async function loadScript(connection: Connection, script: Script): Promise<void> {
  let reply: unknown;
  try {
    reply = await connection.send('script', ['load', script.source]);
  } catch (error) {
    throw scriptError(error as Error, scriptsBySha1([script]), script.sha1);
  }
  if (String(reply) !== script.sha1) {
    throw new ScriptHashError(
      `Redis calls ${script.name}.lua ${String(reply)}, but it was built as ${script.sha1}: build njchan anew`,
    );
  }
}

/** What is done on a new connection before it is used (spec/redis-store.md §2). */
import type { Script } from '../../../lua/hsss/script.ts';
import { type Connection, isReplyError } from './connection.ts';
import { loadScripts } from './script-loader.ts';
import { parseServerInfo, type ServerInfo, ServerInfoError } from './server-info.ts';

/** What a server says about itself. */
export interface ServerFacts {
  readonly info: ServerInfo;
  /** What the cluster calls it; undefined outside of one. */
  readonly nodeId: string | undefined;
  /** It is in a cluster and has sharded PUBSUB. */
  readonly knowsSpublish: boolean;
}

/**
 * Asks a server what it is.
 * @throws ServerInfoError when njchan cannot work with it.
 */
export async function askInfo(connection: Connection): Promise<ServerInfo> {
  return parseServerInfo(String(await connection.send('info', [])));
}

/** An ACL forbids what every message needs. */
const FORBIDDEN = /^NOPERM /;

/**
 * Makes sure that what scripts store can be announced, since they would come to that too late. Which channels may be
 * announced on, the scripts find out themselves.
 * @param pubsub a PUBSUB channel to which nobody listens.
 * @throws ServerInfoError
 */
async function checkAnnouncing(connection: Connection, command: 'publish' | 'spublish', pubsub: string) {
  try {
    await connection.send(command, [pubsub, '']);
  } catch (error) {
    const { message } = error as Error;
    // In a cluster it may belong elsewhere, which says that it is allowed.
    if (!isReplyError(error)) throw error;
    if (FORBIDDEN.test(message)) {
      throw new ServerInfoError(
        `this user may not ${command.toUpperCase()} to ${pubsub}, and needs all that docs/redis.md lists (${message})`,
      );
    }
  }
}

/**
 * Makes a connection ready for scripts.
 * @param always loads all scripts, whatever the server has.
 * @param worker the PUBSUB channel by which others see that this process is alive.
 * @throws ServerInfoError, ScriptHashError, ScriptError, ReplyError
 */
export async function startScripts(
  connection: Connection,
  scripts: readonly Script[],
  always: boolean,
  worker: string,
): Promise<ServerFacts> {
  const info = await askInfo(connection);
  if (info.loading) throw new ServerInfoError('it is loading its data');
  await loadScripts(connection, scripts, always);
  const pubsub = `${worker}:probe`;
  await checkAnnouncing(connection, 'publish', pubsub);
  if (!info.cluster) return { info, nodeId: undefined, knowsSpublish: false };
  const [nodeId, command] = await Promise.all([
    connection.send('cluster', ['myid']),
    connection.send('command', ['info', 'spublish']),
  ]);
  const knowsSpublish = (command as unknown[])[0] !== null;
  if (knowsSpublish) await checkAnnouncing(connection, 'spublish', pubsub);
  return { info, nodeId: String(nodeId), knowsSpublish };
}

/**
 * Makes a connection ready for announcements.
 * @param worker the PUBSUB channel by which others see that this process is alive.
 * @returns the run id of the server at the other end.
 * @throws ServerInfoError, ReplyError
 */
export async function startPubsub(connection: Connection, worker: string): Promise<string> {
  const { runId } = await askInfo(connection);
  await connection.send('subscribe', [worker]);
  return runId;
}

/** True when a server said so, or when what it said shows that njchan cannot use it: not when the connection was lost. */
export function isRefusal(error: unknown): error is Error {
  return isReplyError(error) || error instanceof ServerInfoError;
}

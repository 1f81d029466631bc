/** Calls scripts as njchan does, by hash, with the names of their arguments looked up. */
import type { Redis } from 'ioredis';
import type { Argument, Script } from '../../../lua/hsss/script.ts';

export type Value = string | number;
export type Named = Readonly<Record<string, Value>>;
export type Reply = string | number | null | readonly Reply[];

export interface LoadedScripts {
  /** All of them, by name. */
  readonly byName: ReadonlyMap<string, Script>;
  /**
   * @param keys - by their names in the script's head comment; values are strings of bytes, see keyspace.ts
   * @param args - likewise; the last ones may be left out
   * @returns the reply, with strings of bytes
   * @throws Error when a name is unknown or one is left out before others; ReplyError for an error reply
   */
  call(script: string, keys: Named, args?: Named): Promise<Reply>;
}

const encode = (value: Value) => Buffer.from(String(value), 'latin1');

/** Buffers in a reply become strings of bytes. */
export function decodeReply(reply: unknown): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (Array.isArray(reply)) return reply.map(decodeReply);
  return reply as string | number | null;
}

/** EVALSHA with strings of bytes. */
export async function evalsha(redis: Redis, sha1: string, keys: readonly Value[], args: readonly Value[]) {
  const reply = await redis.callBuffer(
    'EVALSHA',
    sha1,
    String(keys.length),
    ...keys.map(encode),
    ...args.map(encode),
  );
  return decodeReply(reply);
}

function inOrder(script: string, kind: string, names: readonly Argument[], values: Named): Value[] {
  const known = new Set(names.map(({ name }) => name));
  const unknown = Object.keys(values).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`${script} has no ${kind} ${unknown.join(', ')}`);
  const given = names.filter(({ name }) => Object.hasOwn(values, name)).length;
  return names.slice(0, given).map(({ name }) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${script}: ${kind} ${name} is left out before others`);
    return value;
  });
}

/**
 * Loads the scripts into the client's Redis.
 * @throws Error when Redis calls one by another hash
 */
export async function loadScripts(redis: Redis, scripts: readonly Script[]): Promise<LoadedScripts> {
  for (const script of scripts) {
    const sha1 = String(await redis.call('SCRIPT', 'LOAD', script.source));
    if (sha1 !== script.sha1) throw new Error(`Redis calls ${script.name} ${sha1}, not ${script.sha1}`);
  }
  const byName = new Map(scripts.map((script) => [script.name, script]));
  return {
    byName,
    async call(name, keys, args = {}) {
      const script = byName.get(name);
      if (!script) throw new Error(`there is no script ${name}`);
      return evalsha(
        redis,
        script.sha1,
        inOrder(name, 'key', script.keys, keys),
        inOrder(name, 'argument', script.args, args),
      );
    },
  };
}

/** What a command of MONITOR is: a call of a script, or something else. */
import { createHash } from 'node:crypto';
import type { KnownScript, KnownScripts } from './known-scripts.ts';

/** KEYS or ARGV of a script call, by name. */
export interface Parameter {
  readonly name: string;
  /** A byte string. */
  readonly value: string;
  readonly isKey: boolean;
}

export interface ScriptCall {
  readonly kind: 'script';
  /** Undefined for a script that is neither ours nor Nchan's. */
  readonly script: KnownScript | undefined;
  /** What to show for an unknown one: its hash, or the words that it was called by. */
  readonly unknown: { readonly sha1: string } | { readonly words: readonly string[] };
  readonly parameters: readonly Parameter[];
}

export interface PlainCall {
  readonly kind: 'command';
  /** Byte strings, passwords left out, hashes of known scripts by name. */
  readonly words: readonly string[];
}

export type Call = ScriptCall | PlainCall;

/** Commands that run Lua, and what their first argument is. */
const SCRIPT_COMMANDS: Readonly<Record<string, 'sha1' | 'source' | 'function'>> = {
  evalsha: 'sha1',
  evalsha_ro: 'sha1',
  eval: 'source',
  eval_ro: 'source',
  fcall: 'function',
  fcall_ro: 'function',
};

/** Old servers show passwords: so many words after these are left out. */
const SECRETS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  auth: { auth: 2 },
  hello: { auth: 2 },
  migrate: { auth: 1, auth2: 2 },
};

const REDACTED = '(redacted)';

function sha1Of(source: string): string {
  return createHash('sha1').update(source, 'latin1').digest('hex');
}

function parametersOf(values: readonly string[], names: readonly string[] = [], isKey: boolean): Parameter[] {
  const array = isKey ? 'KEYS' : 'ARGV';
  return values.map((value, i) => ({ name: names[i] ?? `${array}[${i + 1}]`, value, isKey }));
}

function withoutSecrets(words: readonly string[]): string[] {
  const secrets = SECRETS[words[0]?.toLowerCase() ?? ''];
  let hide = 0;
  return words.map((word) => {
    if (hide > 0) {
      hide--;
      return REDACTED;
    }
    hide = secrets?.[word.toLowerCase()] ?? 0;
    return word;
  });
}

/** `SCRIPT LOAD` and `SCRIPT EXISTS` with names for the scripts that are known. */
function withScriptNames(words: readonly string[], known: KnownScripts): readonly string[] {
  const [command, subcommand, ...rest] = words;
  if (command?.toLowerCase() !== 'script') return words;
  const nameOf: Readonly<Record<string, (word: string) => KnownScript | undefined>> = {
    exists: (word) => known.get(word.toLowerCase()),
    load: (word) => known.get(sha1Of(word)),
  };
  const find = nameOf[subcommand?.toLowerCase() ?? ''];
  if (!find) return words;
  return [command, subcommand as string, ...rest.map((word) => find(word)?.label ?? word)];
}

/**
 * Reads a command.
 * @param words - byte strings, see MonitorEntry
 */
export function readCall(words: readonly string[], known: KnownScripts): Call {
  const [command = '', first, numKeys, ...values] = words;
  const by = SCRIPT_COMMANDS[command.toLowerCase()];
  const keyCount = Number(numKeys);
  const isCall = first !== undefined && /^\d+$/.test(numKeys ?? '') && keyCount <= values.length;
  if (by === undefined || !isCall) {
    return { kind: 'command', words: withScriptNames(withoutSecrets(words), known) };
  }
  const sha1 = by === 'source' ? sha1Of(first) : first.toLowerCase();
  const script = by === 'function' ? undefined : known.get(sha1);
  return {
    kind: 'script',
    script,
    unknown: by === 'sha1' ? { sha1 } : { words: [command, first] },
    parameters: [
      ...parametersOf(values.slice(0, keyCount), script?.keys, true),
      ...parametersOf(values.slice(keyCount), script?.args, false),
    ],
  };
}

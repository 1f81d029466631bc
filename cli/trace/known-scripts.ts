/** The scripts that a trace can name. */
import type { Script } from '../../lua/hsss/script.ts';
import { NCHAN_SCRIPTS } from './nchan-scripts.ts';

/** A script that was called, as the trace shows it. */
export interface KnownScript {
  /** `publish` for ours, `Nchan:publish` for Nchan's. */
  readonly label: string;
  readonly origin: 'njchan' | 'nchan';
  /** Names of KEYS and ARGV, from the first. */
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** By SHA1 in lower-case hexadecimal. */
export type KnownScripts = ReadonlyMap<string, KnownScript>;

/** @param scripts - njchan's own; Nchan's are always known */
export function knownScripts(scripts: Iterable<Script>): KnownScripts {
  const known = new Map<string, KnownScript>();
  for (const { name, sha1s, keys, args } of NCHAN_SCRIPTS) {
    for (const sha1 of sha1s) known.set(sha1, { label: `Nchan:${name}`, origin: 'nchan', keys, args });
  }
  for (const { name, sha1, keys, args } of scripts) {
    const names = { keys: keys.map((key) => key.name), args: args.map((arg) => arg.name) };
    known.set(sha1, { label: name, origin: 'njchan', ...names });
  }
  return known;
}

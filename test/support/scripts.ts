/** Small scripts in the shape that hsss gives them, for tests of what takes scripts. */
import { createHash } from 'node:crypto';
import type { Argument, LineRun, Script } from '../../lua/hsss/script.ts';

export interface SampleScript {
  name: string;
  source: string | Buffer;
  /** Names of KEYS and ARGV. */
  keys?: readonly string[];
  args?: readonly string[];
  /** Default: the source is the file. */
  lines?: readonly LineRun[];
}

function named(names: readonly string[] = []): Argument[] {
  return names.map((name) => ({ name, description: '' }));
}

/** A script with the hash of its source. */
export function sampleScript({ name, source, keys, args, lines }: SampleScript): Script {
  const bytes = Buffer.from(source);
  return {
    name,
    sha1: createHash('sha1').update(bytes).digest('hex'),
    source: bytes,
    keys: named(keys),
    args: named(args),
    lines: lines ?? [{ embedded: 1, file: `${name}.lua`, line: 1 }],
    comment: [],
  };
}

/**
 * A line table with an include: lines 1 and 2 are those of NAME.lua, lines 3 to 5 are lines 6 to 8 of an included file,
 * which line 3 of NAME.lua names, and line 6 is line 4 of NAME.lua.
 */
export function linesWithInclude(name: string): LineRun[] {
  return [
    { embedded: 1, file: `${name}.lua`, line: 1 },
    { embedded: 3, file: 'include/channel.lua', line: 6, includedAt: 3 },
    { embedded: 6, file: `${name}.lua`, line: 4 },
  ];
}

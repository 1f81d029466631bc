/** Makes a Lua script tell which of its statements run, in the log of the Redis that runs it. */
import { createHash } from 'node:crypto';
import luaparse from 'luaparse';
import { originOf } from '../../../lua/hsss/line-table.ts';
import type { Script } from '../../../lua/hsss/script.ts';

/** A place in a file that is run or not: where a statement begins, or the condition of an `elseif` or `until`. */
export interface Place {
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Instrumented {
  /** The same script with its probes: another source and hash, the same lines. */
  readonly script: Script;
  /** What each probe's number stands for. */
  readonly places: readonly Place[];
}

/** What a probe logs before the script's own hash and the probe's number. */
export const MARK = 'lua coverage';

/** A statement's probe is a statement before it; a condition's is an operand that gives nil. */
type Kind = 'statement' | 'condition';

interface Spot {
  readonly kind: Kind;
  /** Bytes from the beginning of the source. */
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** What nodes have for the options `locations` and `ranges`; luaparse's types leave it out of some. */
interface Located {
  readonly range: readonly [number, number];
  readonly loc: { readonly start: { readonly line: number; readonly column: number } };
}

/** Where the probes go, in the order of the source. */
function findSpots(source: string): Spot[] {
  const spots: Spot[] = [];
  const add = (kind: Kind, node: luaparse.Node) => {
    const { range, loc } = node as unknown as Located;
    spots.push({ kind, offset: range[0], line: loc.start.line, column: loc.start.column + 1 });
  };
  luaparse.parse(source, {
    luaVersion: '5.1',
    encodingMode: 'pseudo-latin1',
    locations: true,
    ranges: true,
    onCreateNode(node) {
      if ('body' in node) for (const statement of node.body) add('statement', statement);
      if (node.type === 'ElseifClause' || node.type === 'RepeatStatement') add('condition', node.condition);
    },
  });
  return spots.sort((a, b) => a.offset - b.offset);
}

/**
 * Puts a probe before every statement and into every condition that has a line of its own. Probes stand on the line of
 * what they watch, so that errors name the same lines as before; they touch neither keys nor variables.
 * @throws SyntaxError when the source is not Lua 5.1
 */
export function instrument(script: Script): Instrumented {
  const plain = script.source.toString('latin1');
  const spots = findSpots(plain);
  let probed = '';
  let end = 0;
  for (const [number, { kind, offset }] of spots.entries()) {
    const probe = `redis.log(redis.LOG_WARNING,"${MARK} ${script.sha1} ${number}")`;
    // `or` binds loosest of all: whatever the condition is, it remains the other operand.
    probed += `${plain.slice(end, offset)}${probe}${kind === 'statement' ? ';' : ' or '}`;
    end = offset;
  }
  const source = Buffer.from(probed + plain.slice(end), 'latin1');
  const sha1 = createHash('sha1').update(source).digest('hex');
  return {
    script: { ...script, source, sha1 },
    places: spots.map(({ line, column }) => {
      const origin = originOf(script.lines, line);
      if (!origin) throw new Error(`${script.name} has an empty line table`);
      return { file: origin.file, line: origin.line, column };
    }),
  };
}

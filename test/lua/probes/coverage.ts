/** Which lines of the Lua files ran, over all scripts that include them. */
import type { Script } from '../../../lua/hsss/script.ts';
import { type Instrumented, instrument, MARK, type Place } from './instrument.ts';

export interface FileCoverage {
  readonly file: string;
  /** Lines on which something begins that can be run. */
  readonly lines: number;
  /** Those of them on which all of it was run. */
  readonly run: number;
  /** Those on which none of it was run, and those on which some was not. */
  readonly missed: readonly number[];
  readonly partly: readonly number[];
}

const LOGGED = new RegExp(`${MARK} ([0-9a-f]{40}) ([0-9]+)`, 'g');

export class LuaCoverage {
  readonly #bySha1: ReadonlyMap<string, Instrumented>;

  constructor(scripts: readonly Script[]) {
    this.#bySha1 = new Map(scripts.map((script) => [script.sha1, instrument(script)]));
  }

  /** What to load in place of the scripts. */
  get scripts(): Script[] {
    return [...this.#bySha1.values()].map(({ script }) => script);
  }

  /** @param log - what the Redis logged that ran the scripts */
  report(log: string): FileCoverage[] {
    const files = new Map<string, Map<number, Map<number, boolean>>>();
    const note = ({ file, line, column }: Place, wasRun: boolean) => {
      const lines = files.get(file) ?? new Map<number, Map<number, boolean>>();
      const columns = lines.get(line) ?? new Map<number, boolean>();
      files.set(file, lines.set(line, columns.set(column, wasRun || columns.get(column) === true)));
    };
    for (const { places } of this.#bySha1.values()) for (const place of places) note(place, false);
    for (const [, sha1 = '', number = ''] of log.matchAll(LOGGED)) {
      const place = this.#bySha1.get(sha1)?.places[Number(number)];
      if (place) note(place, true);
    }
    return [...files]
      .map(([file, lines]) => summarise(file, lines))
      .sort((a, b) => (a.file < b.file ? -1 : 1));
  }
}

function summarise(file: string, lines: ReadonlyMap<number, ReadonlyMap<number, boolean>>): FileCoverage {
  const missed: number[] = [];
  const partly: number[] = [];
  for (const [line, columns] of [...lines].sort(([a], [b]) => a - b)) {
    const wasRun = [...columns.values()];
    if (!wasRun.includes(true)) missed.push(line);
    else if (wasRun.includes(false)) partly.push(line);
  }
  return { file, lines: lines.size, run: lines.size - missed.length - partly.length, missed, partly };
}

/** Part of the lines that was run, from 0 to 1. */
export function ratio(files: readonly FileCoverage[]): number {
  const sum = (key: 'lines' | 'run') => files.reduce((total, file) => total + file[key], 0);
  return sum('lines') === 0 ? 1 : sum('run') / sum('lines');
}

/** A line a file, and one for all of them. */
export function coverageText(files: readonly FileCoverage[]): string {
  const percent = (some: readonly FileCoverage[]) => `${(ratio(some) * 100).toFixed(1)} %`;
  const each = files.map((file) => {
    const lines = [...file.missed.map(String), ...file.partly.map((line) => `${line} (in part)`)];
    const missing = lines.length > 0 ? `  not run: ${lines.join(', ')}` : '';
    return `lua coverage: ${file.file} ${file.run}/${file.lines} lines ${percent([file])}${missing}`;
  });
  return [...each, `lua coverage: all ${percent(files)}`].join('\n');
}

/** From lines of an embedded source back to the files that they come from. */
import type { LineRun, Script } from './script.ts';

/** Where one embedded line comes from. */
export type Origin = Omit<LineRun, 'embedded'>;

/** Joins the origins of consecutive lines, the first of which is line 1, into runs. */
export function runsOf(origins: readonly Origin[]): LineRun[] {
  const runs: LineRun[] = [];
  origins.forEach((origin, i) => {
    const embedded = i + 1;
    const run = runs.at(-1);
    const goesOn =
      run !== undefined &&
      run.file === origin.file &&
      run.includedAt === origin.includedAt &&
      run.line + (embedded - run.embedded) === origin.line;
    if (!goesOn) runs.push({ embedded, ...origin });
  });
  return runs;
}

/**
 * Where an embedded line comes from.
 * @param lines - the line table, see Script
 * @param embedded - line of the embedded source, from 1; lines after the last one count on from it
 * @returns undefined for lines that no table has: below 1, or of an empty table
 */
export function originOf(lines: readonly LineRun[], embedded: number): Origin | undefined {
  const run = lines.findLast((one) => one.embedded <= embedded);
  if (!run) return undefined;
  const { embedded: first, line, ...rest } = run;
  return { ...rest, line: line + (embedded - first) };
}

/**
 * Names an embedded line as messages do: `publish.lua:41`, or `publish.lua:3 (include/channel.lua:7)` where line 3 of
 * publish.lua has the include.
 * @param embedded - as for originOf; where that finds nothing, the line is named as it is
 */
export function describeLine({ name, lines }: Pick<Script, 'name' | 'lines'>, embedded: number): string {
  const origin = originOf(lines, embedded);
  if (!origin) return `${name}.lua:${embedded}`;
  const { file, line, includedAt } = origin;
  return includedAt === undefined ? `${file}:${line}` : `${name}.lua:${includedAt} (${file}:${line})`;
}

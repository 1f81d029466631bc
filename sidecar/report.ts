/** Tells nginx what Nchan's variables say about an answer, where the configuration uses them. */
import { REPORTS, type ReportName } from '../handoff/nchan-variables.ts';
import type { Handoff } from './handoff.ts';
import type { HeaderList } from './reply.ts';

/** Headers that nginx takes out of the answer; an empty value is none. */
export function reportHeaders(
  { report }: Handoff,
  values: Readonly<Partial<Record<ReportName, string | number>>>,
): HeaderList {
  if (!report) return [];
  return (Object.keys(values) as ReportName[])
    .filter((name) => values[name] !== '')
    .map((name) => [REPORTS[name], String(values[name])]);
}

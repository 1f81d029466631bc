/** Logs what whoever sends requests could make go wrong with each of them, once a minute. */
import { type Logger, logFault } from './log.ts';
import type { LogCodeName } from './log-codes.ts';
import { Recurrences } from './recurrences.ts';

const recurrences = new Recurrences();

/**
 * Logs a fault, unless the same was logged within the last minute.
 * @param kind of those that have this code, the same text each time and nothing that a client chooses
 */
export function logRecurringFault(
  log: Logger,
  code: LogCodeName,
  kind: string,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
): void {
  const more = recurrences.met(`${code} ${kind}`);
  if (more !== undefined) logFault(log, code, `${message}${more}`, fields);
}

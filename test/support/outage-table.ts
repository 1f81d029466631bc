/** The table of docs/redis.md that says what happens when something fails. Tests name the rows that they drive. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { REPOSITORY } from './files.ts';
import { waitFor } from './wait.ts';

const HEAD = '| what happens | what clients see | what the log says |';
/** Stands for what the row above says. */
const SAME = 'the same';

export interface OutageRow {
  /** What happens, without the marks of code. */
  readonly what: string;
  /** What the log says, one for each of the row's pieces of code. */
  readonly messages: readonly RegExp[];
}

/** `…` stands for anything, and so does a number for any number. */
function patternOf(code: string): RegExp {
  const literal = code.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(literal.replaceAll('…', '.*').replace(/\d+(\\\.\d+)?/g, '\\d+(\\.\\d+)?'));
}

function patternsIn(cell: string): RegExp[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => patternOf(code as string));
}

/** All rows, in their order. */
export function outageRows(): OutageRow[] {
  const document = readFileSync(join(REPOSITORY, 'docs/redis.md'), 'utf8');
  const [, after = ''] = document.split(`${HEAD}\n`);
  const [table = ''] = after.split('\n\n');
  const rows: OutageRow[] = [];
  for (const line of table.split('\n').slice(1)) {
    const [what = '', , log = ''] = line.slice(1, -1).split(' | ');
    const messages = log.trim() === SAME ? (rows.at(-1)?.messages ?? []) : patternsIn(log);
    rows.push({ what: what.replaceAll('`', '').trim(), messages });
  }
  return rows;
}

/**
 * The row that a test drives.
 * @param what - what happens, as in OutageRow
 * @throws Error when the table has none of the kind
 */
export function outageRow(what: string): OutageRow {
  const row = outageRows().find((one) => one.what === what);
  if (!row) throw new Error(`docs/redis.md says nothing about: ${what}`);
  return row;
}

/** Waits until a log has everything that the row promises, and fails with it when it does not come. */
export async function expectLogOf(row: OutageRow, log: () => string): Promise<void> {
  const missing = () => row.messages.filter((message) => !message.test(log()));
  await waitFor('the log', () => missing().length === 0).catch(() =>
    expect(missing(), `"${row.what}":\n${log()}`).toEqual([]),
  );
}

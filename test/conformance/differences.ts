/** The rows of docs/differences.md, which a case that is not equal must name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/files.ts';

const ROW = /^\| *`([a-z0-9-]+)` *\|/;
const RULE = /^\|[-| ]+\|$/;

/** The ids of all rows in order. @throws Error for a row without an id, or with one that another has */
export function differenceIds(): readonly string[] {
  const lines = readFileSync(join(REPOSITORY, 'docs/differences.md'), 'utf8').split('\n');
  const ids: string[] = [];
  lines.forEach((line, at) => {
    const isTitle = RULE.test(lines[at + 1] ?? '');
    if (!line.startsWith('|') || RULE.test(line) || isTitle) return;
    const id = ROW.exec(line)?.[1];
    if (id === undefined) throw new Error(`docs/differences.md:${at + 1}: the row has no id`);
    if (ids.includes(id)) throw new Error(`docs/differences.md:${at + 1}: ${id} is there twice`);
    ids.push(id);
  });
  return ids;
}

/** Every row of the table of outages in docs/redis.md is driven by a test, which names it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/files.ts';
import { outageRow, outageRows } from '../support/outage-table.ts';

/** Where the tests are that may drive a row. */
const PLACES: readonly (readonly [directory: string, file: RegExp])[] = [
  ['test/chaos', /\.test\.ts$/],
  ['test/redis', /\.test\.ts$/],
  ['test/integration', /^redis-link.*\.test\.ts$/],
];
const NAMES = /\boutageRow\('([^']+)'\)/g;

const named = PLACES.flatMap(([directory, file]) =>
  readdirSync(join(REPOSITORY, directory))
    .filter((name) => file.test(name))
    .flatMap((name) => [...readFileSync(join(REPOSITORY, directory, name), 'utf8').matchAll(NAMES)])
    .map(([, what]) => what as string),
);

describe('the table of outages', () => {
  const rows = outageRows();

  it('has rows', () => {
    expect(rows.length).toBeGreaterThan(8);
  });

  it.each(rows)('is driven by a test: $what', ({ what }) => {
    expect(named).toContain(what);
  });

  it.each([...new Set(named)])('has what a test drives: %s', (what) => {
    expect(outageRow(what).what).toBe(what);
  });
});

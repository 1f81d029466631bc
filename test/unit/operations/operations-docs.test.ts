/** docs/operations.md is made from the tables in the code where they have what it says. `npm run docs` writes it. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LOG_CODES, type LogCode } from '../../../sidecar/log-codes.ts';
import { METRIC_TABLES, METRICS } from '../../../sidecar/statistics/metrics-table.ts';
import { REPOSITORY, tempDir } from '../../support/files.ts';

const FILE = join(REPOSITORY, 'docs/operations.md');

/** Compares a section of the document with what it has to say, or writes it. */
function check(name: string, expected: string): void {
  const section = new RegExp(`(?<=<!-- ${name} -->\n)[\\s\\S]*?(?=<!-- end of ${name} -->)`);
  const text = readFileSync(FILE, 'utf8');
  if (process.env.NJCHAN_WRITE_DOCS)
    writeFileSync(
      FILE,
      text.replace(section, () => expected),
    );
  else expect(section.exec(text)?.[0]).toBe(expected);
}

it('docs/operations.md lists every metric', () => {
  const sections = Object.entries(METRIC_TABLES).map(([title, metrics]) => {
    const rows = metrics.map(
      ({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels || '–'} | ${help} |\n`,
    );
    return `\n### ${title}\n\n| metric | type | labels | what it is |\n|---|---|---|---|\n${rows.join('')}`;
  });
  check('metrics', `${sections.join('')}\n`);
});

it('docs/operations.md lists every code of the log', () => {
  const rows = Object.entries<LogCode>(LOG_CODES).map(
    ([code, { level, meaning, cure }]) =>
      `| \`${code}\` | ${level} | ${meaning} | ${cure.charAt(0).toUpperCase()}${cure.slice(1)}. |\n`,
  );
  check(
    'log codes',
    `\n| code | level | what it means | what to do |\n|---|---|---|---|\n${rows.join('')}\n`,
  );
});

it('metrics are named once each', () => {
  const names = METRICS.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});

/** The block of the document that begins with this comment. */
function example(comment: string): string {
  const block = new RegExp(`\`\`\`yaml\n# ${comment}\n([\\s\\S]*?)\`\`\``).exec(readFileSync(FILE, 'utf8'));
  return block?.[1] ?? '';
}

it.each([
  ['prometheus.yml', ['check', 'config']],
  ['njchan.rules.yml', ['check', 'rules']],
])('%s is good, says promtool', (name, args) => {
  const file = join(tempDir(), name);
  writeFileSync(file, example(name));
  const { status, stderr } = spawnSync('promtool', [...args, file], { encoding: 'utf8' });
  expect([stderr, status]).toEqual(['', 0]);
});

it('alerts are about metrics that there are', () => {
  const names = example('njchan.rules.yml').match(/\b(?:njchan|process)_[a-z_]+/g) ?? [];
  const series = METRICS.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`] : [name]));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) expect(series).toContain(name);
});

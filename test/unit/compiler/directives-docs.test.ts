/** docs/directives.md is the directive table. `npm run docs` writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DIRECTIVE_TABLES } from '../../../nginx/compiler/directives/index.ts';
import type { Row } from '../../../nginx/compiler/directives/row.ts';
import { REPOSITORY } from '../../support/files.ts';

const FILE = join(REPOSITORY, 'docs/directives.md');
const FIRST_VERSION = '0.1.0';

const INTRODUCTION = `# Directives

Contexts: H http, S server, L location, I \`if\` in a location, U upstream. Names in small print are aliases and the older
names of the push module. Words may be shortened and written in any case: \`nchan_subscriber l\` is \`longpoll\`. Times are
nginx's: \`90\`, \`90s\`, \`1h30m\`. How directives are inherited and work together is in
[configuration.md](configuration.md). "Since" is the first version of njchan.
`;

const HEAD = '| directive | contexts | arguments | default | effect | since |\n|---|---|---|---|---|---|\n';

function line({ names: [name, ...aliases], contexts, args: [min, max], doc, since, ...row }: Row): string {
  const small = aliases.map((alias) => `<br><small>${alias}</small>`).join('');
  const count = min === max ? min : `${min}–${max}`;
  const cells = [
    `\`${name}\`${small}`,
    [...contexts].join(' '),
    count,
    row.default,
    doc,
    since ?? FIRST_VERSION,
  ];
  return `| ${cells.join(' | ')} |\n`;
}

it('docs/directives.md lists every directive', () => {
  const sections = Object.entries(DIRECTIVE_TABLES).map(
    ([title, rows]) => `\n## ${title}\n\n${HEAD}${rows.map(line).join('')}`,
  );
  const expected = [INTRODUCTION, ...sections].join('');
  if (process.env.NJCHAN_WRITE_DOCS) writeFileSync(FILE, expected);
  else expect(readFileSync(FILE, 'utf8')).toBe(expected);
});

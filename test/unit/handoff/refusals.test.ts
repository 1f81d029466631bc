import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REFUSALS, type Refusal } from '../../../handoff/refusals.ts';
import { REPOSITORY } from '../../support/files.ts';

const FILE = join(REPOSITORY, 'docs/errors.md');

/** docs/errors.md as the table of refusals says it. */
function errorsDocument(): string {
  const bodyOf = ({ body }: Refusal): string => {
    if (typeof body === 'string') return `\`${body}\``;
    return body.kind === 'none' ? 'none' : 'a page like nginx’s own';
  };
  const rows = Object.entries<Refusal>(REFUSALS).map(
    ([name, refusal]) => `| \`${name}\` | ${refusal.status} | ${bodyOf(refusal)} | ${refusal.cure} |`,
  );
  return [
    '# Answers that refuse a request',
    '',
    'Made from `handoff/refusals.ts`; `npm run docs` writes it anew. nginx itself answers 413 (`client_max_body_size`),',
    '502 (the sidecar does not come back; its log says why) and 504.',
    '',
    '| name | status | body | meaning and cure |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

describe('refusals', () => {
  it('are all in docs/errors.md, as they are', () => {
    if (process.env.NJCHAN_WRITE_DOCS) writeFileSync(FILE, errorsDocument());
    expect(readFileSync(FILE, 'utf8')).toBe(errorsDocument());
  });

  it('have a status that is an error', () => {
    for (const { status } of Object.values<Refusal>(REFUSALS)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
  });
});

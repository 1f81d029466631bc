/** Every threat of docs/security.md is driven by a test, which names it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/files.ts';
import { documentedThreats } from './threats.ts';

const TESTS = join(REPOSITORY, 'test');
const named = (readdirSync(TESTS, { recursive: true }) as string[])
  .filter((name) => name.endsWith('.test.ts'))
  .flatMap((name) => [...readFileSync(join(TESTS, name), 'utf8').matchAll(/\bthreat\('([^']+)'\)/g)])
  .map(([, id]) => id as string);

describe('docs/security.md', () => {
  const threats = documentedThreats();

  it('has threats, each once', () => {
    expect(threats.length).toBeGreaterThan(15);
    expect(new Set(threats).size).toBe(threats.length);
  });

  it.each(threats)('is driven by a test: %s', (id) => expect(named).toContain(id));

  it('has what tests name', () => expect(threats).toEqual(expect.arrayContaining([...new Set(named)])));
});

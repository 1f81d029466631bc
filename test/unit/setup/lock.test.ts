import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
// @ts-expect-error plain JavaScript: it runs before anything is built
import { missingEntries } from '../../../setup/complete-lock.mjs';
import { REPOSITORY } from '../../support/files.ts';

const lock = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8'));

it('package-lock.json knows every platform’s build of native packages, so that npm ci takes it everywhere', () => {
  expect(missingEntries(lock)).toEqual({});
  delete lock.packages['node_modules/@rollup/rollup-linux-arm-musleabihf'];
  expect(missingEntries(lock)).toEqual({
    'node_modules/@rollup/rollup-linux-arm-musleabihf': expect.objectContaining({
      cpu: ['arm'],
      libc: ['musl'],
      os: ['linux'],
      optional: true,
    }),
  });
});

it('package-lock.json names no registry', () => {
  expect(JSON.stringify(lock)).not.toContain('"resolved"');
});

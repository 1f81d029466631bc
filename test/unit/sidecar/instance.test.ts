/** What sidecars that run one after the other in one place have in common. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { instanceName } from '../../../sidecar/instance.ts';
import { tempDir } from '../../support/files.ts';

it('is the same for the same directory of the same host, by whatever name, and for no other', () => {
  const dir = tempDir();
  for (const name of ['a', 'b']) mkdirSync(join(dir, name));
  symlinkSync(join(dir, 'a'), join(dir, 'link'));
  const name = instanceName(join(dir, 'a', 'sidecar.json'));
  expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(instanceName(join(dir, 'link', 'sidecar.json'))).toBe(name);
  expect(instanceName(join(dir, 'b', 'sidecar.json'))).not.toBe(name);
  expect(instanceName(join(dir, 'a', 'sidecar.json'), ['id', 'other'])).not.toBe(name);
});

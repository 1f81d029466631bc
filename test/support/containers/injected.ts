/** The containers of this test file. */
import { inject } from 'vitest';
import type { Containers } from './global-setup.ts';

/**
 * What global-setup.ts prepared.
 * @throws Error with what went wrong there
 */
export function containers(): Containers {
  const provided = inject('containers');
  if (provided === undefined) throw new Error('this project of vitest.config.ts has no containers');
  if ('failure' in provided) throw new Error(provided.failure);
  if ('skip' in provided) throw new Error(provided.skip);
  return provided;
}

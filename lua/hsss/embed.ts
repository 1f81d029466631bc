import { emitTypeScript } from './emit-typescript.ts';
import { defaultSettings } from './settings.ts';
import { type SplinterOptions, splinter } from './splinter.ts';

/**
 * For builds: the TypeScript module that `hsss` prints for the files. Without files it is a module without scripts.
 * @throws HsssError with every mistake in every file
 */
export function embed(files: readonly string[], options?: SplinterOptions): string {
  return emitTypeScript(splinter(files, options), defaultSettings('ts'));
}

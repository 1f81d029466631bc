import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory of package.json: this module runs from cli/ in tests and from dist/cli/ otherwise. */
function findPackageRoot(): string {
  let dir = import.meta.dirname;
  while (!existsSync(join(dir, 'package.json'))) dir = dirname(dir);
  return dir;
}

const root = findPackageRoot();

/** Files of this package that the command hands to nginx and to Node. */
export const PACKAGE_FILES = {
  /** The program of the sidecar. */
  sidecar: join(root, 'dist/sidecar/main.js'),
  /** The gateway's code, which runs inside nginx. */
  njsBundle: join(root, 'dist/njs/njchan.js'),
  /** The configuration that `npm start` uses. */
  shippedConfig: join(root, 'nginx/nginx.conf'),
} as const;

/** The version in package.json. */
export const VERSION = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string })
  .version;

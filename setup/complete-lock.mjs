/**
 * Completes package-lock.json with the builds of native packages for other platforms. npm leaves out those that the
 * registry at hand does not carry or that this platform does not need, and then `npm ci` refuses the file elsewhere.
 * Run it after every `npm install`: `node setup/complete-lock.mjs`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILE = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

/** The entry of a package whose name ends in its platform, as in `@rollup/rollup-linux-x64-musl`. */
function entryFor(name, version, parent) {
  const words = name.split('/').pop().split('-');
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  const os = SYSTEMS.filter((system) => words.includes(system));
  return {
    version,
    cpu: PROCESSORS.filter((processor) => words.includes(processor)),
    ...(parent.dev ? { dev: true } : {}),
    ...(os.includes('linux') ? { libc: [libc] } : {}),
    license: parent.license,
    optional: true,
    os,
  };
}

/**
 * The entries that a lock file lacks.
 * @param {{packages: object}} lock
 * @returns {Record<string, object>} by their key in `packages`
 */
export function missingEntries(lock) {
  const missing = {};
  for (const [key, parent] of Object.entries(lock.packages)) {
    if (key === '') continue;
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      // A range is no platform's build of the package itself but some optional extra.
      if (lock.packages[`node_modules/${name}`] || !/^\d/.test(version)) continue;
      missing[`node_modules/${name}`] = entryFor(name, version, parent);
    }
  }
  return missing;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lock = JSON.parse(readFileSync(FILE, 'utf8'));
  const missing = missingEntries(lock);
  const sorted = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: ${Object.keys(missing).length} entries added`);
}

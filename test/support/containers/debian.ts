/** What Debian 13 has and this machine may lack: programs for the tests, and a base for images. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, progress, run } from './commands.ts';

const RELEASE = 'trixie';
/** Fetches as apt would, whatever its settings are. */
const APT_HELPER = '/usr/lib/apt/apt-helper';
const INDEX_DEADLINE_MS = 60_000;
/** Where everybody gets Debian from, for a machine that does not say where it does. */
const DEFAULT_MIRROR = 'http://deb.debian.org/debian';
/** The certificates of authorities that were added to this machine. */
const OWN_AUTHORITIES = 'usr/local/share/ca-certificates';

/** The archive that this machine's apt uses for Debian's main packages. */
async function mirror(): Promise<string> {
  const format = '$(REPO_URI) $(COMPONENT) $(LABEL)';
  const { stdout } = await attempt(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages']);
  const line = stdout.split('\n').find((target) => / main Debian$/.test(target));
  return line?.split(' ')[0] ?? DEFAULT_MIRROR;
}

/** This machine's settings of how apt reaches its archive, as apt would read them. */
async function aptTransport(): Promise<string> {
  const { stdout } = await attempt(['apt-config', 'dump', '--no-empty', 'Acquire']);
  const wanted = /^Acquire::(https?|ftp|Retries|Force|Check-)/;
  return stdout
    .split('\n')
    .filter((line) => wanted.test(line))
    .join('\n');
}

/**
 * The signed index of the release, which changes with any of its packages.
 * @param dir - for the file
 * @returns undefined when the archive cannot be reached
 */
export async function releaseIndex(dir: string): Promise<string | undefined> {
  const file = join(dir, 'InRelease');
  const url = `${(await mirror()).replace(/\/$/, '')}/dists/${RELEASE}/InRelease`;
  const { status } = await attempt([APT_HELPER, 'download-file', url, file], {
    deadlineMs: INDEX_DEADLINE_MS,
  });
  return status === 0 ? readFileSync(file, 'utf8') : undefined;
}

/** What of this machine goes into a base image. */
export async function ownSettings(): Promise<string> {
  const dir = join('/', OWN_AUTHORITIES);
  const files = existsSync(dir) ? (readdirSync(dir, { recursive: true }) as string[]).sort() : [];
  const authorities = files
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'));
  return [process.arch, await mirror(), await aptTransport(), ...authorities].join('\n');
}

/**
 * Unpacks packages of Debian 13 without installing them.
 * @param dir - for the packages and what is in them
 * @returns the directory that stands for `/`
 */
export async function unpackPackages(names: readonly string[], dir: string): Promise<string> {
  progress(`fetching ${names.join(', ')} of Debian ${RELEASE} …`);
  for (const made of ['lists/partial', 'archives/partial', 'root'])
    mkdirSync(join(dir, made), { recursive: true });
  const sources = join(dir, 'sources.list');
  writeFileSync(sources, `deb ${await mirror()} ${RELEASE} main\n`);
  const apt = [
    ['Dir::Etc::SourceList', sources],
    ['Dir::Etc::SourceParts', '/dev/null'],
    ['Dir::State::Lists', join(dir, 'lists')],
    ['Dir::Cache', dir],
    ['APT::Sandbox::User', 'root'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run(['apt-get', ...apt, 'update', '-qq']);
  await run(['apt-get', ...apt, 'download', '-qq', ...names], { cwd: dir });
  const root = join(dir, 'root');
  for (const file of readdirSync(dir).filter((name) => name.endsWith('.deb'))) {
    await run(['dpkg-deb', '-x', join(dir, file), root]);
  }
  return root;
}

/**
 * Makes a directory that stands in for the image debian:trixie-slim, with this machine's way to Debian's archive.
 * @param dir - must not exist; its file system must allow device files
 */
export async function makeBase(dir: string): Promise<void> {
  progress('no image registry answers: making a base image with debootstrap …');
  const from = await mirror();
  await run(['debootstrap', '--variant=minbase', RELEASE, dir, from]);
  // As in Debian's own images: no documentation, no copies of packages, and no waiting for the disk.
  const dpkg = [
    'force-unsafe-io',
    ...['doc', 'man', 'locale'].map((name) => `path-exclude /usr/share/${name}/*`),
  ];
  writeFileSync(join(dir, 'etc/dpkg/dpkg.cfg.d/image'), `${dpkg.join('\n')}\n`);
  const apt = [
    'APT::Keep-Downloaded-Packages "false";',
    'Dir::Cache::pkgcache "";',
    'Dir::Cache::srcpkgcache "";',
    await aptTransport(),
  ];
  writeFileSync(join(dir, 'etc/apt/apt.conf.d/90image'), `${apt.join('\n')}\n`);
  if (existsSync(join('/', OWN_AUTHORITIES))) {
    cpSync(join('/', OWN_AUTHORITIES), join(dir, OWN_AUTHORITIES), { recursive: true });
  }
}

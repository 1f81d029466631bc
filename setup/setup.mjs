/**
 * `node setup/setup.mjs start|test`: brings the machine to where `npm start` or `npm test` can run. It has no
 * dependencies, since it runs before `npm ci`, and does nothing twice.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, installCommand, isDebian, isInstalled } from './debian.mjs';
import { OLDEST_NODE, PURPOSES } from './needs.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function log(line) {
  console.log(`setup: ${line}`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Error(
    `njchan needs Node ${OLDEST_NODE.join('.')} or later, this is ${process.versions.node}: see https://nodejs.org`,
  );
}

function isOnPath(command) {
  const dirs = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return dirs.some((dir) => existsSync(join(dir, command)));
}

/** Without dpkg there is only looking for what a need is about. */
function isThere({ command, file }) {
  return command ? isOnPath(command) : file.some((path) => existsSync(path));
}

function setUpPackages(needs) {
  const debian = isDebian();
  const has = debian ? ({ packages }) => packages.some(isInstalled) : isThere;
  const missing = needs.filter((need) => !has(need));
  const names = (list) => list.map(({ packages }) => packages[0]).join(', ');
  const present = needs.filter((need) => !missing.includes(need));
  if (present.length > 0) log(`${names(present)}: there`);
  if (missing.length === 0) return;

  if (!debian) {
    const wanted = missing.map(({ what, packages }) => `  ${what} (in Debian: ${packages[0]})`);
    throw new Error(
      `this is not a Debian system; install these yourself, then try again:\n${wanted.join('\n')}`,
    );
  }
  const packages = missing.map((need) => need.packages[0]);
  if (process.getuid() !== 0) {
    throw new Error(
      `missing: ${packages.join(', ')}. Only root can install them; run this, then try again:\n` +
        `  sudo sh -c '${installCommand(packages)}'`,
    );
  }
  install(packages, log);
}

/** npm writes node_modules/.package-lock.json at the end of an installation. */
function modulesAreCurrent() {
  // Through a link npm would empty the modules of another checkout, to which they belong.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  const installed = join(root, 'node_modules/.package-lock.json');
  return (
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
  );
}

function setUpModules() {
  if (modulesAreCurrent()) {
    log('node_modules: there');
    return;
  }
  log('npm ci …');
  // The npm that runs us, if one does. The build tools are needed whatever NODE_ENV says.
  const npm = process.env.npm_execpath;
  const [command, ...args] = [
    ...(npm ? [process.execPath, npm] : ['npm']),
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
  ];
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error || status !== 0) {
    throw new Error(`npm ci failed${error ? `: ${error.message}` : '; its messages are above'}`);
  }
}

async function setUp(purpose) {
  checkNode();
  const needs = PURPOSES[purpose];
  if (!needs) throw new Error(`usage: node setup/setup.mjs ${Object.keys(PURPOSES).join('|')}`);
  setUpPackages(needs);
  setUpModules();
  // After `npm ci`, whose prepare script builds, this finds everything up to date.
  const { build } = await import('./build.mjs');
  await build();
}

try {
  await setUp(process.argv[2]);
} catch (error) {
  console.error(`setup: ${error.message}`);
  process.exitCode = 1;
}

/** Installing Debian packages. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';

/** invoke-rc.d asks it before it starts a service that was just installed; 101 means no. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY = "#!/bin/sh\n# Written by njchan's setup for the time of an installation.\nexit 101\n";
/** Enough of apt's output to see what went wrong. */
const SHOWN_LINES = 15;

function run(command, args) {
  return spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' },
  });
}

/** True on Debian and its descendants. */
export function isDebian() {
  return !run('dpkg-query', ['--version']).error && !run('apt-get', ['--version']).error;
}

/** True when dpkg has the package installed completely. */
export function isInstalled(name) {
  return run('dpkg-query', ['-W', '-f=${db:Status-Status}', name]).stdout === 'installed';
}

/** The command that installs the packages, for people to copy. */
export function installCommand(packages) {
  return `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
}

function lastLines({ stdout, stderr, error }) {
  if (error) return error.message;
  return `${stdout}${stderr}`.trim().split('\n').slice(-SHOWN_LINES).join('\n');
}

/** Runs `action` while a policy forbids that packages start their services: njchan and its tests start their own. */
function withoutStartingServices(action) {
  if (existsSync(POLICY_FILE)) return action();
  // spawnSync leaves no room for signal handlers, but with these set a Ctrl-C cannot skip the removal either.
  const ignore = () => {};
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, ignore);
  writeFileSync(POLICY_FILE, POLICY);
  try {
    chmodSync(POLICY_FILE, 0o755);
    return action();
  } finally {
    rmSync(POLICY_FILE, { force: true });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, ignore);
  }
}

/**
 * Installs packages; needs root.
 * @param log - called with one line of progress each
 * @throws Error with the end of apt's output
 */
export function install(packages, log) {
  log('apt-get update …');
  const update = run('apt-get', ['update', '-qq']);
  // The lists that are here may do; if not, the installation fails with the better message.
  if (update.error || update.status !== 0) log(`apt-get update failed, going on:\n${lastLines(update)}`);

  log(`apt-get install ${packages.join(' ')} …`);
  const installed = withoutStartingServices(() =>
    run('apt-get', ['install', '-y', '--no-install-recommends', ...packages]),
  );
  if (installed.error || installed.status !== 0) {
    throw new Error(`apt-get could not install ${packages.join(', ')}:\n${lastLines(installed)}`);
  }
}

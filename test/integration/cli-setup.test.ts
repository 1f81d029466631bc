/** setup/setup.mjs, on a PATH with nothing but a pretended dpkg, so that it cannot install anything. */
import { execFile, type SpawnOptions } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { firstClosedDirectory } from '../../cli/users.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';

interface Result {
  readonly status: number;
  readonly output: string;
}

/** Programs for a PATH of their own. @param programs - name to shell script */
function pathWith(programs: Record<string, string>): string {
  const dir = tempDir();
  for (const [name, script] of Object.entries(programs)) {
    const file = join(dir, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }
  return dir;
}

/** A dpkg-query that knows these packages only. */
function dpkgWith(...installed: string[]): Record<string, string> {
  const cases = installed.map((name) => `${name}) printf installed; exit 0;;`).join('\n');
  return {
    'dpkg-query': `for name; do :; done; case "$name" in --version) exit 0;;\n${cases}\n*) exit 1;; esac`,
    'apt-get': 'exit 0',
  };
}

/** A copy of the files that set-up touches before it builds; `npm` in it would fail. */
function copyOfSetup(): string {
  const dir = tempDir();
  cpSync(join(REPOSITORY, 'setup'), join(dir, 'setup'), { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(REPOSITORY, name), join(dir, name));
  return dir;
}

const isRoot = process.getuid?.() === 0;
const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 };
/** Node may be installed where only root can read it. */
const nobodyMayRunNode = firstClosedDirectory(dirname(process.execPath), NOBODY) === undefined;
const AS_NOBODY = isRoot ? { uid: NOBODY.uid, gid: NOBODY.gid } : {};

/** Runs setup.mjs. @param user - as spawn takes it */
function setup(dir: string, purpose: string, path: string, user: SpawnOptions = {}): Promise<Result> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(dir, 'setup/setup.mjs'), purpose],
      { cwd: dir, env: { PATH: path }, ...user },
      (error, stdout, stderr) => resolve({ status: Number(error?.code ?? 0), output: `${stdout}${stderr}` }),
    );
  });
}

describe('setup.mjs', () => {
  it.runIf(!isRoot || nobodyMayRunNode)('prints the command that installs what is missing', async () => {
    const path = pathWith(dpkgWith('nginx', 'curl', 'njs', 'chromium', 'docker-ce', 'debootstrap'));
    const { status, output } = await setup(copyOfSetup(), 'test', path, AS_NOBODY);
    expect(status).toBe(1);
    expect(output).toContain('setup: nginx, njs, chromium, curl, docker.io, debootstrap: there\n');
    expect(output).toContain(
      "sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends libnginx-mod-http-js redis-server libnginx-mod-nchan lua5.1 prometheus'",
    );
  });

  it.runIf(!isRoot || nobodyMayRunNode)('asks for no more than the purpose needs', async () => {
    const { output } = await setup(copyOfSetup(), 'start', pathWith(dpkgWith()), AS_NOBODY);
    expect(output).toContain("--no-install-recommends nginx libnginx-mod-http-js'");
  });

  it("takes the njs module from nginx.org's packages too", async () => {
    const path = pathWith(dpkgWith('nginx', 'nginx-module-njs'));
    const { output } = await setup(copyOfSetup(), 'start', path);
    expect(output).toContain('setup: nginx, libnginx-mod-http-js: there\n');
  });

  it('says what to install on other systems', async () => {
    const { status, output } = await setup(copyOfSetup(), 'test', pathWith({}));
    expect(status).toBe(1);
    expect(output).toContain('this is not a Debian system; install these yourself');
    expect(output).toContain('  Redis, 7.0 or later (in Debian: redis-server)');
  });

  it('runs npm ci when node_modules is missing, and shows that it failed', async () => {
    const programs = {
      ...dpkgWith('nginx', 'libnginx-mod-http-js'),
      npm: 'echo "npm was asked for $*"; exit 7',
    };
    const { status, output } = await setup(copyOfSetup(), 'start', pathWith(programs));
    expect(status).toBe(1);
    expect(output).toContain('npm was asked for ci --include=dev');
    expect(output).toContain('setup: npm ci failed');
  });

  it('installs nothing when everything is there, and builds', async () => {
    const dir = copyOfSetup();
    mkdirSync(join(dir, 'node_modules'));
    writeFileSync(join(dir, 'node_modules/.package-lock.json'), '{}');
    writeFileSync(
      join(dir, 'setup/build.mjs'),
      'export const build = () => console.log("build was called");',
    );
    const { status, output } = await setup(dir, 'start', pathWith(dpkgWith('nginx', 'libnginx-mod-http-js')));
    expect({ status, output }).toEqual({
      status: 0,
      output: [
        'setup: nginx, libnginx-mod-http-js: there',
        'setup: node_modules: there',
        'build was called',
        '',
      ].join('\n'),
    });
  });

  it('never installs into the modules of another checkout, to which node_modules links', async () => {
    const dir = copyOfSetup();
    const other = tempDir();
    symlinkSync(other, join(dir, 'node_modules'));
    writeFileSync(join(dir, 'setup/build.mjs'), 'export const build = () => {};');
    const programs = { ...dpkgWith('nginx', 'libnginx-mod-http-js'), npm: 'exit 7' };
    const { status, output } = await setup(dir, 'start', pathWith(programs));
    expect({ status, output }).toMatchObject({
      status: 0,
      output: expect.stringContaining('node_modules: there'),
    });
  });

  it('lists its purposes when it is given another', async () => {
    const { status, output } = await setup(copyOfSetup(), 'frob', pathWith({}));
    expect(status).toBe(1);
    expect(output).toContain('usage: node setup/setup.mjs start|test');
  });
});

describe('build.mjs', () => {
  /** A checkout with one script, in which hsss has been built. */
  function checkoutWith(script: string): string {
    const dir = copyOfSetup();
    mkdirSync(join(dir, 'lua'));
    writeFileSync(join(dir, 'lua/answer.lua'), script);
    for (const name of ['dist', 'node_modules']) symlinkSync(join(REPOSITORY, name), join(dir, name));
    return dir;
  }

  /** Runs a function of setup/scripts.mjs there. @returns its failure's message, empty when there is none */
  function scripts(cwd: string, name: string): Promise<string> {
    const code = `import { ${name} } from './setup/scripts.mjs';
      await ${name}().catch((error) => process.stdout.write(error.message));`;
    return promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { cwd }).then(
      ({ stdout }) => stdout,
    );
  }

  it('fails when the module with the scripts is not what they make it', async () => {
    const dir = checkoutWith('return 42\n');
    const outOfDate = 'lua/scripts.generated.ts is out of date: run "npm run scripts"';
    expect(await scripts(dir, 'checkScripts')).toBe(outOfDate);
    expect(await scripts(dir, 'writeScripts')).toBe('');
    expect(await scripts(dir, 'checkScripts')).toBe('');
    writeFileSync(join(dir, 'lua/answer.lua'), 'return 43\n');
    expect(await scripts(dir, 'checkScripts')).toBe(outOfDate);
    writeFileSync(join(dir, 'lua/answer.lua'), 'return\n\nif\n');
    expect(await scripts(dir, 'checkScripts')).toBe("lua/answer.lua:3: unexpected symbol near 'if'");
  });

  it('does nothing when nothing changed', async () => {
    const build = () => promisify(execFile)(process.execPath, [join(REPOSITORY, 'setup/build.mjs')]);
    await build(); // in case somebody is working on the sources
    const { stdout } = await build();
    const steps = ['hsss', 'scripts', 'command and sidecar', 'gateway for njs'];
    expect(stdout).toBe(steps.map((step) => `build: ${step}: up to date\n`).join(''));
  });
});

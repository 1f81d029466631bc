/** The command `hsss`, as users run it. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../lua/hsss/options.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { directoryOf } from '../unit/hsss/files.ts';
import { scriptsOf } from '../unit/hsss/modules.ts';
import { cOf, EXAMPLE } from '../unit/hsss/running.ts';

const HSSS = join(REPOSITORY, 'lua/hsss/bin/hsss.js');
const LINTED = {
  'delete.lua': "-- KEYS[1] key\nreturn redis.call('del', KEYS[1])\n",
  'echo.lua': "-- ARGV[1] text\nreturn redis.call('echo', ARGV[1])\n",
};

/** Runs `hsss ARGS…` in a directory. */
function hsss(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [HSSS, ...args], {
    cwd,
    encoding: 'latin1',
  });
  return { status, stdout, stderr };
}

describe('hsss', () => {
  it('prints its version and its help', () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(hsss('/', '--version')).toEqual({ status: EXIT.ok.code, stdout: `hsss ${version}\n`, stderr: '' });
    const help = hsss('/', '--help');
    expect(help).toMatchObject({ status: EXIT.ok.code, stderr: '' });
    expect(help.stdout).toMatch(
      /^hsss, the hash-safe script splinterer[\s\S]*\n {2}2 {2}The command line was wrong\.\n$/,
    );
  });

  it('prints a TypeScript module', async () => {
    const { status, stdout, stderr } = hsss(directoryOf(LINTED), 'delete.lua', 'echo.lua');
    expect({ status, stderr }).toEqual({ status: EXIT.ok.code, stderr: '' });
    expect(Object.keys(await scriptsOf(stdout))).toEqual(['delete', 'echo']);
  });

  it('prints what the gem prints', () => {
    const dir = directoryOf(EXAMPLE);
    expect(hsss(dir, '--language', 'c', 'delete.lua', 'echo.lua')).toEqual({
      status: EXIT.ok.code,
      stdout: cOf(),
      stderr: '',
    });
    expect(hsss(dir, '--language=c', '--format', 'split', 'delete.lua', 'echo.lua').stdout).toBe(
      cOf(['--format', 'split']),
    );
  });

  it('writes bytes as they are', () => {
    const dir = directoryOf({ 'a.lua': 'return "\xff\xc3\xa9" -- \xe9\n' });
    const { stdout } = hsss(dir, '--language', 'c', 'a.lua');
    expect(stdout).toContain('"return \\"\\377\xc3\xa9\\" -- \\351\\n"');
  });

  it('writes the same to a file with -o, and knows whether it is up to date', () => {
    const dir = directoryOf(LINTED);
    const args = ['delete.lua', 'echo.lua'];
    const { stdout } = hsss(dir, ...args);
    const stale = { status: EXIT.refused.code, stdout: '' };
    expect(hsss(dir, '--check', 'out.ts', ...args)).toEqual({
      ...stale,
      stderr: 'hsss: cannot read out.ts: no such file or directory\n',
    });
    expect(hsss(dir, '-o', 'out.ts', ...args)).toEqual({ status: EXIT.ok.code, stdout: '', stderr: '' });
    expect(readFileSync(join(dir, 'out.ts'), 'latin1')).toBe(stdout);
    expect(hsss(dir, '--check', 'out.ts', ...args)).toEqual({ status: EXIT.ok.code, stdout: '', stderr: '' });

    writeFileSync(join(dir, 'echo.lua'), 'return 1\n');
    expect(hsss(dir, '--check', 'out.ts', ...args)).toEqual({
      ...stale,
      stderr: 'hsss: out.ts is out of date: make it anew with -o out.ts\n',
    });
    expect(readFileSync(join(dir, 'out.ts'), 'latin1')).toBe(stdout);
  });

  it('says every mistake in every script with file and line, and writes nothing', () => {
    const dir = directoryOf({
      'a.lua': 'local x = 1\nif x then\n',
      'b.lua': '--- @include "loop"\nreturn 1',
      'c.lua': '\n\nreturn print, os\n',
      'd.lua': '',
      'e.lua': '\x7fELF\x02\x01\x01\0\0',
      'f.lua': 'return 1\n',
      'g/f.lua': 'return 2\n',
      'include/loop.lua': '\n--- @include "loop"\n',
      'out.ts': 'before',
    });
    const files = ['a.lua', 'b.lua', 'c.lua', 'd.lua', 'e.lua', 'f.lua', 'g/f.lua', 'missing.lua'];
    for (const language of ['ts', 'c']) {
      const result = hsss(
        dir,
        '--language',
        language,
        ...(language === 'c' ? ['--lint'] : []),
        '-o',
        'out.ts',
        ...files,
      );
      expect(result).toMatchObject({ status: EXIT.refused.code, stdout: '' });
      expect(result.stderr.split('\n')).toEqual([
        "a.lua:3: 'end' expected near '<eof>'",
        'include/loop.lua:2: includes in a circle: include/loop.lua \xe2\x86\x92 include/loop.lua',
        'c.lua:3: Redis has no global "print"',
        'c.lua:3: Redis has no global "os"',
        'd.lua:1: the file is empty',
        "e.lua:1: unexpected symbol near '\\127' (is it a binary file?)",
        'g/f.lua:1: there is already a script "f": f.lua',
        'missing.lua:1: cannot be read: no such file or directory',
        '',
      ]);
      expect(readFileSync(join(dir, 'out.ts'), 'utf8')).toBe('before');
    }
    expect(hsss(dir, '-o', 'new.ts', 'd.lua').status).toBe(EXIT.refused.code);
    expect(existsSync(join(dir, 'new.ts'))).toBe(false);
  });

  it('says that it cannot write', () => {
    const dir = directoryOf(LINTED);
    expect(hsss(dir, '-o', 'no/out.ts', 'echo.lua')).toEqual({
      status: EXIT.refused.code,
      stdout: '',
      stderr: 'hsss: cannot write no/out.ts: no such file or directory\n',
    });
  });

  it('finds includes beside the first script, or where it is told', () => {
    const dir = directoryOf({
      'lua/a.lua': '--- @include "b"\nreturn B\n',
      'lua/include/b.lua': 'local B = 1\n',
      'shared/b.lua': 'local B = 2\n',
    });
    expect(hsss(dir, 'lua/a.lua').stdout).toContain("'local B = 1\\n',");
    const told = hsss(dir, '--include-dir', 'shared', 'lua/a.lua').stdout;
    expect(told).toContain("'local B = 2\\n',");
    expect(told).toContain("file: 'shared/b.lua'");
  });

  it('keeps debug lines when it is told to', () => {
    const dir = directoryOf({ 'a.lua': 'redis.log(1, "x") --- @debug\nreturn 1\n' });
    expect(hsss(dir, 'a.lua').stdout).not.toContain('redis.log');
    expect(hsss(dir, '--debug', 'a.lua').stdout).toContain(`'redis.log(1, "x") --- @debug\\n',`);
  });

  it('leaves out the checks that it is told to leave out', () => {
    const dir = directoryOf({ 'a.lua': 'return nowhere\n', 'b.lua': 'if\n' });
    expect(hsss(dir, 'a.lua').status).toBe(EXIT.refused.code);
    expect(hsss(dir, '--no-lint', 'a.lua').status).toBe(EXIT.ok.code);
    expect(hsss(dir, '--no-lint', 'b.lua').status).toBe(EXIT.refused.code);
    expect(hsss(dir, '--no-parse', 'b.lua').status).toBe(EXIT.ok.code);
  });

  it('ends with status 2 and a hint after a wrong command line', () => {
    expect(hsss('/', '--frob', 'a.lua')).toEqual({
      status: EXIT.usage.code,
      stdout: '',
      stderr: `hsss: unknown option '--frob'; see "hsss --help"\n`,
    });
  });

  it('is content when nobody reads on', () => {
    const dir = directoryOf({ 'a.lua': `return [[${'x'.repeat(1_000_000)}]]` });
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', `'${process.execPath}' '${HSSS}' a.lua | head -c 2`],
      {
        cwd: dir,
        encoding: 'utf8',
      },
    );
    expect({ stdout, stderr }).toEqual({ stdout: '//', stderr: '' });
  });
});

describe('in a checkout', () => {
  /** A checkout of which nothing but the commands is there. */
  function checkout(): string {
    const dir = tempDir();
    for (const path of ['package.json', 'setup', 'cli/bin', 'lua/hsss/bin']) {
      cpSync(join(REPOSITORY, path), join(dir, path), { recursive: true });
    }
    return dir;
  }

  function npx(dir: string, command: string): string {
    const env = { ...process.env, npm_config_cache: join(dir, 'cache'), npm_config_offline: 'true' };
    const { stdout, stderr } = spawnSync('npx', [command], { cwd: dir, env, encoding: 'utf8' });
    return stdout + stderr;
  }

  const NOT_BUILT = 'hsss: it has not been built yet: run "npm run build" in its directory';

  it('npx finds it', () => {
    expect(npx(checkout(), 'hsss')).toContain(NOT_BUILT);
  });

  it('npx finds it where the package had no such command at first', () => {
    const dir = checkout();
    const manifest = join(dir, 'package.json');
    const now = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, now.replace(/"hsss": .*\n/, ''));
    expect(npx(dir, 'njchan')).toContain('njchan: it has not been built yet');
    writeFileSync(manifest, now);
    mkdirSync(join(dir, 'node_modules'));
    const link = 'import { linkCommands } from "./setup/link-commands.mjs"; linkCommands(); linkCommands();';
    spawnSync(process.execPath, ['--input-type=module', '-e', link], { cwd: dir });
    expect(readdirSync(join(dir, 'node_modules/.bin'))).toEqual(['hsss']);
    expect(npx(dir, 'hsss')).toContain(NOT_BUILT);
  });
});

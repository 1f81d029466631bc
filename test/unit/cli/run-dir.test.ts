import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultRunDir, makeRunDir, runDirAt, writeAtomically } from '../../../cli/run-dir.ts';
import { firstClosedDirectory } from '../../../cli/users.ts';
import { threat } from '../../security/threats.ts';
import { tempDir } from '../../support/files.ts';

describe('the run directory', () => {
  it('is in /run for root, in the runtime directory for others, in /tmp without one', () => {
    expect(defaultRunDir(0, { XDG_RUNTIME_DIR: '/run/user/0' })).toBe('/run/njchan');
    expect(defaultRunDir(1000, { XDG_RUNTIME_DIR: '/run/user/1000' })).toBe('/run/user/1000/njchan');
    expect(defaultRunDir(1000, {})).toBe('/tmp/njchan-1000');
  });

  it('may have a path as long as its sockets allow, and no longer', () => {
    const longest = `/${'x'.repeat(107 - '//control.sock'.length)}`;
    expect(runDirAt(longest).controlSocket).toHaveLength(107);
    expect(() => runDirAt(`${longest}x`)).toThrow(
      /108 bytes, but the system allows 107: choose a shorter --run-dir/,
    );
  });

  it('is made with its parents, and everybody may enter', () => {
    const dir = runDirAt(join(tempDir(), 'a/b'));
    expect(makeRunDir(dir)).toBe(true);
    expect(statSync(dir.path).mode & 0o777).toBe(0o755);
    expect(makeRunDir(dir)).toBe(false);
  });

  it('is refused when others could swap files in it', () => {
    threat('run-directory');
    const parent = tempDir();
    const open = join(parent, 'open');
    mkdirSync(open);
    for (const mode of [0o777, 0o775, 0o757]) {
      chmodSync(open, mode);
      expect(() => makeRunDir(runDirAt(open))).toThrow(/can be written by others than its owner/);
    }
    const link = join(parent, 'link');
    symlinkSync(parent, link);
    expect(() => makeRunDir(runDirAt(link))).toThrow(/or a link to one/);
  });
});

describe('a file written atomically', () => {
  it('has the mode asked for, whatever was there', () => {
    const file = join(tempDir(), 'nginx.conf');
    writeAtomically(file, 'one', 0o644);
    writeAtomically(file, 'two', 0o600);
    expect(readFileSync(file, 'utf8')).toBe('two');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.${process.pid}`)).toBe(false);
  });

  it.runIf(process.getuid?.() === 0)('has the group asked for, but not the owner', () => {
    const file = join(tempDir(), 'sidecar.json');
    writeAtomically(file, 'one', 0o640, 12_345);
    const { mode, uid, gid } = statSync(file);
    expect([mode & 0o777, uid, gid]).toEqual([0o640, 0, 12_345]);
  });
});

describe('firstClosedDirectory', () => {
  it('names the outermost directory that an account may not enter', () => {
    const account = { name: 'other', uid: 12_345, gid: 12_345 };
    const top = tempDir();
    const inner = join(top, 'a/b');
    mkdirSync(inner, { recursive: true });
    expect(firstClosedDirectory(inner, account)).toBeUndefined();
    chmodSync(join(top, 'a'), 0o700);
    expect(firstClosedDirectory(inner, account)).toBe(join(top, 'a'));
    chmodSync(top, 0o700);
    expect(firstClosedDirectory(inner, account)).toBe(top);
    const { uid, gid } = statSync(top);
    expect(firstClosedDirectory(inner, { name: 'owner', uid, gid })).toBeUndefined();
  });
});

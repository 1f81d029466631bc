import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCommandLine, UsageError } from '../../../lua/hsss/command-line.ts';
import { EXIT, helpText, OPTIONS, optionLabel } from '../../../lua/hsss/options.ts';
import { defaultSettings } from '../../../lua/hsss/settings.ts';
import { REPOSITORY } from '../../support/files.ts';

describe('a wrong command line', () => {
  it.each([
    [[], 'name the scripts'],
    [['--frob', 'a.lua'], "unknown option '--frob'"],
    [['--language', 'rust', 'a.lua'], '--language must be ts or c'],
    [['--format', 'half', 'a.lua'], '--format must be whole or split'],
    [['--scripts', '', 'a.lua'], '--scripts must not be empty'],
    [['--scripts', 'a-b', 'a.lua'], '--scripts makes "a-b", which is no name in TypeScript'],
    [['--scripts', 'class', 'a.lua'], '--scripts makes "class", which is no name in TypeScript'],
    [
      ['--language', 'c', '--prefix', 'a-', 'a.lua'],
      '--prefix makes "a-lua_scripts_t", which is no name in C',
    ],
    [['--language', 'c', '--struct', 'int', 'a.lua'], '--struct makes "int", which is no name in C'],
    [
      ['--count', 'scripts', 'a.lua'],
      '"scripts" cannot be two things: variable with the scripts and variable with the number of scripts',
    ],
    [['--count', 'n', '--no-count', 'a.lua'], '--count and --no-count contradict each other'],
    [['--lint', '--no-lint', 'a.lua'], '--lint and --no-lint contradict each other'],
    [['-o', 'x', '--check', 'x', 'a.lua'], '--output and --check contradict each other'],
    [
      ['--language', 'c', '--header-only', '--data-only', 'a.lua'],
      '--header-only and --data-only contradict each other',
    ],
    [['--no-static', 'a.lua'], '--no-static is for --language c'],
    [['--no-hashes', 'a.lua'], '--no-hashes is for --language c'],
    [['--count-macro', 'N', 'a.lua'], '--count-macro is for --language c'],
  ])('is told so: %j', (args, message) => {
    expect(() => readCommandLine(args)).toThrow(new UsageError(message));
  });
});

describe('a command line', () => {
  it('without options asks for everything that is usual', () => {
    expect(readCommandLine(['a.lua', 'b.lua'])).toEqual({
      kind: 'run',
      files: ['a.lua', 'b.lua'],
      splinter: { debug: false, parse: true, lint: true },
      settings: defaultSettings('ts'),
      output: undefined,
      check: undefined,
    });
    expect(readCommandLine(['--language', 'c', 'a.lua'])).toMatchObject({
      splinter: { parse: true, lint: false },
      settings: defaultSettings('c'),
    });
  });

  it('may ask for help before everything else', () => {
    expect(readCommandLine(['-h'])).toEqual({ kind: 'help' });
    expect(readCommandLine(['--no-static', '--help'])).toEqual({ kind: 'help' });
    expect(readCommandLine(['--version'])).toEqual({ kind: 'version' });
  });
});

describe('the options', () => {
  const docs = readFileSync(join(REPOSITORY, 'docs/scripts.md'), 'utf8');

  it.each(Object.keys(OPTIONS))('--%s is in the help and in docs/scripts.md', (name) => {
    const option = OPTIONS[name] as (typeof OPTIONS)[string];
    expect(helpText()).toContain(optionLabel(name, option));
    expect(docs).toContain(`--${name}`);
  });

  it('are the gem’s, and more', () => {
    const gem =
      `format struct row-struct scripts hashes no-hashes names no-names count no-count count-macro no-count-macro
      all-hashes-string no-all-hashes-string each-macro no-each no-parse no-static header-only header-guard data-only prefix
      help version`.split(/\s+/);
    expect(Object.keys(OPTIONS)).toEqual(expect.arrayContaining(gem));
  });

  it('and how it ends are in docs/scripts.md', () => {
    for (const { code, meaning } of Object.values(EXIT)) expect(docs).toContain(`| ${code} | ${meaning} |`);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CliError, EXIT } from '../../../cli/exit-codes.ts';
import { COMMANDS, type CommandName, helpText, OPTIONS, parse } from '../../../cli/options.ts';
import { REPOSITORY } from '../../support/files.ts';

const commandNames = Object.keys(COMMANDS) as CommandName[];

describe('the command line', () => {
  it('takes options in every form that getopt takes', () => {
    const values = { config: 'a.conf', 'run-dir': '/r' };
    const forms = [
      ['up', '-c', 'a.conf', '--run-dir', '/r'],
      ['up', '-ca.conf', '--run-dir=/r'],
      ['up', '--config=a.conf', '--run-dir=/r'],
    ];
    for (const argv of forms) expect(parse(argv)).toMatchObject({ kind: 'run', command: 'up', values });
  });

  it.each(['compile', 'check'])('takes the file of %s with or without -c', (command) => {
    const expected = { kind: 'run', command, values: { config: 'a.conf' } };
    expect(parse([command, 'a.conf'])).toMatchObject(expected);
    expect(parse([command, '-c', 'a.conf'])).toMatchObject(expected);
  });

  it.each(['trace', 'redis-check'])('takes the URL of a Redis server for %s, or none', (command) => {
    expect(parse([command])).toEqual({ kind: 'run', command, values: {} });
    expect(parse([command, 'redis://h', '--namespace=ns'])).toEqual({
      kind: 'run',
      command,
      values: { url: 'redis://h', namespace: 'ns' },
    });
  });

  it.each(commandNames)('explains %s with --help, whatever else is given', (command) => {
    expect(parse([command, '--help'])).toEqual({ kind: 'help', command });
  });

  it.each([
    [[], 'name a command'],
    [['frob'], 'there is no command "frob"'],
    [['--frob'], 'there is no option "--frob"'],
    [['up'], 'name the configuration with -c FILE'],
    [['compile'], 'name the configuration with -c FILE'],
    [['up', '-c'], 'argument missing'],
    [['up', '-c', ''], 'name the configuration'],
    [['up', '-c', 'a', '--frob'], "unknown option '--frob'"],
    [['up', 'a'], 'unexpected argument "a"'],
    [['check', 'a', 'b'], 'unexpected argument "b"'],
    [['status', '-c', 'a'], "unknown option '-c'"],
    [['status', '--run-dir', ''], '--run-dir must not be empty'],
    [['trace', 'redis://a', 'redis://b'], 'unexpected argument "redis://b"'],
    [['status', 'redis://a'], 'unexpected argument "redis://a"'],
    [['trace', '--color', 'blue'], '--color must be auto or always or never'],
    [['trace', '--channel', ''], '--channel must not be empty'],
    [['up', '-c', 'a', '--log-format', 'xml'], '--log-format must be human or json'],
  ])('refuses %j: %s', (argv, reason) => {
    const attempt = () => parse(argv);
    expect(attempt).toThrow(reason);
    expect(attempt).toThrow(CliError);
    expect(attempt).toThrow(/; see "njchan.* --help"$/);
  });
});

/** A row of a Markdown table with these cells, however it is padded. */
function tableRow(...cells: string[]): RegExp {
  const escaped = cells.map((cell) => cell.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^\\| *${escaped.join(' *\\| *')} *\\|`, 'm');
}

describe('the documentation', () => {
  const manual = readFileSync(join(REPOSITORY, 'docs/cli.md'), 'utf8');

  it.each(Object.values(EXIT))('has exit status $code in --help and docs/cli.md', ({ code, meaning }) => {
    expect(helpText(undefined)).toContain(`  ${code}  ${meaning}\n`);
    expect(manual).toMatch(tableRow(`${code}`, meaning));
  });

  it.each(commandNames)('has the command %s and its options in --help and docs/cli.md', (name) => {
    const { summary, options } = COMMANDS[name];
    expect(helpText(undefined)).toContain(summary);
    expect(manual).toContain(`\n## njchan ${name}\n`);
    const section = manual.split(`\n## njchan ${name}\n`)[1]?.split('\n## ')[0];
    for (const option of options) {
      expect(helpText(name)).toContain(OPTIONS[option].help);
      if (option !== 'help') expect(section).toContain(`--${option}`);
    }
  });
});

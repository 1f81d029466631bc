/** The options of `hsss`: one table that the parser, the help text, the documentation and the tests read. */
import { type Language, NAMES, type NameRow } from './settings.ts';

export interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** The word for the value in help texts. */
  readonly value?: string;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  /** The only language that it is for. */
  readonly only?: Language;
  /** May be given as an empty string. */
  readonly mayBeEmpty?: boolean;
  readonly help: string;
}

/** `redis_lua_scripts in C, scripts in TypeScript`. */
function defaults({ c, ts, prefix }: NameRow): string {
  const inC = prefix === 'never' ? c : prefix === 'upper case' ? `REDIS_${c}` : `redis_${c}`;
  return ts === undefined ? `default: ${inC}` : `default: ${inC} in C, ${ts} in TypeScript`;
}

/** An option for each name, and one to leave out what it names. */
function nameOptions(): Record<string, Option> {
  const rows: NameRow[] = Object.values(NAMES);
  const entries = rows.flatMap((row): [string, Option][] => {
    const { option, omit, ts, isNeededInTs, help } = row;
    if (option === undefined) return [];
    const only = ts === undefined ? { only: 'c' as const } : {};
    const named: [string, Option] = [
      option,
      { type: 'string', value: 'NAME', ...only, help: `${help}; ${defaults(row)}` },
    ];
    if (omit === undefined) return [named];
    const onlyOmit = isNeededInTs ? { only: 'c' as const } : only;
    return [named, [omit, { type: 'boolean', ...onlyOmit, help: `leave out that ${help.split(/[ ;]/)[0]}` }]];
  });
  return Object.fromEntries(entries);
}

export const OPTIONS: Readonly<Record<string, Option>> = {
  language: {
    type: 'string',
    value: 'LANGUAGE',
    choices: ['ts', 'c'],
    help: 'ts (default) or c: what the Ruby gem hsss prints',
  },
  format: {
    type: 'string',
    value: 'FORMAT',
    choices: ['whole', 'split'],
    help: 'whole (default): everything of a script together; split: a table for sources, one for hashes and so on',
  },
  output: { type: 'string', short: 'o', value: 'FILE', help: 'write to FILE instead of standard output' },
  check: { type: 'string', value: 'FILE', help: 'write nothing; end with status 1 when FILE is out of date' },
  'include-dir': {
    type: 'string',
    value: 'DIR',
    help: 'where included files are; default: the directory include beside the first script',
  },
  debug: { type: 'boolean', help: 'keep lines that end with "--- @debug"' },
  'no-parse': { type: 'boolean', help: 'do not check the syntax, nor lint' },
  lint: {
    type: 'boolean',
    help: 'look for mistakes that only Redis notices; default in TypeScript, not in C',
  },
  'no-lint': { type: 'boolean', help: 'do not look for them' },
  prefix: {
    type: 'string',
    value: 'PREFIX',
    mayBeEmpty: true,
    help: 'put before the default names, in upper case before macros; default: redis_ in C, nothing in TypeScript',
  },
  ...nameOptions(),
  'no-static': { type: 'boolean', only: 'c', help: 'make the variables visible to other files' },
  'header-only': { type: 'boolean', only: 'c', help: 'print the declarations, in a guard' },
  'data-only': { type: 'boolean', only: 'c', help: 'print what the declarations declare' },
  help: { type: 'boolean', short: 'h', help: 'print this help' },
  version: { type: 'boolean', help: 'print the version' },
};

/** How the command ends. */
export const EXIT = {
  ok: { code: 0, meaning: 'It did what was asked.' },
  refused: {
    code: 1,
    meaning: 'A script was refused, --check found FILE out of date, or FILE could not be written.',
  },
  usage: { code: 2, meaning: 'The command line was wrong.' },
} as const;

/** `-o, --output FILE`; without a short form it is indented as far. */
export function optionLabel(name: string, { short, value }: Option): string {
  return `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`;
}

/** The text of `hsss --help`. */
export function helpText(): string {
  const options = Object.entries(OPTIONS).map(([name, option]) => {
    const only = option.only === 'c' ? ' (C only)' : '';
    return [optionLabel(name, option), option.help + only] as const;
  });
  const width = Math.max(...options.map(([label]) => label.length));
  const exits = Object.values(EXIT).map(({ code, meaning }) => `  ${code}  ${meaning}`);
  return `hsss, the hash-safe script splinterer, embeds Lua scripts for Redis in TypeScript or C: source, hash and name.

Usage: hsss [OPTIONS] SCRIPT.lua …

Options:
${options.map(([label, help]) => `  ${label.padEnd(width)}  ${help}`).join('\n')}

Exit status:
${exits.join('\n')}
`;
}

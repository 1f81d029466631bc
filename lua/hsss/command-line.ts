/** Reads the command line of `hsss`. */
import { parseArgs } from 'node:util';
import { isCName } from './emit-c.ts';
import { isTypeScriptName } from './emit-typescript.ts';
import { OPTIONS } from './options.ts';
import {
  DEFAULT_PREFIX,
  defaultName,
  type Language,
  NAMES,
  type NameKey,
  type NameRow,
  type OutputSettings,
} from './settings.ts';
import type { SplinterOptions } from './splinter.ts';

/** What to do, once the command line is known to be right. */
export interface Run {
  readonly kind: 'run';
  readonly files: readonly string[];
  readonly splinter: SplinterOptions;
  readonly settings: OutputSettings;
  readonly output: string | undefined;
  readonly check: string | undefined;
}

export type CommandLine = Run | { readonly kind: 'help' | 'version' };

/** A command line that is wrong. The message is what is wrong and how to learn more. */
export class UsageError extends Error {
  constructor(message: string) {
    super(`hsss: ${message}; see "hsss --help"`);
  }
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Options that contradict each other. */
const RIVALS: readonly (readonly [string, string])[] = [
  ['lint', 'no-lint'],
  ['lint', 'no-parse'],
  ['output', 'check'],
  ['header-only', 'data-only'],
  ...Object.values<NameRow>(NAMES).flatMap(({ option, omit }): [string, string][] =>
    option && omit ? [[option, omit]] : [],
  ),
];

/** How a name is checked, and the language's name for messages. */
const LANGUAGES: Readonly<Record<Language, { title: string; isName: (name: string) => boolean }>> = {
  c: { title: 'C', isName: isCName },
  ts: { title: 'TypeScript', isName: isTypeScriptName },
};

/**
 * Reads a command line.
 * @param argv - without node and the script
 * @throws UsageError
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const { values, positionals } = parsed(argv);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const language = values.language === 'c' ? 'c' : 'ts';
  checkValues(values, language);
  if (positionals.length === 0) throw new UsageError('name the scripts');
  return {
    kind: 'run',
    files: positionals,
    splinter: splinterOptions(values, language),
    settings: outputSettings(values, language),
    output: text(values.output),
    check: text(values.check),
  };
}

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parsed(argv: readonly string[]): { values: Values; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(OPTIONS).map(([name, { type, short }]) => [name, short ? { type, short } : { type }]),
  );
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true }) as {
      values: Values;
      positionals: string[];
    };
  } catch (error) {
    // Node goes on with advice on arguments that begin with a dash.
    const [reason = ''] = (error as Error).message.split('. ');
    throw new UsageError(reason.charAt(0).toLowerCase() + reason.slice(1));
  }
}

function checkValues(values: Values, language: Language): void {
  for (const [name, value] of Object.entries(values)) {
    const option = OPTIONS[name];
    if (!option) continue;
    const { choices, only, mayBeEmpty } = option;
    if (choices && !choices.includes(String(value))) {
      throw new UsageError(`--${name} must be ${choices.join(' or ')}`);
    }
    if (value === '' && !mayBeEmpty) throw new UsageError(`--${name} must not be empty`);
    if (only && only !== language) throw new UsageError(`--${name} is for --language ${only}`);
  }
  for (const [one, other] of RIVALS) {
    if (values[one] !== undefined && values[other] !== undefined) {
      throw new UsageError(`--${one} and --${other} contradict each other`);
    }
  }
}

function splinterOptions(values: Values, language: Language): SplinterOptions {
  const includeDir = text(values['include-dir']);
  // The gem has no lint, and whoever replaces it shall get what they got.
  const lint = language === 'ts' ? values['no-lint'] === undefined : values.lint !== undefined;
  return {
    ...(includeDir === undefined ? {} : { includeDir }),
    debug: values.debug !== undefined,
    parse: values['no-parse'] === undefined,
    lint,
  };
}

function outputSettings(values: Values, language: Language): OutputSettings {
  const parts = values['header-only'] ? 'header' : values['data-only'] ? 'data' : 'both';
  return {
    language,
    format: values.format === 'split' ? 'split' : 'whole',
    names: chosenNames(values, language),
    parts,
    isStatic: values['no-static'] === undefined,
    isGuarded: parts === 'header' || values['header-guard'] !== undefined,
  };
}

function chosenNames(values: Values, language: Language): OutputSettings['names'] {
  const prefix = text(values.prefix) ?? DEFAULT_PREFIX[language];
  const taken = new Map<string, string>();
  const entries = (Object.keys(NAMES) as NameKey[]).map((key) => {
    const { option, omit, help }: NameRow = NAMES[key];
    const given = option === undefined ? undefined : text(values[option]);
    const name = given ?? defaultName(key, language, prefix);
    if (name === undefined || (omit !== undefined && values[omit] !== undefined)) return [key, undefined];

    const { title, isName } = LANGUAGES[language];
    const source = given === undefined ? '--prefix' : `--${option}`;
    if (!isName(name)) throw new UsageError(`${source} makes "${name}", which is no name in ${title}`);
    const other = taken.get(name);
    if (other !== undefined) throw new UsageError(`"${name}" cannot be two things: ${other} and ${help}`);
    taken.set(name, help);
    return [key, name];
  });
  return Object.fromEntries(entries) as OutputSettings['names'];
}
